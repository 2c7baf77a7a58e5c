"""The choice of a source's modality: by the setting, else by names of files, columns of a table, or arrays.

Where only one modality is installed there is nothing to choose, and nothing is looked at.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.sources import SampleSource
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.given import accepts_rows, takes_texts
from headstart_runtime.modalities.item import Excerpt, Noun
from headstart_runtime.modalities.modality import REGISTRY, Modality, all_modalities, get_modality

AUTO = "auto"  #: the setting by which the source decides
CLEAR = 2  #: times as many items as of any other modality are wanted
SURE = 10  #: times as many need no note
PAIRED = 0.9  #: share of files that have another one beside them, and so are about those
LOOK_INTO = 50  #: files whose endings say nothing
HEAD = 1 << 16  #: bytes of each
LOOK_AT = 1000  #: rows of a table, or samples of another package's reader


@dataclass(frozen=True, slots=True)
class ModalityChoice:
    """The modality of a source."""

    modality: Modality
    notes: tuple[str, ...] = ()  #: what else the source may be, for a person


def choose_only(setting: str) -> Modality | None:
    """Return the modality that is set, or the only one that is installed; None where the source has to decide.

    Raises:
        SettingError: there is none of that name.
    """
    if setting != AUTO:
        return get_modality(setting)
    installed = list(all_modalities())
    return installed[0] if len(installed) == 1 else None


def find_source_noun(setting: str) -> Noun:
    """Return the word for items where nothing of the source is known yet.

    Raises:
        SettingError: there is no modality of that name.
    """
    only = choose_only(setting)
    return only.noun if only else Noun("item", "items")


def list_clear_suffixes() -> frozenset[str]:
    """Return the endings that items alone have: texts lie beside others too, as notes, lists and labels."""
    textual = {modality.name for modality in list_textual()}
    return frozenset(it for one in all_modalities() if one.name not in textual for it in one.suffixes)


def order_modalities(known: Modality | None) -> list[list[Modality]]:
    """Return the modalities that items are looked for of, one list after the other: any words may be a text.

    Args:
        known: the only one that counts; None where all do.
    """
    if known:
        return [[known]]
    textual = list_textual()
    names = {modality.name for modality in textual}
    clear = [modality for modality in all_modalities() if modality.name not in names]
    return [which for which in (clear, textual) if which]


def choose_by_names(setting: str, names: Iterable[str], source: str) -> ModalityChoice:
    """Return the modality of files by the endings of their names.

    Args:
        setting: the name of one, or ``AUTO``.
        names: of the files; looked at only where there is something to choose.
        source: for an error.

    Raises:
        DataError: they may be of several.
        SettingError: there is none of that name.
    """
    if only := choose_only(setting):
        return ModalityChoice(only)
    paths = [PurePosixPath(name) for name in names]
    suffixes = Counter(path.suffix.lower() for path in paths)
    counts = {modality.name: sum(suffixes[suffix] for suffix in modality.suffixes) for modality in all_modalities()}
    for modality in list_textual():
        if counts[modality.name] and _are_about_others(paths, modality):
            counts[modality.name] = 0
    return _choose_by_counts(counts, source)


def _are_about_others(paths: Sequence[PurePosixPath], modality: Modality) -> bool:
    """Return whether nearly all files of a modality go with one of another, as boxes and captions of items do.

    They are called alike and lie in one folder, or in folders that only say what is in them.
    """
    holders = {"labels", "annotations", "captions"}.union(*(it.hints.container_words for it in all_modalities()))

    def get_key(path: PurePosixPath) -> tuple[str, ...]:
        return (*(step for step in path.parts[:-1] if step.lower() not in holders), path.stem)

    clear = list_clear_suffixes()
    others = {get_key(path) for path in paths if path.suffix.lower() in clear}
    own = [path for path in paths if path.suffix.lower() in modality.suffixes]
    return sum(get_key(path) in others for path in own) >= PAIRED * len(own)


def choose_by_files(setting: str, paths: Iterable[Path], source: str) -> ModalityChoice:
    """Return the modality of files by their endings; where none is known, by the bytes that some of them begin with.

    Arguments and errors are as of ``choose_by_names``.
    """
    if only := choose_only(setting):
        return ModalityChoice(only)
    listed = list(paths)
    known = {suffix for modality in all_modalities() for suffix in modality.suffixes}
    if not listed or any(path.suffix.lower() in known for path in listed):
        return choose_by_names(setting, (path.as_posix() for path in listed), source)
    some = listed[:: max(1, len(listed) // LOOK_INTO)][:LOOK_INTO]
    return choose_by_contents(setting, filter(None, map(_read_beginning, some)), source)


def _read_beginning(path: Path) -> bytes:
    """Return the first bytes of a file; b"" of what is none, or cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(HEAD)
    except OSError:
        return b""


def choose_by_contents(setting: str, heads: Iterable[bytes], source: str) -> ModalityChoice:
    """Return the modality of files by the bytes they begin with; arguments and errors as of ``choose_by_names``."""
    if only := choose_only(setting):
        return ModalityChoice(only)
    beginnings = list(heads)
    counts = {
        modality.name: sum(recognised)
        for modality, recognised in REGISTRY.poll(lambda one: [one.recognise(head) is True for head in beginnings])
    }
    return _choose_by_counts(counts, source)


def choose_by_array(setting: str, array: NDArray[Any], source: str) -> Modality:
    """Return the modality of an array's rows; the first one that is installed where it looks like none.

    Raises:
        DataError: it may be of several.
        SettingError: there is none of that name.
    """
    if only := choose_only(setting):
        return only
    fitting = [modality for modality, accepts in REGISTRY.poll(lambda one: accepts_rows(one, array)) if accepts]
    if not fitting:
        return next(iter(all_modalities()))
    return take_only(fitting, f"{source}: an array {array.shape} of {array.dtype}")


def choose_by_items(setting: str, items: Sequence[Any], source: str) -> ModalityChoice:
    """Return the modality of items in memory: paths, texts, bytes or arrays, by the sort that most of them are of.

    Texts that mostly end like files of a modality whose items are no texts are taken for paths.

    Args:
        setting: the name of one, or ``AUTO``.
        items: some, one at least.
        source: for an error.

    Raises:
        DataError: they may be of several.
        SettingError: there is none of that name.
    """
    if only := choose_only(setting):
        return ModalityChoice(only)
    paths = [os.fsdecode(item) for item in items if isinstance(item, os.PathLike)]
    texts = [item for item in items if isinstance(item, str)]
    contents = [bytes(item) for item in items[:LOOK_AT] if isinstance(item, bytes | bytearray | memoryview)]
    if not paths and not texts:
        if contents:
            return choose_by_contents(setting, contents, source)
        return ModalityChoice(choose_by_array(setting, np.asarray(items[0])[None], source))
    if len(texts) <= len(paths):
        return choose_by_names(setting, paths, source)
    textual = list_textual()
    suffixes = {it for modality in all_modalities() if modality not in textual for it in modality.suffixes}
    names = sum(PurePosixPath(text).suffix.lower() in suffixes for text in texts)
    if textual and 2 * names < len(texts):
        return ModalityChoice(take_only(textual, f"{source}: {len(texts)} texts"))
    return choose_by_names(setting, texts, source)


def choose_by_sources(setting: str, sources: Sequence[SampleSource], source: str) -> ModalityChoice:
    """Return the modality of samples of which their reader does not say it, by their addresses, else by the first one.

    Raises:
        DataError: they may be of several.
        SettingError: there is none of that name.
        OSError: the first one cannot be read.
    """
    if only := choose_only(setting):
        return ModalityChoice(only)
    suffixes = {suffix for modality in all_modalities() for suffix in modality.suffixes}
    addresses = [place.uri for place in sources[:LOOK_AT]]
    if not sources or any(PurePosixPath(uri).suffix.lower() in suffixes for uri in addresses):
        return choose_by_names(setting, addresses, source)
    first = sources[0].read()
    if isinstance(first, bytes):
        return choose_by_contents(setting, [first], source)
    if isinstance(first, Excerpt):
        cut = [modality for modality in all_modalities() if any(modality.hints.span_columns)]
        return ModalityChoice(take_only(cut or list(all_modalities())[:1], f"{source}: stretches of files"))
    return ModalityChoice(choose_by_array(setting, first[None], source))


def _choose_by_counts(counts: dict[str, int], source: str) -> ModalityChoice:
    (first, most), (second, next_most) = Counter(counts).most_common(2)
    modality, other = get_modality(first), get_modality(second)
    if not most:
        modality = next(iter(all_modalities()))
        note = f"nothing says what the files are; they are read as {modality.noun.many}; --modality says otherwise"
        return ModalityChoice(modality, (note,))
    both = f"{modality.noun.count(most)} and {other.noun.count(next_most)}"
    if most < CLEAR * next_most:
        raise DataError(f"{source} has {both}; {_ask((first, second))}")
    if most < SURE * next_most:
        note = f"there are {both}; the {modality.noun.many} are read; --modality {second} if the others are meant"
        return ModalityChoice(modality, (note,))
    return ModalityChoice(modality)


def list_textual() -> list[Modality]:
    """Return the modalities of which a str is an item."""
    return [modality for modality, takes in REGISTRY.poll(takes_texts) if takes]


def take_only(fitting: Sequence[Modality], what: str) -> Modality:
    """Return the one modality that something may be of.

    Args:
        fitting: one at least.
        what: the items, for the error.

    Raises:
        DataError: there are several.
    """
    if len(fitting) > 1:
        listed = " or ".join(modality.noun.many for modality in fitting)
        raise DataError(f"{what} may be of {listed}; {_ask(it.name for it in fitting)}")
    return fitting[0]


def _ask(names: Iterable[str]) -> str:
    return "choose with " + " or ".join(f"--modality {name}" for name in names)
