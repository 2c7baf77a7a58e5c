"""Records of charts, made from a run's records, and how they are drawn."""
