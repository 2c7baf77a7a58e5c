"""Networks for clips."""

import hashlib
from collections.abc import Iterator
from typing import Any

from headstart.backbones.backbone import Layer
from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.provider import Provider
from headstart_runtime.errors import BackboneError, nearest
from headstart_runtime.modalities.sound.spec import MelSpec, SoundSpec

NETWORKS = {"net": 24, "wide": 32}  #: the last features of each
BANDS = 16
MELS = MelSpec(
    fft=256,
    window=200,
    hop=80,
    bands=BANDS,
    low=60.0,
    high=3800.0,
    scale="htk",
    triangles="hertz",
    is_normalized=False,
    power=2,
    log="decibel",
    floor=1e-8,
    range=0.0,
    amplitude=1.0,
    factor=0.05,
    offset=1.0,
)
SPEC = SoundSpec(rate=8000, window=2400, mels=MELS, fixed=True)


class SoundProvider:
    """``tinysound:net`` and ``tinysound:wide``, of windows of .3 seconds."""

    scheme = "tinysound"

    def resolve(self, name: str) -> Origin | None:
        scheme, _, network = name.partition(":")
        if scheme != self.scheme:
            return None
        if network not in NETWORKS:
            raise BackboneError(f"there is no network {name!r}; {nearest(network, list(NETWORKS))}")
        return Origin(name, self.scheme, network, None, "")

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        for network in NETWORKS:
            if pattern.strip("*").lower() in f"tinysound:{network}":
                yield BackboneListing(f"tinysound:{network}", 2000, 0, "mit", "drawn", is_local=True, modality="sound")

    def load(self, origin: Origin, seed: int | None = None) -> Any:
        from tinysound.network import build

        from headstart.backbones.loaded import LoadedNetwork

        width = NETWORKS[origin.architecture]
        network = build(BANDS, width, 7 if seed is None else seed)
        return LoadedNetwork(
            network=network,
            spec=SPEC,
            layers=(Layer("layer1", 12), Layer("final", width)),
            weights="drawn",
            weights_sha256=hashlib.sha256(origin.architecture.encode()).hexdigest(),
            licence="mit",
            parameters=sum(weights.numel() for weights in network.parameters()),
        )


PROVIDER = SoundProvider()
_CHECKED: Provider = PROVIDER
