"""Fits that are killed, for ``benchmarks/kills.py``: what they computed, and what they left."""
