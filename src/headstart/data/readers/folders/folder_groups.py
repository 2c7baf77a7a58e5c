"""Groups inside classes: folders of patients, videos, things or days in each class, or numbers of them in the names.

Items of one patient or one video are much alike. With some in train and some in test a score is too good, so folders
that are called like such owners are the groups; others that may be are named, with the flag that makes them groups.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headstart.data.decisions import ANY, Decision, PlaceKind, Role
from headstart.data.names import natural_key, preview
from headstart.data.readers.folders import folder_names
from headstart.data.readers.folders.folder_record import FolderLayout, LabelPlace, write_prefix
from headstart.data.readers.folders.folder_tree import PlacedFile
from headstart.data.readers.owner_names import LIKELY_FORMS, SURE_FORMS, OwnerForm, read_owners
from headstart.data.readers.words import TRACK
from headstart.quoting import quote_argument

Folders = Mapping[str, Sequence[PlacedFile]]  #: class -> its items

INSIDE = 0.9  #: share of the items that have to lie in folders inside the classes
FEWEST = 3  #: groups in each class, so that train, validation and test may have one each
EACH = 3  #: items of a track, on average


@dataclass(frozen=True, slots=True)
class _InnerFolders:
    """The folders right in the class folders."""

    of_class: Mapping[str, frozenset[str]]  #: class -> their names
    share: float  #: of the items that lie in one
    are_last: bool  #: whether the items lie right in them

    @property
    def names(self) -> list[str]:
        """All their names in natural order."""
        return sorted(frozenset().union(*self.of_class.values()), key=natural_key)

    @property
    def are_shared(self) -> bool:
        """Whether a name stands in several classes."""
        return sum(map(len, self.of_class.values())) > len(self.names)


def find_groups(layout: FolderLayout, place: LabelPlace, folders: Folders) -> None:
    """Set the groups of classes that are the first folders, where clear, and note those that may be.

    Args:
        layout: of the source.
        place: of the classes; gets the groups, notes and decisions.
        folders: the first folders with their items.
    """
    place.notes += _describe_ragged(layout, folders)
    inner = _list_inner_folders(folders)
    if inner.share >= INSIDE and len(inner.names) > 1 and folder_names.are_owners(inner.names):
        _use_owners(layout, place, folders, inner)
        return
    if notes := list(_describe_inner_folders(layout, folders, inner)):
        place.notes += notes
        return
    place.group_notes += (
        _describe_owner_names(layout, folders, SURE_FORMS)
        or _describe_tracks(layout, folders)
        or _describe_owner_names(layout, folders, LIKELY_FORMS)
    )


def describe_inner_level(layout: FolderLayout, folders: Folders) -> str:
    """Return a note where folders lie in the class folders, which could be the classes; "" where none do."""
    deep = [it.steps[-1] for files in folders.values() for it in files if len(it.steps) > 1]
    inner = sorted(set(deep))
    if len(inner) < 2 or 2 * len(deep) < sum(map(len, folders.values())):
        return ""
    return (
        f"the first folders are the classes ({preview(list(folders))}); if the folders right above the "
        f"{layout.modality.noun.many} are ({preview(inner)}), add --classes-from parent"
    )


def _describe_ragged(layout: FolderLayout, folders: Folders) -> list[str]:
    """Return a note where some first folders have items and others only folders with items, which may be classes."""
    hints = layout.modality.hints
    inner = {name: sorted({it.steps[1] for it in files if len(it.steps) > 1}) for name, files in folders.items()}
    deep = {name: inner[name] for name, files in folders.items() if all(len(it.steps) > 1 for it in files)}
    deep = {name: below for name, below in deep.items() if len(below) > 1}
    if not deep or len(deep) + sum(not below for below in inner.values()) < len(folders) or len(deep) == len(folders):
        return []
    below = [name for names in deep.values() for name in names]
    plain = not any(
        folder_names.is_view(one) or folder_names.is_place(one, hints) or re.search(r"\d", one) for one in below
    )
    if not plain or folder_names.are_owners(below) or len(set(below)) < len(below):
        return []
    first = next(iter(deep))
    are = "is one class" if len(deep) == 1 else "are one class each"
    note = (
        f"{preview(list(deep))} {are} of all folders in it, such as {preview(deep[first])}, beside classes without "
        f"such folders; if each folder right above the {layout.modality.noun.many} is a class, add --classes-from "
        "parent"
    )
    return [note]


def _list_inner_folders(folders: Folders) -> _InnerFolders:
    items = [it for files in folders.values() for it in files]
    of_class = {name: frozenset(it.steps[1] for it in files if len(it.steps) > 1) for name, files in folders.items()}
    inside = [it for it in items if len(it.steps) > 1]
    return _InnerFolders(of_class, len(inside) / max(1, len(items)), all(len(it.steps) == 2 for it in inside))


def _use_owners(layout: FolderLayout, place: LabelPlace, folders: Folders, inner: _InnerFolders) -> None:
    """Take folders that are called like owners as the groups, unless a class has few of them or parts share some."""
    shown, many = preview(inner.names), layout.modality.noun.many
    flag = _find_flag(layout, inner, apart=False)
    if both := _list_straddlers(folders):
        place.notes.append(
            f"the folders in the classes ({shown}) look like patients or the like, and {preview(both)} "
            f"{'is' if len(both) == 1 else 'are'} in several parts: where that is one patient, {_say_leak(many)}; name "
            f"those that are the same alike and those that are not apart, then add {flag}"
        )
        return
    if few := [name for name, found in inner.of_class.items() if len(found) < FEWEST]:
        place.notes.append(
            f"the folders in the classes ({shown}) look like patients or the like, but {preview(few)} has fewer than "
            f"{FEWEST}, so they are not kept together, and {_say_leak(many)}; to keep them together, add {flag}"
        )
        return
    place.group_from = "inner"
    place.notes.append(
        f"the folders in the classes ({shown}) look like patients or the like and are the groups, since "
        f"{_say_leak(many)}; to split without them, add --classes-from folder"
    )
    for part in layout.parts:
        steps = (*part.node.steps, ANY, ANY)
        place.decisions.append(Decision(PlaceKind.FOLDER, steps, Role.GROUP, "looks like a patient or the like"))


def _describe_inner_folders(layout: FolderLayout, folders: Folders, inner: _InnerFolders) -> Iterator[str]:
    """Yield a note on folders in the classes that may be groups, or the classes."""
    level = describe_inner_level(layout, folders)
    names, several = inner.names, sum(len(found) > 1 for found in inner.of_class.values())
    views = any(folder_names.is_view(name) for name in names)
    if not level or views or inner.share < INSIDE or 2 * several < len(folders):
        yield from [level] if level else []
        return
    flag = _find_flag(layout, inner, apart=inner.are_shared)
    numbered = all(re.search(r"\d", name) for name in names)
    start = f"the first folders are the classes ({preview(list(folders))}); if each folder in them ({preview(names)})"
    start = start if numbered else f"{level}; if each of the folders in the first ones"
    yield f"{start} is one patient, thing or day, add {flag}: {_say_leak(layout.modality.noun.many)}"


def _describe_tracks(layout: FolderLayout, folders: Folders) -> list[str]:
    """Return a note where names of files are numbers of a track, as of a video, and of an item in it."""
    found: dict[str, Counter[str]] = {}
    for name, files in folders.items():
        found[name] = Counter(match[1] for it in files if (match := TRACK.fullmatch(it.file.stem)))
    items, tracks = sum(map(len, folders.values())), sum(map(len, found.values()))
    held = sum(sum(counts.values()) for counts in found.values())
    if held < INSIDE * items or tracks < FEWEST * len(folders) or held < EACH * tracks:
        return []
    shared = len(set().union(*found.values())) < tracks
    words = any(re.search(r"[\s._\-]", head) for counts in found.values() for head in counts)
    signs = {match[2] for files in folders.values() for it in files if (match := TRACK.fullmatch(it.file.stem))}
    inner = "(?:.*/)?" if any(len(it.steps) > 1 for files in folders.values() for it in files) else ""
    end = rf"{re.escape(signs.pop())}\d+\." if len(signs) == 1 else r"[\s._-]+\(?(?:[a-zA-Z]+[._ -]?)?\d+\)?\."
    pattern = f"{write_prefix(layout)}(?P<group>(?P<label>[^/]+)/{inner}[^/]+){end}"
    flag = "--group-from name" if not shared and not words else f"--class-pattern {quote_argument(pattern)}"
    first = next(it.file.stem for files in folders.values() for it in files if TRACK.fullmatch(it.file.stem))
    head = TRACK.fullmatch(first)
    note = (
        f"the names of the files begin with {tracks} numbers that several share, such as {head[1] if head else ''!r} "
        f"in {first!r}: if each is one video, patient or thing, add {flag}: {_say_leak(layout.modality.noun.many)}"
    )
    return [note]


def _describe_owner_names(layout: FolderLayout, folders: Folders, forms: Sequence[OwnerForm]) -> list[str]:
    """Return a note where names say whose items they are: ``10_left``, ``TCGA-AA-3500-01Z``, ``7_aug2``."""
    placed = [it for files in folders.values() for it in files]
    labels = [name for name, files in folders.items() for _ in files]
    reading = read_owners([it.file.stem for it in placed], labels, forms)
    if reading is None:
        return []
    form = reading.form
    inner = "(?:.*/)?" if any(len(it.steps) > 1 for it in placed) else ""
    label = "(?P<label>[^/]+)"
    group = f"{label}/{inner}(?P<group>{form.group})" if form.across else f"(?P<group>{label}/{inner}{form.group})"
    pattern = f"{write_prefix(layout)}{group}{form.end}"
    flag = "--group-from name" if reading.first_word else f"--class-pattern {quote_argument(pattern)}"
    many = layout.modality.noun.many
    parts: dict[tuple[str, str], set[object]] = {}
    for file, label, owner in zip(placed, labels, reading.owners, strict=True):
        parts.setdefault(("" if form.across else label, owner), set()).add(file.subset)
    several = sum(len(subsets) > 1 for (_, owner), subsets in parts.items() if owner)
    leak = f"; {several} of {len(parts)} are in several of the given parts, which is a leak" if several else ""
    return [f"{reading.note}, add {flag}: {_say_leak(many)}{leak}"]


def _find_flag(layout: FolderLayout, inner: _InnerFolders, *, apart: bool) -> str:
    """Return the flag that makes inner folders groups; apart where the same name in two classes is not the same."""
    if inner.are_last and not apart:
        return "--group-from parent"
    start = "(?P<group>(?P<label>[^/]+)/[^/]+)/" if apart else "(?P<label>[^/]+)/(?P<group>[^/]+)/"
    return f"--class-pattern {quote_argument(write_prefix(layout) + start)}"


def _list_straddlers(folders: Folders) -> list[str]:
    """Return the inner folders that have items in several parts."""
    seen: dict[str, set[object]] = {}
    for files in folders.values():
        for placed in files:
            if len(placed.steps) > 1:
                seen.setdefault(placed.steps[1], set()).add(placed.subset)
    return sorted((name for name, subsets in seen.items() if len(subsets) > 1), key=natural_key)


def _say_leak(many: str) -> str:
    return f"{many} of one in train and in test make the score too good"
