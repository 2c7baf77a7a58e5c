"""Readers of arrays: in memory, and in the files that hold them."""
