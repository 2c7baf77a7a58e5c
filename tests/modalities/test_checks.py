"""Modalities of other packages that do not keep to what their specs say: one line, where it is made."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from headstart_runtime.errors import PluginError
from headstart_runtime.modalities.checks import check_properties, check_spec, collate_parts
from headstart_runtime.modalities.facets import NamedProperty
from headstart_runtime.modalities.image.modality import ImageModality
from headstart_runtime.modalities.image.spec import ImageSpec

SPEC = replace(ImageModality().default_spec, size=4)
PARTS = [np.zeros((4, 4, 3), np.uint8)] * 2
BATCH = np.zeros((2, 4, 4, 3), np.uint8)


class Made(ImageModality):
    """Photos, in batches as a test wants them."""

    def __init__(self, batch: Any) -> None:
        self.batch = batch

    def collate(self, parts: Any, spec: Any) -> Any:
        return self.batch


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        ({"pixel": BATCH}, "collate gives tensors 'pixel'; wanted 'pixels', as the spec's tensors say"),
        ({}, "collate gives tensors none; wanted 'pixels'"),
        ({"pixels": BATCH.astype(np.float64)}, r"'pixels' as float64 \(2, 4, 4, 3\); wanted uint8 \(2, 4, 4, 3\)"),
        ({"pixels": BATCH[:1]}, r"'pixels' as uint8 \(1, 4, 4, 3\); wanted uint8 \(2, 4, 4, 3\)"),
        ({"pixels": BATCH[..., 0]}, r"'pixels' as uint8 \(2, 4, 4\); wanted"),
        ({"pixels": BATCH.tolist()}, "'pixels' as list; wanted"),
    ],
)
def test_a_batch_is_as_its_spec_says(batch: Any, said: str) -> None:
    with pytest.raises(PluginError, match=f"^the modality 'image' cannot be used: .*{said}"):
        collate_parts(Made(batch), PARTS, SPEC)
    assert collate_parts(ImageModality(), PARTS, SPEC)["pixels"].shape == (2, 4, 4, 3)
    assert collate_parts(ImageModality(), [], SPEC)["pixels"].shape == (0, 4, 4, 3)


class Nameless(ImageSpec):
    """A spec whose record does not say its kind."""

    def to_json(self) -> dict[str, Any]:
        return {"size": self.size}


@dataclass(frozen=True)
class Changed(ImageSpec):
    """A spec that is read as another."""

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "size": self.size + 1}


class Lost(ImageSpec):
    """A spec whose record has too little."""

    def to_json(self) -> dict[str, Any]:
        return {"kind": "image"}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Nameless, "Nameless.to_json gives {'size': 4}; wanted a key 'kind' with 'image'"),
        (Changed, "read_spec makes ImageSpec.size=5, .* of what to_json gives for Changed.size=4"),
        (Lost, "Lost cannot be saved and read again by to_json and read_spec .KeyError: 'mean'"),
    ],
)
def test_a_spec_is_read_as_it_was_saved(kind: Any, said: str) -> None:
    with pytest.raises(PluginError, match=f"^the modality 'image' cannot be used: {said}"):
        check_spec(kind(4, 1000, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)))
    check_spec(SPEC)


def test_a_property_has_a_value_for_each_item() -> None:
    good = NamedProperty("format", [["png"], ["jpeg"]])
    assert check_properties("image", [good], 2) == [good]
    with pytest.raises(PluginError, match="its property 'format' has 2 values of 3 items"):
        check_properties("image", [good], 3)
