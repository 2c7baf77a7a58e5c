"""Preprocessing of photos in ONNX: centre crop, one antialiased resize."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from headstart_runtime.modalities.batch import Batch
from headstart_runtime.modalities.image.decode import Pixels
from headstart_runtime.modalities.image.spec import ImageSpec

if TYPE_CHECKING:
    from headstart.modalities.graph_builder import GraphBuilder

PIXELS = "pixels"  #: the network's input: uint8 (1, S, S, 3)
IMAGE = "image"  #: the graph's input: uint8 (H, W, 3) RGB, upright


def add_square(builder: "GraphBuilder", spec: ImageSpec, prefix: str) -> str:
    """Add ``ImageSpec.crop_box`` and one antialiased resize, image -> (1, S, S, 3), in whole numbers like on the host.

    On uint8 ONNX Runtime's antialiased ``Resize`` follows Pillow's arithmetic: less than 0.001 grey levels apart on
    average where a photo shrinks, 0.04 where it grows.
    """

    def node(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        return builder.node(kind, inputs, prefix + output, **attributes)

    def constant(name: str, *values: int) -> str:
        return builder.constant(prefix + name, values)

    one, two = constant("one", 1), constant("two", 2)
    shape = node("Shape", [IMAGE], "shape", end=2)
    shorter = node("ReduceMin", [shape], "shorter", keepdims=1)
    scaled = node("Mul", [shorter, constant("permille", spec.crop_permille)], "scaled")
    rounded = node("Add", [scaled, constant("half", 500)], "rounded")
    cut = node("Div", [rounded, constant("thousand", 1000)], "cut")
    side = node("Max", [cut, one], "side")
    start = node("Div", [node("Sub", [shape, side], "margin"), two], "start")
    end = node("Add", [start, side], "end")
    crop = node("Slice", [IMAGE, start, end, constant("edges", 0, 1)], "crop")
    planes = node("Transpose", [crop], "planes", perm=[2, 0, 1])
    batch = node("Unsqueeze", [planes, constant("zero", 0)], "batch")
    resized = node(
        "Resize",
        [batch, "", "", constant("size", 1, 3, spec.size, spec.size)],
        "resized",
        mode={"bilinear": "linear", "bicubic": "cubic"}[spec.interpolation],
        antialias=1,
        coordinate_transformation_mode="half_pixel",
        exclude_outside=1,  # at the edges Pillow spreads the weights over the pixels that exist
        **({"cubic_coeff_a": -0.5} if spec.interpolation == "bicubic" else {}),
    )
    return node("Transpose", [resized], "square", perm=[0, 2, 3, 1])


class ImagePreprocessing:
    """Crop and resize inside the saved graph, as a facet of the modality."""

    one_part = True

    def inputs(self) -> Sequence[tuple[str, str, Sequence[int | str]]]:
        """Return the one input: the upright photo."""
        return ((IMAGE, "uint8", ("height", "width", 3)),)

    def describe(self) -> str:
        """Return the input in words, as Markdown."""
        return f"`{IMAGE}`, uint8 (H, W, 3), RGB and upright,"

    def feed(self, value: Pixels) -> Batch:
        """Return a decoded photo as the graph's input."""
        return {IMAGE: value}

    def add(self, builder: "GraphBuilder", spec: ImageSpec, prefix: str) -> Mapping[str, str]:
        """Add crop and resize; return the node of the network's pixels, (1, S, S, 3)."""
        return {PIXELS: add_square(builder, spec, prefix)}

    def describe_difference(self, graph: Sequence[Batch], host: Sequence[Batch]) -> str:
        """Return how far the pixels of photos are apart; "" for at most one grey level on average."""
        pairs = zip(graph, host, strict=True)
        levels = float(np.mean([np.abs(one[PIXELS].astype(int) - other[PIXELS]).mean() for one, other in pairs]))
        return (
            f"the pixels differ, by {levels:.1f} grey levels on average (step: crop and resize)" if levels > 1 else ""
        )
