"""Answers that are written as Parquet."""
