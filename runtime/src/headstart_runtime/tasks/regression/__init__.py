"""Regression: numbers for each item, one or several."""
