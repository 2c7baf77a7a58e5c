"""Explanations of answers: heat maps of the places that speak for a class."""
