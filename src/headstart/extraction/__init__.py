"""Extraction of features and activations: computed once per photo and layer, kept in the store."""
