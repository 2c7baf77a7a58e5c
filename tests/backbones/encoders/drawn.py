"""Small encoders as a person has them: made, drawn and saved by transformers and sentence-transformers."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = [*"abcdefghijklmnopqrstuvwxyz", "the", "cat", "dog", "sat", "on", "mat", "query", ":", ".", "?"]
SIZES = {"num_hidden_layers": 3, "hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4}
DISTIL = {"n_layers": 3, "dim": 32, "hidden_dim": 48, "n_heads": 4}
#: Kind of network -> class of its configuration, what of it is not usual.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("Bert", {}),
    "roberta": ("Roberta", {"pad_token_id": 1, "type_vocab_size": 1, "layer_norm_eps": 1e-5}),
    "xlm-roberta": ("XLMRoberta", {"pad_token_id": 1, "hidden_act": "relu"}),
    "camembert": ("Camembert", {"pad_token_id": 1}),
    "distilbert": ("DistilBert", {}),
    "mpnet": ("MPNet", {"pad_token_id": 1, "hidden_act": "gelu_new"}),
    "deep bert": ("Bert", {"num_hidden_layers": 14, "hidden_act": "gelu_new"}),
}


def draw_network(kind: str, seed: int = 0) -> Any:
    """Return a network of transformers with drawn weights, wide enough that every part of it tells."""
    name, more = KINDS[kind]
    sizes = DISTIL if kind == "distilbert" else SIZES
    fields = {"vocab_size": 40, "max_position_embeddings": 64, "attn_implementation": "eager"} | sizes | more
    torch.manual_seed(seed)
    network = getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**fields)).eval()
    for parameter in network.parameters():
        parameter.data.add_(torch.randn_like(parameter) * 0.2)
    return network


def draw_tokenizer(pad_id: int = 0) -> Tokenizer:
    """Return a tokenizer of a few words, which knows no capitals, with signs around every text."""
    signs = ["[PAD]", "[UNK]"] if pad_id == 0 else ["[UNK]", "[PAD]"]
    vocabulary = {word: index for index, word in enumerate([*signs, "[CLS]", "[SEP]", *WORDS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.add_special_tokens([*signs, "[CLS]", "[SEP]"])
    return made


def save_encoder(folder: Path, kind: str, *, seed: int = 0) -> Path:
    """Save a drawn network with its tokenizer as transformers does; return the folder."""
    network = draw_network(kind, seed)
    pad_id = KINDS[kind][1].get("pad_token_id", 0)
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=draw_tokenizer(pad_id),
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=network.config.max_position_embeddings - 2,
    )
    network.save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder


def save_sentence_encoder(folder: Path, kind: str, pooling: str, prompts: Mapping[str, str], *, normalize: bool) -> Any:
    """Save a drawn encoder as sentence-transformers does; return it as that library has it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts: list[Any] = [modules.Transformer(str(save_encoder(folder / "plain", kind)))]
        parts.append(modules.Pooling(parts[0].get_embedding_dimension(), pooling_mode=pooling))
        parts += [modules.Normalize()] if normalize else []
        whole = SentenceTransformer(modules=parts, prompts=dict(prompts), device="cpu")
        whole.save(str(folder / "whole"))
    return whole
