"""How sure an answer is: calibration, prediction sets, novelty."""
