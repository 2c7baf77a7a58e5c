"""Training as it is written by hand, to measure against."""
