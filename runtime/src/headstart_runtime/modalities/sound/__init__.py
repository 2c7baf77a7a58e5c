"""Clips of sound: speech, noises, stretches of recordings."""
