"""Evaluation of predictions: scores, intervals, comparisons. Arrays in, records out."""
