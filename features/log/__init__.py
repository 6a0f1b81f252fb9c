"""The order log: its schema and how its values are read, from a stranger's file to trusted rows.

Files are opened in `features.readers`; what is known of a customer is made in `features.customer`.
"""
