"""Diagnostics of a run's data and answers: leaks, label issues, issues of items, weak slices, shortcuts."""
