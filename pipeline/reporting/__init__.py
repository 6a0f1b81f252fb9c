"""Pages and charts made of tables; nothing is decided or learned here."""
