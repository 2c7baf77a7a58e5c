"""Networks for texts."""

import hashlib
from collections.abc import Iterator
from typing import Any

from tinytext.modality import WORDS, TextSpec

from headstart.backbones.backbone import Layer
from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.provider import Provider
from headstart_runtime.errors import BackboneError, nearest

PARAMETERS = WORDS * 16 + 24 * 16 * 3 + 24
NETWORKS = {"net": 48, "windows": 8, "deaf": 48, "attend": 48, "blocks": 24}  #: how many words a part has at most


class TextProvider:
    """``tinytext:net`` and its kin: windows (texts in several parts), deaf, attend, blocks (parts of one length)."""

    scheme = "tinytext"

    def resolve(self, name: str) -> Origin | None:
        scheme, _, network = name.partition(":")
        if scheme != self.scheme:
            return None
        if network not in NETWORKS:
            raise BackboneError(f"there is no network {name!r}; {nearest(network, list(NETWORKS))}")
        return Origin(name, self.scheme, network, None, "")

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        for network in NETWORKS:
            if pattern.strip("*").lower() in f"tinytext:{network}":
                yield BackboneListing(
                    f"tinytext:{network}", PARAMETERS, 0, "mit", "drawn", is_local=True, modality="verse"
                )

    def load(self, origin: Origin, seed: int | None = None) -> Any:
        from tinytext.network import build

        from headstart.backbones.loaded import LoadedNetwork

        network = build(origin.architecture, WORDS, 7 if seed is None else seed)
        digest = hashlib.sha256(origin.architecture.encode()).hexdigest()
        layers = (Layer("stage1", 16), Layer("final", 24))
        spec = TextSpec(NETWORKS[origin.architecture], padded=origin.architecture == "blocks")
        return LoadedNetwork(
            network=network,
            spec=spec,
            layers=layers,
            weights="drawn",
            weights_sha256=digest,
            licence="mit",
            parameters=PARAMETERS,
        )


PROVIDER = TextProvider()
_CHECKED: Provider = PROVIDER
