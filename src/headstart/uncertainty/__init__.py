"""Uncertainty of answers: calibration, prediction sets, novelty."""
