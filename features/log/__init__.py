"""The order log: its schema and how its values are read, from a stranger's file to trusted rows.

How files are opened belongs to `features.readers`, what is known of a customer to
`features.customer`.
"""
