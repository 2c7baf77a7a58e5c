"""Evidence that two images show the same."""
