"""Kinds of data that can be classified; each is a folder."""
