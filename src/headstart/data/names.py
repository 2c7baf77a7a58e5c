"""Names of classes and files: their natural order, the form that is kept, and lists of them in messages."""

import unicodedata
from collections.abc import Callable, Sequence

from natsort import natsort_keygen, ns

from headstart_runtime.errors import MOST_OF_A_NAME, bounded
from headstart_runtime.modalities.item import Noun

_natural = natsort_keygen(alg=ns.IGNORECASE)


def natural_key(name: str) -> tuple[object, str]:
    """Return the key of natural order: ``2`` before ``10``, ``a`` before ``B``; by code where only the case differs."""
    return _natural(name), name


def normalise_class_name(text: str) -> str:
    """Return a class's name as it is kept: NFC, as a folder means the same class on macOS; no outer blanks.

    Bytes of a folder's name that are no text are kept as escapes, for a name goes into files that have to be text.
    """
    if not text.isascii():
        try:
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        except UnicodeEncodeError:  # a surrogate that stands for no byte
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return unicodedata.normalize("NFC", text).strip()


def count_noun(count: int, noun: Noun, verb: str) -> str:
    """Return a number with its noun and verb, in the singular or plural: "1 group is", "2 groups are"."""
    one = {"are": "is", "have": "has"}.get(verb, f"{verb}s")
    return f"{noun.count(count)} {one if count == 1 else verb}"


def preview(names: Sequence[str], show: Callable[[str], str] = repr, most: int = 3) -> str:
    """Return a list for a message: the first few names, none of them too long, and how many more there are."""
    shown = ", ".join(show(bounded(name, MOST_OF_A_NAME * 2)) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
