"""A modality of whole numbers in a row: two tensors of any length, several parts, prepared on the host alone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from headstart_runtime.modalities.batch import Batch, TensorSpec
from headstart_runtime.modalities.item import BrokenItem, Noun


@dataclass(frozen=True, slots=True)
class CodeSpec:
    kind: ClassVar[str] = "codes"

    window: int  #: most codes in a part

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        return TensorSpec("mask", "float32", (None,)), TensorSpec("ids", "int64", (None,))

    @property
    def rank(self) -> float:
        return self.window

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **asdict(self)}


class OpenedCodes:
    note = ""
    repaired = None

    def __init__(self, text: str):
        self.name = text

    def load(self, spec: CodeSpec) -> list[int]:
        try:
            return [int(word) for word in self.name.split()]
        except ValueError:
            raise BrokenItem("is no row of codes") from None

    def load_for_specs(self, specs: Sequence[CodeSpec]) -> dict[CodeSpec, list[list[int]]]:
        return {spec: Codes().make_parts(self.load(spec), spec) for spec in specs}

    def forget(self) -> None:
        pass


class Codes:
    name = "codes"
    noun = Noun("row of codes", "rows of codes")
    graph = None

    def accepts(self, value: object) -> bool:
        return isinstance(value, str)

    def open(self, value: Any) -> OpenedCodes:
        return OpenedCodes(value)

    def suggest_remedy(self, value: object, message: str) -> str:
        return "; give whole numbers"

    def make_parts(self, value: list[int], spec: CodeSpec) -> list[list[int]]:
        return [value[start : start + spec.window] for start in range(0, len(value), spec.window)]

    def collate(self, parts: Sequence[list[int]], spec: CodeSpec) -> Batch:
        shape = len(parts), max(map(len, parts))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
        for row, part in enumerate(parts):
            ids[row, : len(part)], mask[row, : len(part)] = part, 1
        return {"ids": ids, "mask": mask}

    def read_spec(self, record: Mapping[str, Any]) -> CodeSpec:
        return CodeSpec(record["window"])
