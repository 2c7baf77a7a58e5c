"""The positive class: as the settings name it, or, of two classes, as their names say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from headstart_runtime.errors import SettingError, nearest

#: Words of what is looked for, and of its absence.
PRESENT = """
yes y positive pos true present defect defects defective defected faulty fault faults bad nok ng reject rejected fail
failed anomaly anomalies anomalous abnormal disease diseased sick ill infected unhealthy infection lesion tumor tumour
malignant cancer carcinoma pneumonia covid covid19 tuberculosis fracture fractured parasitized damage damaged broken
crack cracked cracks scratch scratched dirty rotten spoiled spam fraud fire smoke flood patient case unsafe
"""
ABSENT = """
no n negative neg false absent ok okay good pass passed normal healthy benign clean uninfected unaffected intact
undamaged uncracked unbroken nothing none empty background control controls ham fresh safe nofire
"""
_THERE, _NOT_THERE = frozenset(PRESENT.split()), frozenset(ABSENT.split())
_NEGATIONS = frozenset({"no", "non", "not", "without", "un"})


@dataclass(frozen=True, slots=True)
class PositiveClass:
    """The positive class."""

    index: int
    guessed: bool  #: from the names; nobody said so


def find_positive(named: str | None, classes: Sequence[str]) -> PositiveClass | None:
    """Return the positive class; None where it is not named, and names do not say it.

    Args:
        named: by the user; None: nobody did.
        classes: their names.

    Raises:
        SettingError: there is no class of that name.
    """
    if named is None:
        guessed = guess_positive(classes)
        return None if guessed is None else PositiveClass(guessed, guessed=True)
    if named not in classes:
        raise SettingError(f"positive {named!r} is no class of this data; {nearest(named, list(classes))}")
    return PositiveClass(list(classes).index(named), guessed=False)


def guess_positive(classes: Sequence[str]) -> int | None:
    """Return which of two classes is looked for, by their names, such as yes of yes and no; None where neither is."""
    if len(classes) != 2:
        return None
    if set(classes) == {"0", "1"}:
        return list(classes).index("1")
    first, second = map(_judge_name, classes)
    return None if first == second else int(second > first)


def _judge_name(name: str) -> int:
    """Return 1 for a name of what is looked for, -1 for the absence of it, 0 for any other."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    negated = len(words) > 1 and words[0] in _NEGATIONS
    rest = words[1:] if negated else words
    found = (1 if any(word in _THERE for word in rest) else 0) - (1 if any(word in _NOT_THERE for word in rest) else 0)
    return (-found or -1) if negated else found
