"""Networks for the built-in modality of texts, installed by ``tests.modalities.text.tinybert``.

``tinybert:net`` and ``tinybert:short`` (at most 16 tokens) embed the tokens of a small WordPiece vocabulary; means over
what is no padding are their layers.
"""
