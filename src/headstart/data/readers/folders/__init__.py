"""Readers of folders: where their classes, subsets and groups stand."""
