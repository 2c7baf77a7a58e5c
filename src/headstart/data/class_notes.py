"""Notes on the classes of samples: names that differ by a letter, numbers that measure, classes that a part lacks."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from headstart.data.decisions import PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.label_forms import propose_tasks
from headstart.data.readers.words import split_words
from headstart.data.samples import Samples, Subset

FEW = 0.5  #: samples of a class that may be misspelt, by those of the other
SHORTEST = 3  #: characters of a name
LONGEST = 100  #: characters of a name; what is longer is no word
SHORT = 5  #: characters of a name in which another letter makes another word: ``cat``, ``bat``
MOST = 3  #: pairs in a note
SHOWN = 5  #: names in a note
NUMBERS = 8  #: classes that are whole numbers, which may measure something
RARE = 10  #: samples of a label under which what is said of it is mostly chance
#: What a column of numbers that measure is called.
_MEASURES = frozenset(
    "age alter edad price preis weight gewicht height length width size rating ratings stars score scores points "  # noqa: SIM905
    "note temperature year month count amount area volume distance percent percentage mm cm kg g".split()
)
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def note_classes(samples: Samples) -> Samples:
    """Return the samples with notes on their classes, behind all others."""
    reading = samples.task.targets
    if not reading.single:
        notes = list(_note_rare_strata(samples))
    elif len(samples.classes) < 2:
        notes = []
    else:
        counts = Counter(samples.classes[sample.target] for sample in samples.samples)
        unordered = () if reading.ordered else _note_numbers(samples)
        notes = [*_note_misspelt(counts), *unordered, *_note_parts(samples)]
    return replace(samples, ledger=replace(samples.ledger, notes=(*samples.ledger.notes, *notes)))


def find_near_names(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of names that differ by one letter, or by two that are swapped; not by a digit."""
    shared: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        if len(name) > LONGEST:
            continue
        folded = name.casefold()
        for key in {folded, *(folded[:at] + folded[at + 1 :] for at in range(len(folded)))}:
            shared[key].append(name)
    pairs = {
        tuple(sorted((one, other)))
        for alike in shared.values()
        for place, one in enumerate(alike)
        for other in alike[:place]
    }
    return sorted((one, other) for one, other in pairs if _may_be_one(one, other))


def _may_be_one(one: str, other: str) -> bool:
    digits = re.sub(r"\D", "", one) == re.sub(r"\D", "", other)
    short = min(len(one), len(other))
    inserted = len(one) != len(other)
    return digits and one.casefold() != other.casefold() and short >= (SHORTEST if inserted else SHORT)


def _note_misspelt(counts: Counter[str]) -> Iterator[str]:
    """Yield a note on classes of few samples whose names are nearly those of others."""
    pairs = [sorted(pair, key=counts.__getitem__) for pair in find_near_names(list(counts))]
    odd = [(few, many) for few, many in pairs if counts[few] <= FEW * counts[many]]
    if odd:
        shown = ", ".join(f"{few!r} ({counts[few]}) and {many!r} ({counts[many]})" for few, many in odd[:MOST])
        more = f" and {len(odd) - MOST} more pairs" if len(odd) > MOST else ""
        yield f"names of classes that differ by a letter: {shown}{more}; where two are one class, call both the same"


def _note_numbers(samples: Samples) -> Iterator[str]:
    """Yield a note on classes that are numbers, where these look like a measure."""
    names = samples.classes
    if samples.proposals or not all(_NUMBER.fullmatch(name) for name in names):
        return  # another task was proposed for them
    columns = [it.place[-1] for it in samples.decisions if it.kind is PlaceKind.COLUMN and it.role is Role.LABELS]
    called = any(_MEASURES & set(split_words(column)) for column in columns)
    fractions = any(re.search(r"[.,]\d*[1-9]", name) for name in names)
    whole = [] if fractions else sorted(int(float(name.replace(",", "."))) for name in names)
    gaps = bool(whole) and len(whole) >= NUMBERS and whole[-1] - whole[0] >= len(whole) and bool(columns)
    if called or fractions or gaps:
        flags = propose_tasks("columns")
        ways = f"add {flags} to learn the numbers" if flags else "put them into a few ranges"
        yield (
            f"the {len(names)} classes are numbers, such as {preview(names)}: each is a class of its own here, and "
            f"none is nearer to another; where they measure something (an age, a score), {ways}"
        )


def _note_rare_strata(samples: Samples) -> Iterator[str]:
    """Yield notes on strata that few samples have, none, or all, where a sample may be of several."""
    strata, noun = samples.stratify(), samples.noun
    if strata.members is None or not len(samples):
        return
    counts = dict(zip(samples.classes, strata.membership.sum(axis=0).tolist(), strict=False))
    rare = [f"{name!r} ({count})" for name, count in counts.items() if 0 < count < RARE]
    if rare:
        shown = preview(rare, show=str, most=SHOWN)
        yield (
            f"{strata.noun}s that fewer than {RARE} {noun.many} have: {shown}; they are learnt as the others are, but "
            f"what is said of them is mostly chance: add {noun.many} that have them"
        )
    for count, words in ((0, f"no {noun.one} has"), (len(samples), f"all {noun.many} have")):
        if names := [name for name, own in counts.items() if own == count]:
            yield f"{words} {preview(names)}: nothing can be learnt of {'it' if len(names) == 1 else 'them'}"


def _note_parts(samples: Samples) -> Iterator[str]:
    """Yield a note for each given part that has no sample of some classes."""
    for subset in (Subset.VALIDATION, Subset.TEST):
        held = {sample.target for sample in samples.samples if sample.subset is subset}
        lacking = [name for place, name in enumerate(samples.classes) if place not in held]
        if held and lacking:
            means = "nothing is measured for" if subset is Subset.TEST else "nothing is chosen by"
            yield (
                f"the {subset} part has no {samples.noun.one} of {preview(lacking)}: {means} "
                f"{'it' if len(lacking) == 1 else 'them'}"
            )
