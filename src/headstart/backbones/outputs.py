"""A check of what a network gives: a tensor of pooled features for each of its layers, in their order."""

from collections.abc import Sequence
from typing import Any

from headstart.backbones.backbone import Layer
from headstart_runtime.errors import BackboneError


def check_outputs(name: str, layers: Sequence[Layer], outputs: Any, parts: int) -> None:
    """Raise an error where the outputs of a network are not those of its layers.

    Args:
        name: of the network.
        layers: as its provider describes them.
        outputs: of the network, for a batch.
        parts: in the batch.

    Raises:
        BackboneError: another number of tensors than of layers, or another shape than (parts, width).
    """
    if not isinstance(outputs, tuple | list):
        seen = f"one {type(outputs).__name__}, not a tuple"
    elif len(outputs) != len(layers):
        seen = f"{len(outputs)} outputs"
    else:
        shapes = [tuple(getattr(output, "shape", ())) for output in outputs]
        odd = [(layer, shape) for layer, shape in zip(layers, shapes, strict=True) if shape != (parts, layer.width)]
        if not odd:
            return
        (layer, shape), *_ = odd
        seen = f"an output of shape {shape} for the layer {layer.name!r}"
    wanted = ", ".join(f"{layer.name} ({parts}, {layer.width})" for layer in layers)
    raise BackboneError(
        f"the network {name!r} gives {seen}; wanted a tensor for each of its {len(layers)} layers: {wanted}; mend its "
        "provider, or choose another"
    )
