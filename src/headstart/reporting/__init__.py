"""A finished run as one HTML file, as a model card and as figures: all made from the records in its folder."""
