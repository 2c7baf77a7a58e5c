"""The pass from files to a tested classifier, and its parts, in reading order."""
