"""Readers of tables and lists: which column is which, and the rows as items."""
