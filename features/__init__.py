"""From an order log to one row per customer: ibis expressions only, run by an engine."""
