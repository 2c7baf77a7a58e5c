"""A network of one layer on weighed terms: the sum of its terms' rows, each times its weight, and a bias."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from headstart.backbones.backbone import GRAPH, RECORD, SCHEMA_VERSION, Backbone, Layer, write_record
from headstart.backbones.network_graph import build_network_model
from headstart.backbones.reference import ReferenceRows, write_reference
from headstart.heads.head import Dense
from headstart.modalities.graph_builder import GraphBuilder
from headstart.storage.atomic import new_folder, stamp
from headstart.storage.intact import is_intact, write_digests
from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.batch import InputSpec
from headstart_runtime.modalities.terms import TERM_IDS, TERM_WEIGHTS

FINAL = "final"
CONVERSION = "terms 1"
_REFERENCE_PARTS, _REFERENCE_TERMS = 4, 12


def build_term_network(name: str, layer: Dense, spec: InputSpec, folder: Path) -> Backbone:
    """Return a network of a layer on terms (V, K), written into a folder of its own, or found there.

    Args:
        name: of the network.
        layer: its weights, a row for each term, and its bias.
        spec: by which terms are counted.
        folder: where networks lie.
    """
    content = _build_graph(layer)
    digest = hashlib.sha256(content).hexdigest()
    home = folder / f"{name}-{digest[:16]}"
    backbone = Backbone(
        name=name,
        architecture="a weight for each term",
        weights="fitted on your own texts",
        weights_sha256=digest,
        licence="your own",
        parameters=layer.weight.size + layer.bias.size,
        layers=(Layer(FINAL, len(layer.bias)),),
        spec=spec,
        folder=home,
        conversion=CONVERSION,
    )
    if find_term_network(home) is not None:
        return backbone
    try:
        with new_folder(home) as draft:
            (draft / GRAPH).write_bytes(content)
            write_reference(draft, _make_reference(layer))
            write_record(backbone, draft)
            write_digests(draft)
            shutil.rmtree(home, ignore_errors=True)  # damaged, or of another version
    except OSError:
        if find_term_network(home) is None:  # else another process was faster, and wrote the same
            raise
    return backbone


def find_term_network(home: Path) -> Backbone | None:
    """Return the network of one layer in a folder; None where there is none, or it is not whole."""
    try:
        record = json.loads((home / RECORD).read_text("utf-8"))
        if record["schema_version"] != SCHEMA_VERSION or not (home / GRAPH).is_file() or not is_intact(home):
            return None
        backbone = Backbone.from_json(record, home)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    stamp(home)  # pruning goes by it
    return backbone


def _build_graph(layer: Dense) -> bytes:
    builder = GraphBuilder()
    table = builder.constant("weight", layer.weight, np.float32)
    bias = builder.constant("bias", layer.bias, np.float32)
    rows = builder.node("Gather", [table, TERM_IDS], "rows", axis=0)
    last = builder.constant("last", [2])
    column = builder.node("Unsqueeze", [TERM_WEIGHTS, last], "column")
    weighed = builder.node("Mul", [rows, column], "weighed")
    summed = builder.node("ReduceSum", [weighed, builder.constant("along", [1])], "summed", keepdims=0)
    builder.node("Add", [summed, bias], FINAL)
    inputs = {TERM_IDS: (TensorProto.INT64, ["N", "T"]), TERM_WEIGHTS: (TensorProto.FLOAT, ["N", "T"])}
    model = build_network_model(builder, "terms", inputs, [Layer(FINAL, len(layer.bias))])
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _make_reference(layer: Dense) -> ReferenceRows:
    """Return drawn terms and what the layer gives of them, by NumPy in float64."""
    rng = np.random.default_rng(0)
    shape = _REFERENCE_PARTS, _REFERENCE_TERMS
    places = rng.integers(0, len(layer.weight), shape)
    weights = rng.uniform(0, 1, shape).astype(np.float32)
    rows: Floats = (np.einsum("ntk,nt->nk", layer.weight[places].astype(np.float64), weights) + layer.bias).astype(
        np.float32
    )
    return ReferenceRows({TERM_IDS: places, TERM_WEIGHTS: weights}, {FINAL: rows}, "numpy f64")
