"""Readers of annotation files that are used for classes of whole items."""
