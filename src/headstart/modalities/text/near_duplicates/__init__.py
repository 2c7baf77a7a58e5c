"""Near-duplicates among texts: templates filled in anew, quotes, changed numbers, other cases and marks."""
