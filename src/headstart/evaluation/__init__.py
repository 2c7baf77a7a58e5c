"""How well it does: scores, intervals, comparisons. Arrays in, records out."""
