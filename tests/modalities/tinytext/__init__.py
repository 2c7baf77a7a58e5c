"""A package that adds a modality, installed by ``tests.modalities.texts``: short texts, and a small network for them.

It is written as another package would be: it uses the protocols and nothing that speaks of another modality. A text
becomes whole numbers for its words, of any length, beside a mask of what is no padding; a long one has several parts.
Of the facets it has one, the words that speak for an answer; the others are left out.
"""
