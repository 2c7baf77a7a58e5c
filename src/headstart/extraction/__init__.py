"""What a network makes of photos: computed once per photo and layer, kept in the store."""
