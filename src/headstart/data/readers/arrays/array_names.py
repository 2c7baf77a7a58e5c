"""Names of arrays in files: which are items, labels or names of classes, of which subset, and which belong together.

``x_train``, ``train_labels``, ``train_set_x_orig``, ``trainX``, ``train/labels`` and ``train_32x32/X`` are read alike:
the steps and words of a name say its subset and its role, and what is left of them is the set that it belongs to.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from headstart.data.names import preview
from headstart.data.samples import Subset
from headstart.data.subsets import parse_subset
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import Modality, all_modalities

ITEM_NAMES = ("x", "X", "data", "features")
LABEL_NAMES = ("labels", "y", "Y", "label", "targets", "target", "fine_labels")
CLASS_NAMES = ("classes", "class_names", "list_classes", "label_names", "fine_label_names", "categories")
_FILLERS = frozenset({"set", "orig", "all"})
_ENDINGS = (("t10k", Subset.TEST),)


class ArrayRole(StrEnum):
    """The role of an array in its file."""

    ITEMS = "items"
    LABELS = "labels"
    CLASSES = "classes"


@dataclass(frozen=True, slots=True)
class ParsedName:
    """The meaning of an array's name."""

    role: ArrayRole | None  #: None where its own word says none
    rank: int  #: among the names of its role; the plainest name is 0
    subset: Subset | None
    subset_word: str  #: that said so, "" for none
    scope: tuple[str, ...]  #: the other words of the name, by which arrays belong together


def list_item_names(modality: Modality | None = None) -> list[str]:
    """Return names of arrays of items: a modality's own, or those of all of them, and what any may be called."""
    owners = list(all_modalities()) if modality is None else [modality]
    return list(dict.fromkeys([name for owner in owners for name in owner.hints.array_names] + list(ITEM_NAMES)))


def parse_array_name(name: str, item_names: Sequence[str]) -> ParsedName:
    """Return the meaning of a name with "/" between its steps; the last step is the array's own.

    Args:
        name: in any case.
        item_names: as ``list_item_names`` has them.
    """
    roles = _list_roles(item_names)
    *outer, own = (_split_words(step, roles) for step in name.split("/"))
    words = [word for word in own if not _parse_word(word)]
    kept = "_".join(word for word in words if word not in _FILLERS)
    role, rank = roles.get(kept, (None, 0))
    said = [word for step in (own, *reversed(outer)) for word in step if _parse_word(word)]
    subset_word = said[0] if said else ""
    left = [word for step in outer for word in step if not _parse_word(word) and word not in roles]
    if role is None:
        left += words
    scope = tuple(word for word in dict.fromkeys(left) if word not in _FILLERS)
    return ParsedName(role, rank, _parse_word(subset_word), subset_word, scope)


def refuse_several_sets(root: str, scopes: Iterable[tuple[str, ...]]) -> None:
    """Refuse to read sets together whose names differ by more than numbers: they may have nothing in common.

    Args:
        root: the source, for a person.
        scopes: of the items, as ``ParsedName`` has them.

    Raises:
        DataError: there are several sets.
    """
    names = {tuple(word for word in scope if not word.isdecimal()): "_".join(scope) for scope in scopes}
    if len(names) > 1:
        seen = preview(sorted(name or "one without a name" for name in names.values()))
        raise DataError(f"{root!r} has {len(names)} sets: {seen}; give one of them, or a folder with its files alone")


def _list_roles(item_names: Sequence[str]) -> dict[str, tuple[ArrayRole, int]]:
    """Return every name that says a role, in lower case -> the role and the name's rank."""
    found: dict[str, tuple[ArrayRole, int]] = {}
    for role, names in (
        (ArrayRole.ITEMS, item_names),
        (ArrayRole.LABELS, LABEL_NAMES),
        (ArrayRole.CLASSES, CLASS_NAMES),
    ):
        for rank, name in enumerate(names):
            found.setdefault(name.lower(), (role, rank))
    return found


def _split_words(step: str, roles: dict[str, tuple[ArrayRole, int]]) -> list[str]:
    """Return the words of a step in lower case: between signs, at capitals, and a subset joined to a role."""
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", step)
    words: list[str] = []
    for word in filter(None, re.split(r"[^0-9a-z]+", parts.lower())):
        words += _split_joined(word, roles)
    return words


def _split_joined(word: str, roles: dict[str, tuple[ArrayRole, int]]) -> list[str]:
    """Return ``xtrain`` and ``trainx`` as two words."""
    for role in roles:
        if word.startswith(role) and _parse_word(word[len(role) :]):
            return [role, word[len(role) :]]
        if word.endswith(role) and _parse_word(word[: -len(role)]):
            return [word[: -len(role)], role]
    return [word]


def _parse_word(word: str) -> Subset | None:
    return dict(_ENDINGS).get(word) or parse_subset(word)
