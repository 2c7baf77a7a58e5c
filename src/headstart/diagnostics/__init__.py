"""Diagnostics of a run's data and answers: leaks, label issues, poor images, weak slices, shortcuts."""
