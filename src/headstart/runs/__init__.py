"""The folder that a run leaves: written, and opened again."""
