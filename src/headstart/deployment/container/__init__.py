"""Files that are copied into exports for Docker; a word in @ signs is replaced."""
