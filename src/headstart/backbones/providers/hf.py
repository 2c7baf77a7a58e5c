"""Encoders of texts and networks of clips: ``hf:NAME`` of the Hugging Face hub, ``hf:FOLDER`` or ``./FOLDER``.

The networks of clips are those of ``hub_sound``. BERT and its kin are built here of their weights, without PyTorch;
other architectures are loaded by transformers and converted by PyTorch. An encoder's tokenizer is its own;
pooling and prompt are those of its sentence-transformers files, where it has some.
"""

import fnmatch
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.backbones.backbone import PYTORCH_EXPORT
from headstart.backbones.encoders.files import CONFIG, PICKLED, TOKENIZER, EncoderFiles, find_in_folder
from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.providers import hub_sound
from headstart.backbones.providers.encoder import CONVERSION, MODALITY, build_encoder, load_encoder
from headstart.backbones.providers.hub_files import HubFiles
from headstart.backbones.providers.names import to_wildcard
from headstart_runtime.errors import BackboneError
from headstart_runtime.extras import has_extra, require_extra
from headstart_runtime.modalities.modality import find_noun, get_modality
from headstart_runtime.whole_files import hash_file

if TYPE_CHECKING:
    from headstart.backbones.loaded import BuiltNetwork, LoadedNetwork

PREFIX = "hf:"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MODALITIES = (MODALITY, hub_sound.MODALITY)  #: whose networks are read here
_REPOSITORY = re.compile(r"[\w.-]+(/[\w.-]+)?(@[\w./-]+)?")


@dataclass(frozen=True, slots=True)
class HubNetwork:
    """A network that is listed without asking the hub."""

    name: str  #: on the hub
    parameters: int
    licence: str  #: as its card said when this was written; what the card says counts when it is fetched
    modality: str = MODALITY  #: that it reads


#: Small to large, of each modality; of several languages where their names say so, else of English.
HUB_NETWORKS = (
    HubNetwork("intfloat/e5-small-v2", 33_360_000, "mit"),
    HubNetwork("BAAI/bge-small-en-v1.5", 33_360_000, "mit"),
    HubNetwork("thenlper/gte-small", 33_360_000, "mit"),
    HubNetwork("sentence-transformers/all-MiniLM-L12-v2", 33_360_000, "apache-2.0"),
    HubNetwork("distilbert/distilbert-base-uncased", 66_360_000, "apache-2.0"),
    HubNetwork("sentence-transformers/all-mpnet-base-v2", 109_490_000, "apache-2.0"),
    HubNetwork("BAAI/bge-base-en-v1.5", 109_480_000, "mit"),
    HubNetwork("google-bert/bert-base-uncased", 109_480_000, "apache-2.0"),
    HubNetwork("intfloat/multilingual-e5-small", 117_650_000, "mit"),
    HubNetwork("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", 117_650_000, "apache-2.0"),
    HubNetwork("FacebookAI/roberta-base", 124_650_000, "mit"),
    HubNetwork("intfloat/multilingual-e5-base", 278_040_000, "mit"),
    HubNetwork("FacebookAI/xlm-roberta-base", 278_040_000, "mit"),
    HubNetwork("MIT/ast-finetuned-audioset-10-10-0.4593", 86_590_000, "bsd-3-clause", hub_sound.MODALITY),
    HubNetwork("facebook/hubert-base-ls960", 94_370_000, "apache-2.0", hub_sound.MODALITY),
    HubNetwork("facebook/wav2vec2-base", 94_370_000, "apache-2.0", hub_sound.MODALITY),
    HubNetwork("microsoft/wavlm-base-plus", 94_380_000, "unknown", hub_sound.MODALITY),
    HubNetwork("facebook/wav2vec2-xls-r-300m", 315_440_000, "apache-2.0", hub_sound.MODALITY),
)


class HuggingFaceProvider:
    """Networks of the hub and of folders; of BERT's kin PyTorch is needed to train them only."""

    scheme = "hf"

    def resolve(self, name: str) -> Origin | None:
        """See ``Provider.resolve``; of a network of the hub ``config.json`` is fetched, which says who builds it."""
        folder = find_encoder_folder(name)
        if folder is None and not name.startswith(PREFIX):
            return None
        if folder is not None:
            files = EncoderFiles(name, find_in_folder(folder))
            weights = files.weight_files or _list_pickled(files)
            if not weights:
                raise BackboneError(f"{name} has no weights: wanted model.safetensors beside its config.json")
            return Origin(name, self.scheme, folder.name, folder, _hash(files, weights), _choose_conversion(files))
        repository = name.removeprefix(PREFIX)
        if not _REPOSITORY.fullmatch(repository):
            raise BackboneError(
                f"backbone {name!r} names no network of the hub and no folder; wanted hf:OWNER/NAME, such as "
                "hf:intfloat/multilingual-e5-small, or hf:FOLDER"
            )
        files = _open_repository(name, repository)
        if files.find(CONFIG) is None:
            raise BackboneError(
                f"{name} could not be fetched from the hub: it is not reached, or has no {CONFIG}; connect once, or "
                f"{_offer_installed(_find_modality(repository))}"
            )
        return Origin(name, self.scheme, repository, None, "", _choose_conversion(files))

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        """See ``Provider.search``; the hub is not asked, so others than those known here are not found."""
        wanted = to_wildcard(pattern.removeprefix(PREFIX))
        for known in HUB_NETWORKS:
            if fnmatch.fnmatch(known.name.lower(), wanted):
                yield BackboneListing(
                    f"{PREFIX}{known.name}",
                    known.parameters,
                    0,
                    known.licence,
                    f"hub: {known.name}",
                    is_local=_is_fetched(known.name),
                    modality=known.modality,
                )

    def build_graph(self, origin: Origin) -> "BuiltNetwork":
        """See ``GraphProvider.build_graph``."""
        files = _open(origin)
        weights = _list_weights(files)
        if origin.conversion == hub_sound.CONVERSION:
            require_extra("train", f"converting {origin.name}", "torch", "timm", "transformers")
            return hub_sound.build_hub_network(files, _hash(files, weights), _describe_weights(origin, weights))
        assert files.shape is not None  # its conversion says so
        return build_encoder(files, files.shape, _hash(files, weights), _describe_weights(origin, weights))

    def load(self, origin: Origin, seed: int | None = None) -> "LoadedNetwork":
        """See ``Provider.load``."""
        require_extra("train", f"loading {origin.name} into PyTorch", "torch")
        files = _open(origin)
        found = _list_weights(files) if seed is None else ()
        weights, where = _hash(files, found) if found else "", _describe_weights(origin, found)
        if origin.conversion == hub_sound.CONVERSION:
            require_extra("train", f"the network {origin.name}", "timm", "transformers")
            return hub_sound.load_hub_network(files, weights, where, seed)
        if files.shape is not None:
            return load_encoder(files, files.shape, weights, where, seed)
        require_extra("train", f"the network {origin.name}, of an architecture that is not built here", "transformers")
        from headstart.backbones.providers.transformers_network import load_with_transformers

        return load_with_transformers(files, weights, where, seed)


def find_encoder_folder(name: str) -> Path | None:
    """Return the folder that a backbone's name means; None where it means none.

    Raises:
        BackboneError: it begins like the path of a folder, and none with a ``config.json`` is there.
    """
    plain = name.removeprefix(PREFIX)
    is_path = plain.startswith(("./", "../", ".\\", "..\\", "~")) or Path(plain).is_absolute()
    if not is_path and not name.startswith(PREFIX):
        return None
    folder = Path(plain).expanduser()
    if (folder / CONFIG).is_file():
        return folder
    if not is_path:
        return None
    seen = f"has no {CONFIG}" if folder.is_dir() else "is no folder that is there"
    raise BackboneError(f"backbone {name!r} {seen}; wanted the folder of a network, as transformers saves it")


def _open_repository(name: str, repository: str) -> EncoderFiles:
    plain, _, revision = repository.partition("@")
    return EncoderFiles(name, HubFiles(plain, revision or None))


def _open(origin: Origin) -> EncoderFiles:
    if origin.file is not None:
        return EncoderFiles(origin.name, find_in_folder(origin.file))
    return _open_repository(origin.name, origin.architecture)


def _choose_conversion(files: EncoderFiles) -> str:
    """Return what makes the graph of a network.

    Raises:
        BackboneError: none does.
    """
    if hub_sound.is_sound_network(files):
        return hub_sound.CONVERSION
    return PYTORCH_EXPORT if files.shape is None else CONVERSION


def _list_weights(files: EncoderFiles) -> tuple[Path, ...]:
    if found := files.weight_files or _list_pickled(files):
        return found
    modality = hub_sound.MODALITY if hub_sound.is_sound_network(files) else MODALITY
    raise BackboneError(
        f"the weights of {files.name} could not be fetched from the hub; connect once, or {_offer_installed(modality)}"
    )


def _find_modality(repository: str) -> str | None:
    """Return the name of the modality of a network that is listed; None of others, before their files are here."""
    name = repository.partition("@")[0].lower()
    return next((known.modality for known in HUB_NETWORKS if known.name.lower() == name), None)


def _offer_installed(modality: str | None) -> str:
    """Return advice: the network of a modality that needs no hub; where none is known, each says what it reads."""
    if modality is None:
        offers = (f"{get_modality(it).default_backbone} for {find_noun(it).many}" for it in _MODALITIES)
        return f"use {' or '.join(offers)}, whose weights come with the installation"
    return f"use {get_modality(modality).default_backbone}, whose weights come with the installation"


def _list_pickled(files: EncoderFiles) -> tuple[Path, ...]:
    file = files.find(PICKLED)
    return () if file is None else (file,)


def _hash(files: EncoderFiles, weights: tuple[Path, ...]) -> str:
    """Return a SHA-256 over the weights and the other files that features depend on."""
    is_sound = hub_sound.is_sound_network(files)
    names = (CONFIG, hub_sound.EXTRACTOR) if is_sound else (CONFIG, TOKENIZER, "modules.json")
    others = [file for name in names if (file := files.find(name)) is not None]
    return hashlib.sha256("".join(hash_file(file) for file in (*weights, *others)).encode()).hexdigest()


def _describe_weights(origin: Origin, weights: tuple[Path, ...]) -> str:
    """Return where weights come from, of the hub with the commit, as its client's cache has it."""
    if origin.file is not None:
        return f"folder, {origin.file.name}"
    revision = next((part for file in weights for part in file.parts if _COMMIT.fullmatch(part)), "")
    return f"Hugging Face hub: {origin.architecture}" + (f", revision {revision}" if revision else "")


def _is_fetched(repository: str) -> bool:
    if not has_extra("hub"):
        return False
    return any(HubFiles(repository).is_kept(name) for name in ("model.safetensors", PICKLED))
