"""Ways of running a saved classifier, and how far their answers are from its own."""
