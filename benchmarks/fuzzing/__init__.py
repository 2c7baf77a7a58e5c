"""Altered inputs for ``benchmarks/fuzz.py``: drawn originals, alterations, and what is asked of each."""
