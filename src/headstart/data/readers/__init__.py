"""Sources of labelled items: folders, tables, archives, arrays."""
