"""An encoder's forward pass in NumPy, in float64: what graphs that were built here are held to.

It is slow, and written from the papers and not from the graph: of a few short texts its rows are kept beside a
converted network.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.encoders.buckets import find_buckets
from headstart.backbones.encoders.config import EncoderConfig
from headstart.backbones.encoders.pooling import LEAST_LENGTH, Pooling
from headstart_runtime.arrays import Floats

_Numbers = NDArray[np.float64]
_ERF = np.vectorize(math.erf, otypes=[np.float64])


def compute_exactly(
    weights: Mapping[str, Floats], config: EncoderConfig, pooling: Pooling, ids: NDArray[np.int64], mask: NDArray[Any]
) -> dict[str, Floats]:
    """Return the features of each layer, float32 (N, D), of token ids (N, T) with their mask."""
    texts = [
        _compute_text(weights, config, pooling, row[kept]) for row, kept in zip(ids, mask.astype(bool), strict=True)
    ]
    return {name: np.stack([text[name] for text in texts]).astype(np.float32) for name in config.layer_names}


def _compute_text(
    weights: Mapping[str, Floats], config: EncoderConfig, pooling: Pooling, ids: NDArray[np.int64]
) -> dict[str, _Numbers]:
    """Return the features of each layer, (D,), of one text without padding."""
    length = len(ids)
    places = weights["position.weight"][config.first_position :][:length]
    states = _normalize(weights["word.weight"][ids].astype(np.float64) + places, weights, "norm", config)
    bias = np.zeros((config.heads, length, length))
    if config.buckets:
        distances = np.arange(length)[None, :] - np.arange(length)[:, None]
        bias = weights["relative.weight"][find_buckets(distances, config.buckets)].transpose(2, 0, 1).astype(np.float64)
    names = dict(zip(config.layers, config.layer_names, strict=True))
    found = {}
    for block in range(config.blocks):
        attended = _attend(states, bias, weights, config, f"{block}")
        states = _normalize(states + attended, weights, f"{block}.attention_norm", config)
        inside = _activate(_dense(states, weights, f"{block}.inner"), config.activation)
        states = _normalize(states + _dense(inside, weights, f"{block}.outer"), weights, f"{block}.norm", config)
        if block + 1 in names:
            found[names[block + 1]] = states.mean(axis=0)
    last = {"mean": found["final"], "cls": states[0], "max": states.max(axis=0)}[pooling.mode]
    found["final"] = last / max(float(np.linalg.norm(last)), LEAST_LENGTH) if pooling.normalize else last
    return found


def _attend(
    states: _Numbers, bias: _Numbers, weights: Mapping[str, Floats], config: EncoderConfig, block: str
) -> _Numbers:
    parts = ("query", "key", "value")
    query, key, value = (
        _dense(states, weights, f"{block}.{part}").reshape(len(states), config.heads, -1).transpose(1, 0, 2)
        for part in parts
    )
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[2]) + bias
    shares = np.exp(scores - scores.max(axis=2, keepdims=True))
    mixed = shares / shares.sum(axis=2, keepdims=True) @ value
    return _dense(mixed.transpose(1, 0, 2).reshape(len(states), -1), weights, f"{block}.output")


def _dense(values: _Numbers, weights: Mapping[str, Floats], name: str) -> _Numbers:
    return values @ weights[f"{name}.weight"].astype(np.float64).T + weights[f"{name}.bias"]


def _normalize(values: _Numbers, weights: Mapping[str, Floats], name: str, config: EncoderConfig) -> _Numbers:
    centred = values - values.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + config.epsilon)
    return centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _activate(values: _Numbers, activation: str) -> _Numbers:
    if activation == "relu":
        return np.maximum(values, 0)
    if activation == "gelu":
        return np.asarray(values * 0.5 * (1 + _ERF(values / math.sqrt(2))), np.float64)
    return np.asarray(
        values * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (values + 0.044715 * values**3))), np.float64
    )
