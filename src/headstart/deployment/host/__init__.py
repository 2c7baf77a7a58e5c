"""Code that is copied into exports as their ``predict.py``: how each format's network is run."""
