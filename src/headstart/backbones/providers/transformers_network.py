"""Encoders of architectures that are not built here: loaded by transformers, pooled as their files say."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from headstart.backbones.backbone import Layer
from headstart.backbones.encoders.config import spread_layers
from headstart.backbones.encoders.files import CONFIG, EncoderFiles
from headstart.backbones.encoders.network import average_tokens, pool_tokens
from headstart.backbones.encoders.pooling import Pooling
from headstart.backbones.loaded import LoadedNetwork
from headstart.backbones.providers.encoder import make_encoder_spec
from headstart_runtime.errors import BackboneError, refuse_machine_faults


class TransformersEncoder(nn.Module):
    """Token ids and mask, int64 (N, T), to float32 (N, D) for each layer, through a network of transformers."""

    def __init__(self, body: nn.Module, blocks: int, pooling: Pooling):
        super().__init__()
        self.body, self.pooling = body, pooling
        self.ends = spread_layers(blocks)  #: blocks, counted from 1, after which a layer ends

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Return the features of each layer, from the input upwards."""
        numbers = mask.float()
        found = self.body(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        middle = (average_tokens(found.hidden_states[block].float(), numbers) for block in self.ends[:-1])
        return (*middle, pool_tokens(found.last_hidden_state.float(), numbers, self.pooling))


def load_with_transformers(files: EncoderFiles, sha256: str, where: str, seed: int | None) -> LoadedNetwork:
    """Return a network of transformers with its facts.

    Args:
        files: of the network.
        sha256: of its weights.
        where: these come from, for a person.
        seed: for random weights instead.

    Raises:
        BackboneError: transformers has no such architecture, its code is not among it, or the weights do not fit.
    """
    body, _ = load_body(files, seed)
    blocks = _count_blocks(body)
    network = TransformersEncoder(body.float().eval(), blocks, files.pooling).eval().requires_grad_(requires_grad=False)
    width = int(body.config.hidden_size)
    return LoadedNetwork(
        network=network,
        spec=make_encoder_spec(files),
        layers=(*(Layer(f"layer{block}", width) for block in network.ends[:-1]), Layer("final", width)),
        weights=where if seed is None else f"random, seed {seed}",
        weights_sha256=sha256,
        licence=files.licence,
        parameters=sum(parameter.numel() for parameter in body.parameters()),
    )


def load_body(files: EncoderFiles, seed: int | None) -> tuple[Any, list[str]]:
    """Return a network without heads, and the names of weights that its files lack; code that lies there is not run.

    Raises:
        BackboneError: transformers has no such architecture, its code is not among it, or the weights do not fit.
    """
    config_file = files.find(CONFIG)
    assert config_file is not None
    try:
        with _silence():
            return _load_body(config_file.parent, seed)
    except Exception as error:  # whatever transformers and a network's own code raise
        refuse_machine_faults(error, f"to load {files.name}")
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise BackboneError(f"{files.name} cannot be loaded by transformers ({reason}); choose another") from error


def _load_body(folder: Path, seed: int | None) -> tuple[Any, list[str]]:
    options = {"trust_remote_code": False, "attn_implementation": "eager"}
    config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    kinds = (transformers.AutoModelForTextEncoding, transformers.AutoModel)
    kind = next(kind for kind in kinds if type(config) in kind._model_mapping or kind is kinds[-1])  # noqa: SLF001
    with torch.random.fork_rng(devices=[]):
        if seed is None:
            found = kind.from_pretrained(folder, dtype=torch.float32, output_loading_info=True, **options)
            return found[0], sorted(found[1]["missing_keys"])
        torch.default_generator.manual_seed(seed)
        return kind.from_config(config, **options), []


@contextmanager
def _silence() -> Iterator[None]:
    """Inside, transformers draws no bars and gives no advice."""
    log = transformers.utils.logging
    shown, verbosity = log.is_progress_bar_enabled(), log.get_verbosity()
    log.disable_progress_bar()
    log.set_verbosity_error()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
        if shown:
            log.enable_progress_bar()


def _count_blocks(body: Any) -> int:
    """Return how many blocks a network has, by running it once."""
    ids = torch.zeros((1, 4), dtype=torch.int64)
    with torch.inference_mode():
        found = body(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
    return len(found.hidden_states) - 1
