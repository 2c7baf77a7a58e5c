"""Small networks of clips as a person has them: made, drawn and saved by transformers."""

from pathlib import Path
from typing import Any

import torch
import transformers

SIZES: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}
WAVE: dict[str, Any] = {
    **SIZES,
    "conv_dim": (8, 8, 8),
    "conv_kernel": (10, 8, 4),
    "conv_stride": (5, 8, 4),
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}
LATE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}
#: Kind -> class of its configuration, what of it is not usual, whether its extractor tells padding.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "wav2vec2": ("Wav2Vec2", WAVE),
    "wav2vec2 late": ("Wav2Vec2", {**WAVE, **LATE, "num_hidden_layers": 3}),
    "hubert": ("Hubert", WAVE),
    "hubert late": ("Hubert", {**WAVE, **LATE, "feat_proj_layer_norm": False}),
    "wavlm": ("WavLM", {**WAVE, "num_buckets": 20, "max_bucket_distance": 30}),
    "wavlm late": ("WavLM", {**WAVE, **LATE, "num_buckets": 20, "max_bucket_distance": 30}),
    "ast": ("AST", {**SIZES, "max_length": 64, "num_mel_bins": 32, "patch_size": 8, "time_stride": 6}),
}


def draw_sound_network(kind: str, seed: int = 0) -> Any:
    """Return a network of transformers with drawn weights, wide enough that every part of it tells."""
    name, fields = KINDS[kind]
    torch.manual_seed(seed)
    config = getattr(transformers, f"{name}Config")(**fields, attn_implementation="eager")
    network = getattr(transformers, f"{name}Model")(config).eval()
    for parameter in network.parameters():
        parameter.data.add_(torch.randn_like(parameter) * 0.1)
    return network


def draw_extractor(kind: str) -> Any:
    """Return the feature extractor of a network."""
    if kind == "ast":
        return transformers.ASTFeatureExtractor(num_mel_bins=32, max_length=64, mean=-5.0, std=3.5)
    return transformers.Wav2Vec2FeatureExtractor(return_attention_mask="late" in kind, do_normalize=kind != "hubert")


def save_sound_network(folder: Path, kind: str, seed: int = 0) -> Path:
    """Save a drawn network with its extractor as transformers does; return the folder."""
    draw_sound_network(kind, seed).save_pretrained(folder)
    draw_extractor(kind).save_pretrained(folder)
    return folder
