"""Items and their labels: reading, the ledger of what became of every file, the split."""
