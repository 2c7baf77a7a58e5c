"""Photos that the tests draw, and the real ones where they are there."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Draw = Callable[..., bytes]
Plant = Callable[..., Path]


def draw(seed: int, *, format: str = "PNG", size: tuple[int, int] = (12, 9)) -> bytes:  # noqa: A002
    """The bytes of a small photo; another seed, another photo."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format)
    return out.getvalue()


def plant(root: Path, *names: str, first_seed: int = 0) -> Path:
    """A photo at every name under the root, all different."""
    for i, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw(first_seed + i))
    return root


@pytest.fixture(name="draw")
def draw_fixture() -> Draw:
    return draw


@pytest.fixture(name="plant")
def plant_fixture() -> Plant:
    return plant


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """A folder with ten cats and ten dogs."""
    return plant(tmp_path / "pets", *(f"{name}/{i}.png" for name in ("cats", "dogs") for i in range(10)))
