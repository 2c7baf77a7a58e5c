"""Extraction of features and activations: computed once per sample and layer, kept in the store."""
