"""Tests of texts as a modality."""
