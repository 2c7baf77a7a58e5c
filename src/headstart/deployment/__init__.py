"""Exports: a saved classifier as a folder for another way of running, proved to give its answers or not written."""
