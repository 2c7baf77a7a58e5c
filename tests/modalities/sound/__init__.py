"""Tests of clips as a modality."""
