"""Pairs that show the same."""
