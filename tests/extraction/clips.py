"""A modality of rows of numbers that are cut into several parts; without statistics, without augmentation."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.modalities.batch import Batch, TensorSpec
from headstart_runtime.modalities.item import Decoded, Noun


@dataclass(frozen=True, slots=True)
class ClipSpec:
    kind: ClassVar[str] = "clips-of-tests"

    window: int = 4

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("wave", "float32", (self.window,)),)

    @property
    def rank(self) -> float:
        return 0.0

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **asdict(self)}


class Clips:
    name = ClipSpec.kind
    noun = Noun("clip", "clips")
    stats = augmentation = None

    def decode(self, raw: NDArray[np.float32], spec: ClipSpec) -> Decoded:
        return Decoded(raw[np.isfinite(raw)])

    def make_parts(self, value: NDArray[np.float32], spec: ClipSpec) -> list[NDArray[np.float32]]:
        starts = range(0, len(value), spec.window)
        return [np.resize(value[start : start + spec.window], spec.window) for start in starts]

    def collate(self, parts: Sequence[NDArray[np.float32]], spec: ClipSpec) -> Batch:
        return {"wave": np.stack(parts) if parts else np.zeros((0, spec.window), np.float32)}

    def sort_key(self, properties: Mapping[str, Any]) -> float:
        return float(properties["length"])
