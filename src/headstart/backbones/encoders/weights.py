"""The weights of encoders: read from ``.safetensors`` without PyTorch, under one set of names for all families.

* ``word`` (V, D), ``position`` (P, D), with that of the first kind of token added where there are kinds; ``norm``;
* of each block ``3.query``, ``3.key``, ``3.value``, ``3.output``, ``3.attention_norm``, ``3.inner``, ``3.outer`` and
  ``3.norm``, each with ``.weight``, (outputs, inputs) of dense layers, and ``.bias``;
* ``relative.weight`` (buckets, heads), where attention is biased by distance.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.encoders.config import EncoderConfig
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import BackboneError, refuse_machine_faults
from headstart_runtime.extras import import_extra

EncoderWeights = Mapping[str, Floats]

_PARTS: dict[str, dict[str, str]] = {
    "bert": {
        "query": "encoder.layer.{}.attention.self.query",
        "key": "encoder.layer.{}.attention.self.key",
        "value": "encoder.layer.{}.attention.self.value",
        "output": "encoder.layer.{}.attention.output.dense",
        "attention_norm": "encoder.layer.{}.attention.output.LayerNorm",
        "inner": "encoder.layer.{}.intermediate.dense",
        "outer": "encoder.layer.{}.output.dense",
        "norm": "encoder.layer.{}.output.LayerNorm",
    },
    "distilbert": {
        "query": "transformer.layer.{}.attention.q_lin",
        "key": "transformer.layer.{}.attention.k_lin",
        "value": "transformer.layer.{}.attention.v_lin",
        "output": "transformer.layer.{}.attention.out_lin",
        "attention_norm": "transformer.layer.{}.sa_layer_norm",
        "inner": "transformer.layer.{}.ffn.lin1",
        "outer": "transformer.layer.{}.ffn.lin2",
        "norm": "transformer.layer.{}.output_layer_norm",
    },
    "mpnet": {
        "query": "encoder.layer.{}.attention.attn.q",
        "key": "encoder.layer.{}.attention.attn.k",
        "value": "encoder.layer.{}.attention.attn.v",
        "output": "encoder.layer.{}.attention.attn.o",
        "attention_norm": "encoder.layer.{}.attention.LayerNorm",
        "inner": "encoder.layer.{}.intermediate.dense",
        "outer": "encoder.layer.{}.output.dense",
        "norm": "encoder.layer.{}.output.LayerNorm",
    },
}
_WORDS = "embeddings.word_embeddings.weight"
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}  #: of numbers in .safetensors, as NumPy reads them


def read_safetensors(file: Path) -> dict[str, Floats]:
    """Return the floating-point tensors of a ``.safetensors`` file as float32; those that are so are mapped, not read.

    NumPy has no bfloat16, so the file is not read by the library of its format.

    Raises:
        BackboneError: it is damaged, or none.
        OSError: it cannot be read.
    """
    content = np.memmap(file, np.uint8, mode="r") if file.stat().st_size else np.empty(0, np.uint8)
    try:
        length = int(content[:8].view("<u8")[0])
        header = json.loads(bytes(content[8 : 8 + length]))
        return dict(_list_tensors(header, content[8 + length :]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise BackboneError(f"{str(file)!r} is damaged, or no .safetensors file; fetch it again") from None


def read_pickled(file: Path) -> dict[str, Floats]:
    """Return the floating-point tensors of a file of PyTorch's as float32, read without running anything in it.

    Raises:
        BackboneError: it is damaged, or holds more than tensors.
        MissingExtra: PyTorch is not installed.
    """
    torch = import_extra("train", f"reading {file.name}", "torch")
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        return {name: tensor.float().numpy() for name, tensor in state.items() if tensor.is_floating_point()}
    except Exception as error:
        refuse_machine_faults(error, f"to read the weights in {str(file)!r}")
        reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"
        raise BackboneError(f"{str(file)!r} cannot be read safely ({reason}); wanted model.safetensors") from error


def _list_tensors(header: Mapping[str, Any], content: NDArray[np.uint8]) -> Iterator[tuple[str, Floats]]:
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in _TYPES:
            continue
        start, end = entry["data_offsets"]
        values = np.frombuffer(content[start:end], _TYPES[entry["dtype"]]).reshape(entry["shape"])
        if entry["dtype"] == "BF16":
            values = (values.astype(np.uint32) << np.uint32(16)).view(np.float32)
        yield name, values.astype(np.float32, copy=False)


def rename_weights(found: Mapping[str, Floats], config: EncoderConfig, source: str) -> dict[str, Floats]:
    """Return the weights of an encoder under the names of this module.

    Args:
        found: by their own names, with those of heads or of a pooler among them, which are left out.
        config: its shape.
        source: of the weights, for an error.

    Raises:
        BackboneError: one is missing, has another shape than the configuration says, or is not finite.
    """
    plain = {_modernize(name): values for name, values in found.items()}
    prefix = next((name.removesuffix(_WORDS) for name in plain if name.endswith(_WORDS)), "")
    weights: dict[str, Floats] = {}
    for ours, theirs, shape in _list_wanted(config):
        values = plain.get(prefix + theirs)
        if values is None or values.shape != shape:
            seen = "is missing" if values is None else f"has the shape {values.shape}, config.json says {shape}"
            raise BackboneError(f"the weights of {source} do not fit its config.json: {prefix + theirs!r} {seen}")
        if not np.isfinite(values).all():
            raise BackboneError(f"the weights of {source} are not finite in {prefix + theirs!r}; fetch them again")
        weights[ours] = values
    kinds = plain.get(f"{prefix}embeddings.token_type_embeddings.weight")
    if kinds is not None:
        weights["position.weight"] = weights["position.weight"] + kinds[0]
    return weights


def count_encoder_weights(config: EncoderConfig) -> int:
    """Return the number of weights of an encoder, a pooler or head left out."""
    return sum(int(np.prod(shape)) for _, _, shape in _list_wanted(config))


def _modernize(name: str) -> str:
    """Return a weight's name as it is written today: normalisations had gamma and beta."""
    return name.replace(".LayerNorm.gamma", ".LayerNorm.weight").replace(".LayerNorm.beta", ".LayerNorm.bias")


def _list_wanted(config: EncoderConfig) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yield our name, the family's and the shape of each weight."""
    width, inner = config.width, config.inner
    yield "word.weight", _WORDS, (config.vocabulary, width)
    rows = config.first_position + config.most_tokens
    yield "position.weight", "embeddings.position_embeddings.weight", (rows, width)
    for end in ("weight", "bias"):
        yield f"norm.{end}", f"embeddings.LayerNorm.{end}", (width,)
    if config.buckets:
        yield "relative.weight", "encoder.relative_attention_bias.weight", (config.buckets, config.heads)
    for block in range(config.blocks):
        for part, theirs in _PARTS[config.family].items():
            outputs, inputs = (inner if part == "inner" else width), (inner if part == "outer" else width)
            shape = (width,) if part.endswith("norm") else (outputs, inputs)
            yield f"{block}.{part}.weight", f"{theirs.format(block)}.weight", shape
            yield f"{block}.{part}.bias", f"{theirs.format(block)}.bias", (outputs,)
