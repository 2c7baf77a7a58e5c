"""Training networks: views, cached boundaries, the loop. PyTorch lives here, in backbones and in engines."""
