"""What makes a result trustworthy: twins, leaks, labels, quality, slices, calibration, sets, novelty, explanations."""
