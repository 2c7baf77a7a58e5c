"""Networks for texts."""

import hashlib
from collections.abc import Iterator
from typing import Any

from tinybert.vocabulary import VOCABULARY, write_tokenizer

from headstart.backbones.backbone import Layer
from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.provider import Provider
from headstart_runtime.errors import BackboneError, nearest
from headstart_runtime.modalities.text.spec import make_text_spec

NETWORKS = {"net": 64, "short": 16}  #: the most tokens that each takes
PARAMETERS = len(VOCABULARY) * 16 + 24 * 16 * 3 + 24


class TextProvider:
    """``tinybert:net`` and ``tinybert:short``."""

    scheme = "tinybert"

    def resolve(self, name: str) -> Origin | None:
        scheme, _, network = name.partition(":")
        if scheme != self.scheme:
            return None
        if network not in NETWORKS:
            raise BackboneError(f"there is no network {name!r}; {nearest(network, list(NETWORKS))}")
        return Origin(name, self.scheme, network, None, "")

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        for network in NETWORKS:
            if pattern.strip("*").lower() in f"tinybert:{network}":
                yield BackboneListing(
                    f"tinybert:{network}", PARAMETERS, 0, "mit", "drawn", is_local=True, modality="text"
                )

    def load(self, origin: Origin, seed: int | None = None) -> Any:
        from tinybert.network import build

        from headstart.backbones.loaded import LoadedNetwork

        most = NETWORKS[origin.architecture]
        return LoadedNetwork(
            network=build(len(VOCABULARY), most, 7 if seed is None else seed),
            spec=make_text_spec(write_tokenizer(), most_tokens=most),
            layers=(Layer("layer1", 16), Layer("final", 24)),
            weights="drawn",
            weights_sha256=hashlib.sha256(origin.architecture.encode()).hexdigest(),
            licence="mit",
            parameters=PARAMETERS,
        )


PROVIDER = TextProvider()
_CHECKED: Provider = PROVIDER
