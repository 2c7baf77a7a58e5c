"""Names of folders that earlier work, people who sort, systems and cameras leave beside class folders."""

import re
from collections.abc import Sequence

from headstart.data.readers.words import split_words

UNSORTED = "no label: left for predict"
BIN = "in a recycle bin"
WORK = "in a folder of results"
_PHRASES = {
    UNSORTED: (
        *("to sort", "not sorted", "to be sorted", "to label", "to be labelled", "to be labeled"),
        *("to do", "todo", "to check", "unsortiert", "nicht sortiert", "zu sortieren", "ungelabelt", "noch offen"),
        *("a trier", "à trier", "non trié", "sin clasificar", "sin ordenar", "da ordinare", "por clasificar"),
    ),
    BIN: (
        *("recycle", "recycle bin", "recycler", "recycled", "papierkorb", "corbeille", "papelera", "cestino"),
        *("papelera de reciclaje", "trashes", "deleted", "geloescht", "gelöscht"),
    ),
    WORK: (
        *("gradcam", "grad cam", "gradcams", "grad cams", "saliency", "saliency maps", "checkpoints", "tensorboard"),
        *("ergebnisse", "ergebnis", "resultate", "resultats", "résultats", "resultados", "risultati", "runs"),
    ),
}
_REASONS = {phrase: reason for reason, phrases in _PHRASES.items() for phrase in phrases}
#: What may be a class, and seldom is one.
_DOUBTFUL = frozenset(
    {"new folder", "neuer ordner", "nouveau dossier", "nueva carpeta", "untitled folder", "sent", "screenshots"}
)
#: What people call items that they do not want, and a class of a quality control.
_REJECTED = frozenset(
    "rejected reject rejects discarded discard blurred blurry unusable ausschuss aussortiert verworfen rejetés "  # noqa: SIM905
    "descartados scartati".split()
)
_ASIDE = frozenset({"misc", "other", "others", "tmp", "temp", "old"})  #: after a line or another sign: ``_misc``
_CAMERA = re.compile(r"[1-9]\d\d[A-Z0-9_]{5}")  #: as the rule for files of cameras (DCF) has it: ``100CANON``


def find_leftover(name: str) -> str:
    """Return why a folder that is called so, beside class folders, is no class; "" for any other name."""
    return _REASONS.get(" ".join(split_words(name)), "")


def may_be_leftover(name: str) -> bool:
    """Return whether a folder may be no class by its name: ``New folder (2)``, ``_misc``, ``???``."""
    words = split_words(name)
    if not re.search(r"\w", name.replace("_", "")):
        return name not in ("+", "-")  # two answers
    return " ".join(words) in _DOUBTFUL or (name.startswith(("_", "!", "~")) and set(words) <= _ASIDE)


def may_be_rejected(name: str, *, inside: bool) -> bool:
    """Return whether a folder may hold what somebody does not want, by its name.

    Args:
        name: of the folder.
        inside: whether it lies in a class folder, beside items; among classes ``bad`` mostly is one, and what is called
            as in ``find_leftover`` is known.
    """
    words = " ".join(split_words(name))
    return words in _REJECTED or (inside and (words == "bad" or _REASONS.get(words) == BIN))


def are_of_camera(names: Sequence[str]) -> bool:
    """Return whether folders are those in which a camera numbers its files: ``100CANON``, ``101CANON``."""
    return all(_CAMERA.fullmatch(name) and re.search(r"[A-Z_]", name) for name in names)
