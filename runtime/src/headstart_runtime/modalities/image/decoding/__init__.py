"""From bytes to the array a network sees: one path, the same on the host and in the saved graph."""
