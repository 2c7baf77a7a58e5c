"""A package that adds a modality, copied and registered by ``test_plugin``: vectors of two numbers, and a network.

It is written as another package would be: it uses the protocols and nothing that speaks of another modality. Of the
facets it has one, changed views; the others are left out.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import nn

from headstart.backbones.backbone import Layer
from headstart.backbones.loaded import LoadedNetwork
from headstart.backbones.origin import BackboneListing, Origin
from headstart.settings import Chapter
from headstart_runtime.modalities.batch import Batch, TensorSpec
from headstart_runtime.modalities.item import BrokenItem, Decoded, ItemFacts, Noun, SourceHints
from headstart_runtime.modalities.modality import Modality


@dataclass(frozen=True, slots=True)
class VectorSpec:
    """Vectors, each number times a factor."""

    scale: float = 1.0
    kind: ClassVar[str] = "vector"

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("vector", "float32", (2,)),)

    @property
    def rank(self) -> float:
        return 0.0

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **asdict(self)}


class VectorSettings(Chapter):
    """Changes of training vectors."""

    chapter_name = "vectors"
    chapter_title = "Vectors"
    jitter: float = Field(0.05, ge=0, description="Most that a number of a training vector is moved.")


class OpenedVector:
    """A path, bytes or an array of two numbers."""

    def __init__(self, value: Any):
        self._value = value
        self.name = value.name if isinstance(value, Path) else value if isinstance(value, str) else "a vector"
        self.repaired, self.note = None, ""

    def load(self, spec: VectorSpec) -> Any:
        value = Path(self._value) if isinstance(self._value, str) else self._value
        try:
            raw = value.read_bytes() if isinstance(value, Path) else value
        except OSError as error:
            raise BrokenItem(f"cannot be read ({error.strerror})") from None
        return read_vector(raw)

    def load_for_specs(self, specs: Sequence[VectorSpec]) -> dict[Any, list[Any]]:
        return {spec: [self.load(spec) * np.float32(spec.scale)] for spec in specs}

    def forget(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Jitter:
    """A change of vectors."""

    most: float

    @property
    def identity(self) -> bool:
        return self.most == 0

    @property
    def fingerprint(self) -> str:
        return f"jitter {self.most}"

    def describe(self) -> str:
        return f"moved by up to {self.most:g}" if self.most else "nothing is changed"

    def make_view(self, value: Any, spec: VectorSpec, *, seed: int, digest: str, number: int) -> Any:
        chance = np.random.default_rng([seed, number, int(digest[:8], 16)])
        return ((value + chance.uniform(-self.most, self.most, 2)) * spec.scale).astype(np.float32)


class VectorViews:
    """Changed views of vectors."""

    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"jitter": (0.0, 0.05)}

    def make_augmenter(self, settings: Any, kept: AbstractSet[str]) -> Jitter:
        return Jitter(settings.jitter)

    def make_plain(self) -> Jitter:
        return Jitter(0.0)

    def explain_kept(self, settings: Any, kept: AbstractSet[str]) -> tuple[str, ...]:
        return ()

    def note_unseen(self, properties: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        return ()

    def fit_view_spec(self, settings: Any, spec: VectorSpec, kept: AbstractSet[str]) -> VectorSpec:
        return spec

    def smallest_window(self, settings: Any, kept: AbstractSet[str]) -> float:
        return 1.0


class VectorModality:
    """Vectors of two numbers: files such as "0.5 1.25", and arrays (N, 2)."""

    name = "vector"
    noun = Noun("vector", "vectors")
    suffixes = frozenset({".vec"})
    hints = SourceHints(array_form="(N, 2)", array_names=("vectors",))
    default_backbone = ""
    default_spec = VectorSpec()
    stats = duplicates = preview = explanation = graph = None
    augmentation = VectorViews()
    settings = VectorSettings

    def accepts(self, value: object) -> bool:
        return isinstance(value, (str, Path, bytes)) or (isinstance(value, np.ndarray) and value.shape == (2,))

    def accepts_array(self, array: Any) -> bool:
        return array.ndim == 2 and array.shape[1] == 2

    def open(self, value: Any) -> OpenedVector:
        return OpenedVector(value)

    def suggest_remedy(self, value: object, message: str) -> str:
        return ""

    def recognise(self, head: bytes) -> bool | None:
        return None if all(byte in b"+-.0123456789e \n" for byte in head) else False

    def identify(self, raw: Any) -> ItemFacts:
        length = float(np.hypot(*read_vector(raw)))
        return ItemFacts("array" if isinstance(raw, np.ndarray) else "text", {"length": length})

    def decode(self, raw: Any, spec: VectorSpec | None) -> Decoded:
        return Decoded(read_vector(raw))

    def make_parts(self, value: Any, spec: VectorSpec) -> list[Any]:
        return [value * np.float32(spec.scale)]

    def collate(self, parts: Sequence[Any], spec: VectorSpec) -> Batch:
        return {"vector": np.stack(parts) if parts else np.zeros((0, 2), np.float32)}

    def sort_key(self, properties: Mapping[str, Any]) -> float:
        return 0.0

    def read_spec(self, record: Mapping[str, Any]) -> VectorSpec:
        return VectorSpec(record["scale"])

    def fit_spec(self, spec: VectorSpec, properties: Sequence[Mapping[str, Any]]) -> VectorSpec:
        """The median length becomes about 1."""
        return VectorSpec(1 / round(float(np.median([item["length"] for item in properties])), 3))

    def describe_fit(self, spec: VectorSpec, properties: Sequence[Mapping[str, Any]]) -> str:
        return f"vectors are scaled by {spec.scale:.4g}"

    def note_items(self, spec: VectorSpec, facts: Sequence[ItemFacts]) -> list[str]:
        return [item.note for item in facts]

    def summarise(self, facts: Sequence[ItemFacts]) -> tuple[str, ...]:
        return ()


def read_vector(raw: Any) -> Any:
    """Return two numbers, float32 (2,)."""
    if isinstance(raw, np.ndarray):
        return raw.astype(np.float32)
    try:
        first, second = bytes(raw).decode("ascii").split()
        return np.array([first, second], np.float32)
    except ValueError:
        raise BrokenItem("not two numbers") from None


NETWORKS = {"net": 16, "wide": 24}  #: the features of each
BIASED = 8 + 8 * 2  #: weights and biases of the lower layer


class Net(nn.Module):
    """Two layers of features of a vector."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.low, self.high = nn.Linear(2, 8), nn.Linear(8, width)

    def forward(self, vector: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        low = self.low(vector).relu()
        return low, self.high(low).tanh()


class VectorZoo:
    """Two networks, drawn."""

    scheme = "plane"

    def resolve(self, name: str) -> Origin | None:
        scheme, _, network = name.partition(":")
        return Origin(name, self.scheme, network, None, "") if scheme == "plane" and network in NETWORKS else None

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        for network in NETWORKS:
            if pattern.lower() in f"plane:{network}":
                yield BackboneListing(f"plane:{network}", 170, 2, "mit", "drawn", is_local=True, modality="vector")

    def load(self, origin: Origin, seed: int | None = None) -> LoadedNetwork:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(7 if seed is None else seed)
            network = Net(NETWORKS[origin.architecture]).eval().requires_grad_(False)
        digest = hashlib.sha256(origin.architecture.encode()).hexdigest()
        layers = (Layer("stage1", 8), Layer("final", NETWORKS[origin.architecture]))
        return LoadedNetwork(
            network=network,
            spec=VectorSpec(),
            layers=layers,
            weights="drawn",
            weights_sha256=digest,
            licence="mit",
            parameters=BIASED + 9 * NETWORKS[origin.architecture],
        )


MODALITY = VectorModality()
PROVIDER = VectorZoo()
_CHECKED: Modality = MODALITY
