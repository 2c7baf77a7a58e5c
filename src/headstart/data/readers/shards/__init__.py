"""Readers of items packed into shards, each read at its place."""
