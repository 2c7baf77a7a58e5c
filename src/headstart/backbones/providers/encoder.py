"""Encoders of texts from their files: as an ONNX graph of our own, and as a PyTorch module."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.encoders.config import EncoderConfig
from headstart.backbones.encoders.exact import compute_exactly
from headstart.backbones.encoders.files import EncoderFiles
from headstart.backbones.encoders.graph import build_encoder_graph, list_encoder_layers
from headstart.backbones.encoders.weights import count_encoder_weights
from headstart.backbones.loaded import BuiltNetwork
from headstart.backbones.reference import ReferenceRows
from headstart_runtime.errors import BackboneError
from headstart_runtime.modalities.text.spec import TextSpec, make_text_spec

if TYPE_CHECKING:
    from onnx import ModelProto

    from headstart.backbones.loaded import LoadedNetwork

MODALITY = "text"  #: that these networks read
CONVERSION = "headstart-encoder-1"  #: another graph is another conversion: rows of two are never mixed
LENGTHS = (3, 11, 17)  #: tokens of the texts of reference rows
MOST_PARAMETERS = 520_000_000  #: of a graph in one file, which ends at 2 GiB


def build_encoder(
    files: EncoderFiles, shape: EncoderConfig, sha256: str, where: str, rows: ReferenceRows | None = None
) -> BuiltNetwork:
    """Return the graph of an encoder.

    Args:
        files: of the encoder.
        shape: its shape.
        sha256: of its weights.
        where: these come from, for a person.
        rows: that its graph has to give; computed now where not given.

    Raises:
        BackboneError: weights that are not there or do not fit, or too many.
    """
    parameters = count_encoder_weights(shape)
    if parameters > MOST_PARAMETERS:
        raise BackboneError(
            f"{files.name} has {parameters / 1e6:.0f} M parameters, more than fit into one ONNX file "
            f"({MOST_PARAMETERS / 1e6:.0f} M); choose a smaller network"
        )
    spec, weights = make_encoder_spec(files), files.read_weights(shape)
    if rows is None:
        ids, mask = (draw_tokens(shape.vocabulary, shape.most_tokens)[one.name] for one in spec.tensors)
        kept = compute_exactly(weights, shape, files.pooling, ids, mask)
        batch = dict(zip((one.name for one in spec.tensors), (ids, mask), strict=True))
        rows = ReferenceRows(batch, kept, "float64 of NumPy")
    return BuiltNetwork(
        graph=build_encoder_graph(weights, shape, files.pooling, spec.tensors),
        reference=rows,
        spec=spec,
        layers=list_encoder_layers(shape),
        weights=where,
        weights_sha256=sha256,
        licence=files.licence,
        parameters=parameters,
    )


def load_encoder(
    files: EncoderFiles, shape: EncoderConfig, sha256: str, where: str, seed: int | None
) -> "LoadedNetwork":
    """Return an encoder as a PyTorch module; with a seed, with random weights. Arguments as of ``build_encoder``."""
    import torch

    from headstart.backbones.encoders.network import list_weights, make_encoder
    from headstart.backbones.loaded import LoadedNetwork

    with torch.random.fork_rng(devices=[]):
        if seed is not None:
            torch.default_generator.manual_seed(seed)  # torch.manual_seed would set every GPU's too
        weights = files.read_weights(shape) if seed is None else None
        network = make_encoder(shape, files.pooling, weights)
    spec = make_encoder_spec(files)

    def build_graph(state: Mapping[str, NDArray[Any]]) -> "ModelProto":
        return build_encoder_graph(list_weights(state), shape, files.pooling, spec.tensors)

    return LoadedNetwork(
        network=network,
        build_graph=None if shape.buckets else build_graph,
        spec=spec,
        layers=list_encoder_layers(shape),
        weights=where if seed is None else f"random, seed {seed}",
        weights_sha256=sha256 if seed is None else "",
        licence=files.licence,
        parameters=count_encoder_weights(shape),
    )


def make_encoder_spec(files: EncoderFiles) -> TextSpec:
    """Return the way from texts to the tokens that an encoder reads.

    Raises:
        BackboneError: it has no tokenizer that is read here.
    """
    content = files.tokenizer
    if content is None:
        raise BackboneError(
            f"{files.name} has no tokenizer.json; open and save its tokenizer once with transformers: "
            "AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER)"
        )
    return make_text_spec(content, files.max_tokens, files.prompt, files.most_tokens)


def draw_tokens(vocabulary: int, most: int) -> dict[str, NDArray[Any]]:
    """Return ids and mask, int64 (3, T), of texts of three lengths, for reference rows: the same everywhere."""
    lengths = [min(length, most) for length in LENGTHS]
    ids = np.zeros((len(lengths), max(lengths)), np.int64)
    mask = np.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, :length] = (np.arange(length) * 7919 + 101 * (row + 1)) % vocabulary
        mask[row, :length] = 1
    return {"input_ids": ids, "attention_mask": mask}
