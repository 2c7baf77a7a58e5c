"""What a fit looks back on: whether its data and its result can be trusted."""
