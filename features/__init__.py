"""From an order log to one row per customer: ibis expressions only, strangers to models."""
