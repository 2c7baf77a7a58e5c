"""What a fit looks back on: the winner on photos it was not fitted on, its data, and what its answers are worth."""
