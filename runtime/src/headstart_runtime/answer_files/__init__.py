"""Answers of any number of items as Parquet files that are whole at every moment, and go on after a kill."""
