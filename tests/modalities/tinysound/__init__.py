"""Networks for the built-in modality of clips, installed by ``tests.contracts.drawn_items``.

``tinysound:net`` and ``tinysound:wide`` see windows of .3 seconds; means over the frames of the clip are their layers.
"""
