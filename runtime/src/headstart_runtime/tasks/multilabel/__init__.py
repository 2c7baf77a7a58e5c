"""Several labels for one item: each of them is there or not."""
