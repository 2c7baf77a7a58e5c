"""Single-label classification: each item is of one of several classes."""
