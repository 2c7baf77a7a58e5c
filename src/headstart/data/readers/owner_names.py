"""Names of files that say whose items they are: sides of a patient, barcodes, wells of a plate, copies of an original.

Here is the one list of such forms. Numbers that merely count items are none of them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

INSIDE = 0.9  #: share of the items whose names have to be of one form
LOOK_AT = 500  #: names by which a form is ruled out
ROUGHLY = 0.8  #: share of these
FEWEST = 3  #: owners for each class
EACH = 1.5  #: items of an owner, on average
COPIED = 0.1  #: share of the items that have another copy of the same original
_SIDES = ("left", "right", "front", "back", "od", "os")
_LETTERS = ("l", "r")  #: sides too, where both are there
_ALTERED = r"(?:aug|augmented|flip|flipped|rot|rotated|copy)\d*"
_ENDING = r"\.[^.]+$"


@dataclass(frozen=True, slots=True)
class OwnerForm:
    """A form of names that several items of one owner have."""

    name: re.Pattern[str]  #: of a whole name without its ending; its first part in brackets is the owner
    group: str  #: the owner in a ``--class-pattern``, up to what follows it
    end: str  #: what follows it there
    note: str  #: with {owner} and {name}: what was seen, and of whom items are then
    across: bool  #: whether an owner may have items of several classes
    is_plain: bool = False  #: whether the owner is the first word of names whose owners have one word
    is_copy: bool = False  #: whether items of one owner are copies of one original


@dataclass(frozen=True, slots=True)
class OwnerReading:
    """The owners that names speak of."""

    form: OwnerForm
    owners: Sequence[str]  #: of each item; "" for none
    note: str  #: what was seen, without what to do
    first_word: bool  #: whether the owner is the first word of each name


_SIDE_NOTE = (
    "the names of the files end in a side or the like, such as {end!r} in {name!r}: if those that begin alike are of "
    "one patient or thing"
)
#: Forms that mean nothing else; the first that fits is taken.
SURE_FORMS = (
    OwnerForm(
        re.compile(r"(.+)[._](?:jpe?g|png|bmp|webp|tiff?|avif)\.rf\.[0-9a-zA-Z]{16,}", re.IGNORECASE),
        r"[^/]+",
        r"\.rf\.",
        "the names of the files are those of Roboflow's copies, several of one original, such as of {owner!r} in "
        "{name!r}: to keep the copies of one together",
        across=False,
        is_copy=True,
    ),
    OwnerForm(
        re.compile(r"(TCGA-[A-Z0-9]{2}-[A-Z0-9]{4})(?:[-_. ].*)?"),
        r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}",
        "",
        "the names of the files are barcodes of TCGA, several of one patient, such as {owner!r} in {name!r}: to keep "
        "the patients together",
        across=True,
    ),
    OwnerForm(
        re.compile(r"((?:.*[\s._\-])?[A-P](?:0[1-9]|1\d|2[0-4]))[\s._\-](?:s|site|f|fld|field)[_\-]?\d+.*"),
        r"[^/]*[A-P](?:0[1-9]|1\d|2[0-4])",
        r"[\s._-](?:s|f)[a-z]*[_-]?\d",
        "the names of the files are wells and sites of plates, several of one well, such as {owner!r} in {name!r}: to "
        "keep the wells together",
        across=True,
    ),
    OwnerForm(
        re.compile(r"((?:.*[\s._\-])?r\d\dc\d\d)f\d\d.*"),
        r"[^/]*r\d\dc\d\d",
        r"f\d\d",
        "the names of the files are rows, columns and fields of plates, several of one well, such as {owner!r} in "
        "{name!r}: to keep the wells together",
        across=True,
    ),
)
#: Forms that only look so.
LIKELY_FORMS = (
    OwnerForm(
        re.compile(rf"(.*\d[^\W_]*)[\s._\-]+({'|'.join((*_SIDES, *_LETTERS))})", re.IGNORECASE),
        r"[^/]+",
        rf"[\s._-]+[a-zA-Z]+\d*{_ENDING}",
        _SIDE_NOTE,
        across=True,
        is_plain=True,
    ),
    OwnerForm(
        re.compile(rf"(.*\d[^\W_]*)[\s._\-]+({'|'.join(_SIDES)}|{_ALTERED})", re.IGNORECASE),
        r"[^/]+",
        rf"[\s._-]+[a-zA-Z]+\d*{_ENDING}",
        _SIDE_NOTE,
        across=False,
    ),
)


def read_owners(
    stems: Sequence[str], labels: Sequence[str], forms: Sequence[OwnerForm], classes: int = 0
) -> OwnerReading | None:
    """Return the owners in names, by the first form that nearly all of them have; None where there are none.

    Args:
        stems: names of files without their endings.
        labels: the class of each, as far as it is known.
        forms: as ``SURE_FORMS`` and ``LIKELY_FORMS`` have them.
        classes: how many there are; 0 counts them.
    """
    classes = classes or len(set(labels))
    some = stems[:: max(1, len(stems) // LOOK_AT)]
    for form in forms:
        if sum(bool(form.name.fullmatch(stem)) for stem in some) < ROUGHLY * len(some):
            continue
        matches = [form.name.fullmatch(stem) for stem in stems]
        found = [(label, match) for label, match in zip(labels, matches, strict=True) if match]
        if found and len(found) >= INSIDE * len(stems) and _make_owners(form, found, classes):
            first = found[0][1]
            note = form.note.format(owner=first[1], name=first[0], end=first[first.re.groups])
            one_word = form.is_plain and not any(re.search(r"[\s._\-]", match[1]) for _, match in found)
            return OwnerReading(form, [match[1] if match else "" for match in matches], note, one_word)
    return None


def _make_owners(form: OwnerForm, found: Sequence[tuple[str, re.Match[str]]], classes: int) -> bool:
    """Return whether there are some owners for each class, of which several have more items than one."""
    heads = {(label, match[1]) for label, match in found}
    owners = {head for _, head in heads} if form.across else heads
    if len(heads) < FEWEST * classes:
        return False
    if form.is_copy:
        sizes = Counter((label, match[1]) for label, match in found)
        return sum(size for size in sizes.values() if size > 1) >= COPIED * len(found)
    ends = {match[2].lower() for _, match in found} if form.is_plain else set()
    if set(_LETTERS) & ends and not set(_LETTERS) <= ends:
        return False
    return len(found) >= EACH * len(owners)
