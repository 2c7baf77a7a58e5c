"""Photos and other images."""
