"""Heads: classifiers fitted on features. Arrays in, arrays out: nothing here knows of samples."""
