"""Files that are written whole, and the store of what was computed once."""
