"""Classes and groups in the names of files: rules that read them, and the evidence for a rule."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from headstart.data.readers.words import OWNERS, split_words
from headstart.data.subsets import parse_subset
from headstart_runtime.modalities.item import SourceHints

FEWEST = 3  #: items that a class has, before names are taken for classes
MOST_SHARE = 0.34  #: classes of names for each item
COVERED = 0.9  #: share of the items that such classes have to hold
CROSSED = 0.5  #: share of the combinations of two words, of which so many occur where both vary freely

#: Before numbers in names that somebody or something counted. A modality has more, as devices name files.
_COUNTERS = frozenset(
    "scan page p file sample slice tile patch crop item copy untitled unnamed download new mask".split()  # noqa: SIM905
)
_SEPARATORS = r"[\s._\-]+"


@dataclass(frozen=True, slots=True)
class NameRule:
    """A rule that reads a class or a group off a file's name."""

    description: str  #: for a person
    read: Callable[[str], str]  #: a name without its ending -> the class; "" for none
    pattern: str = ""  #: of ``--class-pattern``, that does the same


@dataclass(frozen=True, slots=True)
class NameReading:
    """The classes that names of files speak of."""

    rule: NameRule
    classes: Mapping[str, int]  #: class -> items, most first
    group_rule: NameRule | None = None  #: reads the group, where names have one: a person, an animal
    others: tuple[tuple[NameRule, Mapping[str, int]], ...] = field(default=())  #: further readings, as good as this
    is_named: bool = False  #: whether the names say which part of them is the class

    @property
    def is_clear(self) -> bool:
        """Whether nothing else can be meant: words without numbers, that vary in one place only."""
        return self.is_named or (not self.others and not any(re.search(r"\d", name) for name in self.classes))


def find_masks(names: Sequence[str]) -> dict[str, str]:
    """Return mask -> the item that it belongs to, among the files of one folder: ``a.png`` and ``a_mask.png``."""
    stems = {name.rpartition(".")[0]: name for name in names}
    found = {}
    for stem, name in stems.items():
        match = re.fullmatch(
            r"(.+?)[\s._\-]+(?:mask|masks|seg|segmentation|groundtruth|gt)(?:[\s._\-]*\d+)?", stem.lower()
        )
        if match and (whole := stems.get(stem[: len(match[1])])):
            found[name] = whole
    return found


def _before_last_number(stem: str) -> str:
    return re.sub(r"[\s._\-]*\(?\d+\)?$", "", stem)


def _first_word(stem: str) -> str:
    return re.split(r"[\s._\-]", stem, maxsplit=1)[0]


def _before_first_number(stem: str) -> str:
    return re.split(r"[\s._\-]*\d", stem, maxsplit=1)[0]


NAME_RULES = (
    NameRule("the name up to the number at its end", _before_last_number, r"^(.*?)[\s._-]*\(?\d+\)?\.[^.]*$"),
    NameRule("the first word of the name", _first_word, r"^([^\s._-]+)"),
    NameRule("the name up to its first number", _before_first_number, r"^(\D*?)[\s._-]*\d"),
)
FIRST_WORD = NAME_RULES[1]
_NAMED = r"(?:^|[\s._-])(?:class|label|cls)[\s_-]?(\d+)(?=[\s._-]|$)"


def _named_class(stem: str) -> str:
    found = re.search(_NAMED, stem, re.IGNORECASE)
    return found[1] if found else ""


NAMED_CLASS = NameRule("the number behind the word class or label in the name", _named_class, _NAMED)


def find_name_rule(stems: Sequence[str], hints: SourceHints) -> NameRule | None:
    """Return the first rule by which names are of a few classes, with some items in each; None where none is."""
    return next((rule for rule in NAME_RULES if _count_classes(stems, rule, hints)), None)


def read_names(stems: Sequence[str], hints: SourceHints) -> NameReading | None:
    """Return the classes that names without their endings speak of; None where they speak of none."""
    if classes := _count_classes(stems, NAMED_CLASS, hints):
        return NameReading(NAMED_CLASS, classes, is_named=True)
    rule = find_name_rule(stems, hints)
    reading = NameReading(rule, _count_classes(stems, rule, hints)) if rule else None
    places = _find_varying_words(stems, hints)
    if places is None:
        return reading
    rules, owner = places
    counted = [(place, _count_classes(stems, place, hints)) for place in rules]
    if len(rules) > 1 and _are_crossed(stems, rules):
        return NameReading(*counted[0], others=tuple(counted[1:]))
    if len(rules) == 1 and (owner is not None or reading is None or not reading.is_clear):
        return NameReading(*counted[0], group_rule=owner)
    return reading


def _count_classes(stems: Sequence[str], rule: NameRule, hints: SourceHints) -> dict[str, int]:
    """Return class -> items by a rule; empty where these are no classes."""
    counts = Counter(rule.read(stem) for stem in stems)
    counts.pop("", None)
    large = {name: count for name, count in counts.most_common() if count >= FEWEST}
    enough = sum(large.values()) >= COVERED * len(stems) and len(counts) <= max(2, MOST_SHARE * len(stems))
    if len(large) < 2 or not enough or any(_is_counter(name, hints) for name in large):
        return {}
    return large


def _is_counter(name: str, hints: SourceHints) -> bool:
    """Return whether a name is one that a device gives, or that of a part of a split."""
    known = _COUNTERS | hints.counter_words
    words = split_words(name)
    return bool(words) and (words[0] in known or bool(parse_subset(name)))


# --- words at one place of all names ---------------------------------------------------------------------------------


def _find_varying_words(stems: Sequence[str], hints: SourceHints) -> tuple[list[NameRule], NameRule | None] | None:
    """Return rules for the places of words, where all names have as many, and one for the place of a numbered owner.

    None where names are not made of as many words each, or no place has a few words.
    """
    tokens = [re.split(_SEPARATORS, stem) for stem in stems]
    (length, most), *_ = Counter(map(len, tokens)).most_common(1) or [(0, 0)]
    if length < 2 or most < COVERED * len(stems):
        return None
    rules, owners = [], []
    for place in range(length):
        values = Counter(it[place] for it in tokens if len(it) == length)
        letters = {"".join(re.findall(r"[^\W\d_]+", value)) for value in values}
        rule = _make_place_rule(place)
        if len(letters) > 1 and "" not in letters and _count_classes(stems, rule, hints):
            rules.append(rule)
        elif {it.lower() for it in letters} <= OWNERS and 1 < len(values) <= MOST_SHARE * len(stems):
            owners.append(NameRule(f"the {_ordinal(place)} word of the name", _make_token_reader(place)))
    return (rules, owners[0] if len(owners) == 1 else None) if rules else None


def _make_place_rule(place: int) -> NameRule:
    skip = r"[^\s._-]+[\s._-]+" * place
    read_token = _make_token_reader(place)
    return NameRule(
        f"the {_ordinal(place)} word of the name",
        lambda stem: re.sub(r"\d+$", "", read_token(stem)),
        rf"^{skip}([^\s._\d-]+)",
    )


def _make_token_reader(place: int) -> Callable[[str], str]:
    def read(stem: str) -> str:
        tokens = re.split(_SEPARATORS, stem)
        return tokens[place] if place < len(tokens) else ""

    return read


def _are_crossed(stems: Sequence[str], rules: Sequence[NameRule]) -> bool:
    """Return whether words at several places vary freely, so that each may be the class."""
    values = [{rule.read(stem) for stem in stems} for rule in rules]
    together = {tuple(rule.read(stem) for rule in rules) for stem in stems}
    return len(together) > max(map(len, values)) and len(together) >= CROSSED * prod(map(len, values))


def _ordinal(place: int) -> str:
    words = ("first", "second", "third")
    return words[place] if place < len(words) else f"{place + 1}th"
