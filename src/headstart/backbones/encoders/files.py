"""The files of an encoder as the Hugging Face hub has them, read without its libraries.

``config.json``, ``tokenizer.json`` and ``model.safetensors`` describe the network; ``modules.json`` and what it names,
written by sentence-transformers, how features are made of its tokens; ``README.md`` has the licence.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from headstart.backbones.encoders.config import EncoderConfig
from headstart.backbones.encoders.pooling import Pooling, PoolingMode
from headstart.backbones.encoders.weights import read_pickled, read_safetensors, rename_weights
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import BackboneError

CONFIG, TOKENIZER, CARD = "config.json", "tokenizer.json", "README.md"
WEIGHTS, SHARDS, PICKLED = "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
MOST_TOKENS = 256  #: that a text is given where its network takes more
_MODES: dict[str, PoolingMode] = {"mean": "mean", "cls": "cls", "max": "max"}
#: Names of networks that were trained with a prompt which their files do not have, as their cards say.
_PROMPTS = ((re.compile(r"(^|[-_/])e5([-_]|$)"), "query: "),)
#: Prompts of a configuration that suit texts which are told apart by what they are about, the best first.
_WANTED_PROMPTS = ("classification", "clustering", "query")


@dataclass(frozen=True)
class EncoderFiles:
    """The files of one encoder."""

    name: str  #: of the network, for people, and for prompts that are known by it
    find: Callable[[str], Path | None]  #: the file of a name with slashes, fetched if need be; None where there is none

    @cached_property
    def config(self) -> dict[str, Any]:
        """The content of ``config.json``.

        Raises:
            BackboneError: it is not there, or no object of JSON.
        """
        file = self.find(self._root + CONFIG)
        if file is None:
            raise BackboneError(
                f"{self.name} has no {CONFIG}; wanted the folder of a network, as transformers saves it"
            )
        return _read_object(file)

    @cached_property
    def shape(self) -> EncoderConfig | None:
        """The encoder's shape; None where it is none that is built here."""
        return EncoderConfig.from_json(self.config)

    @cached_property
    def pooling(self) -> Pooling:
        """The way from tokens to features, as ``modules.json`` has it; the mean where that is not there.

        Raises:
            BackboneError: it is another than the mean, the first token or the maximum.
        """
        kinds = [kind for kind, _ in self._modules]
        folder = next((path for kind, path in self._modules if kind == "Pooling"), None)
        record = {} if folder is None else self.read_optional(f"{folder}/{CONFIG}")
        modes = record.get("pooling_mode") or [
            key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
            for key, value in record.items()
            if key.startswith("pooling_mode_") and value is True
        ]
        mode = modes if isinstance(modes, str) else "+".join(modes) or "mean"
        if mode not in _MODES:
            raise BackboneError(f"{self.name} makes features of its tokens by {mode}; wanted {', '.join(_MODES)}")
        return Pooling(_MODES[mode], normalize="Normalize" in kinds and "Dense" not in kinds)

    @property
    def prompt(self) -> str:
        """The words that are to stand before every text; "" for none."""
        record = self.read_optional("config_sentence_transformers.json")
        prompts = {str(key).lower(): str(value) for key, value in (record.get("prompts") or {}).items()}
        named = str(record.get("default_prompt_name") or "").lower()
        for key in (named, *_WANTED_PROMPTS):
            if prompts.get(key):
                return prompts[key]
        return next((prompt for pattern, prompt in _PROMPTS if pattern.search(self.name.lower())), "")

    @property
    def most_tokens(self) -> int:
        """Tokens that the network takes at most."""
        if self.shape is not None:
            return self.shape.most_tokens
        return _read_count(self.config.get("max_position_embeddings")) or self._trained_tokens or MOST_TOKENS

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that are read where nothing else is said: as many as the network was trained with, 256."""
        return min(MOST_TOKENS, self.most_tokens, self._trained_tokens or MOST_TOKENS)

    @property
    def tokenizer(self) -> bytes | None:
        """The content of ``tokenizer.json``, which makes texts lower case where the network wants it; None for none."""
        file = self.find(self._root + TOKENIZER)
        if file is None:
            return None
        content = file.read_bytes()
        if self.read_optional(self._root + "sentence_bert_config.json").get("do_lower_case") is not True:
            return content
        record = json.loads(content)
        own = record.get("normalizer")
        steps = [{"type": "Lowercase"}, *([own] if own else [])]
        return json.dumps({**record, "normalizer": {"type": "Sequence", "normalizers": steps}}).encode()

    @property
    def licence(self) -> str:
        """The licence that the head of the card names, in lower case; "unknown" where it names none."""
        file = self.find(CARD)
        return "unknown" if file is None else read_licence(file.read_text("utf-8", "replace"))

    @property
    def weight_files(self) -> tuple[Path, ...]:
        """The files with the weights in ``.safetensors``; none where they are in another form."""
        if (whole := self.find(self._root + WEIGHTS)) is not None:
            return (whole,)
        if (index := self.find(self._root + SHARDS)) is None:
            return ()
        names = dict.fromkeys(_read_object(index).get("weight_map", {}).values())
        return tuple(file for name in names if (file := self.find(self._root + str(name))) is not None)

    def read_weights(self, shape: EncoderConfig) -> dict[str, Floats]:
        """Return the weights of an encoder of a shape, by the names of ``encoders.weights``.

        Raises:
            BackboneError: they are not there, or do not fit.
            MissingExtra: they are in a file of PyTorch's, and that is not installed.
        """
        tensors: dict[str, Floats] = {}
        for file in self.weight_files:
            tensors |= read_safetensors(file)
        if not tensors and (pickled := self.find(self._root + PICKLED)) is not None:
            tensors = read_pickled(pickled)
        if not tensors:
            raise BackboneError(f"{self.name} has no weights in {WEIGHTS}")
        return rename_weights(tensors, shape, self.name)

    @cached_property
    def _modules(self) -> tuple[tuple[str, str], ...]:
        """The kinds of the modules that make features, and the folder of each."""
        file = self.find("modules.json")
        if file is None:
            return ()
        try:
            return tuple((one["type"].rpartition(".")[2], one["path"]) for one in json.loads(file.read_text("utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackboneError(f"{self.name}: {str(file)!r} is damaged; fetch it again") from None

    @cached_property
    def _root(self) -> str:
        """The folder of the network among the modules, with a slash; "" for the whole's own."""
        folder = next((path for kind, path in self._modules if kind == "Transformer"), "")
        return f"{PurePosixPath(folder)}/" if folder else ""

    @property
    def _trained_tokens(self) -> int:
        """Tokens that the network's own library gives it at most; 0 where nothing says so."""
        said = self.read_optional(self._root + "sentence_bert_config.json").get("max_seq_length")
        whole = self.read_optional(self._root + "tokenizer_config.json").get("model_max_length")
        return _read_count(said) or _read_count(whole)

    def read_optional(self, name: str) -> dict[str, Any]:
        """Return the object of JSON in a file; an empty one where the file is not there."""
        file = self.find(name)
        return {} if file is None else _read_object(file)


def find_in_folder(folder: Path) -> Callable[[str], Path | None]:
    """Return what finds the files in a folder."""

    def find(name: str) -> Path | None:
        file = folder.joinpath(*PurePosixPath(name).parts)
        return file if file.is_file() else None

    return find


def read_licence(card: str) -> str:
    """Return the licence in the head of a model card (YAML between lines of ---), in lower case, or "unknown"."""
    head = re.match(r"\ufeff?---\s*\n(.*?)\n---", card, re.DOTALL)
    if head is None:
        return "unknown"
    found = {key: value.strip().strip("'\"").lower() for key, value in re.findall(r"^(\w+):[ \t]*(.*)$", head[1], re.M)}
    licence = found.get("license") or "unknown"
    return found.get("license_name") or licence if licence == "other" else licence


def _read_count(value: Any) -> int:
    """Return a number of tokens; 0 where it is none, or so large that it stands for no limit."""
    return value if isinstance(value, int) and 0 < value < 10**6 else 0


def _read_object(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_text("utf-8"))
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise BackboneError(f"{str(file)!r} is damaged: no object of JSON; fetch it again")
    return record
