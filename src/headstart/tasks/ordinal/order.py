"""The order of classes: as it was given, by the numbers in their names, or by words of scales that many people use."""

import re
from collections.abc import Sequence

from headstart.data.names import preview
from headstart_runtime.errors import DataError, nearest

#: Words from low to high; classes that are all of one scale have its order.
SCALES: tuple[tuple[str, ...], ...] = (
    ("terrible", "very bad", "bad", "poor", "fair", "acceptable", "good", "very good", "excellent", "outstanding"),
    ("very poor", "poor", "average", "good", "very good", "excellent"),
    ("none", "minimal", "mild", "moderate", "severe", "very severe", "extreme"),
    ("healthy", "mild", "moderate", "severe", "very severe", "extreme"),
    ("normal", "minimal", "mild", "moderate", "severe", "very severe", "extreme"),
    ("none", "very low", "low", "medium", "high", "very high"),
    ("very low", "low", "moderate", "high", "very high"),
    ("low", "normal", "high"),
    ("tiny", "very small", "small", "medium", "large", "very large", "huge"),
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("empty", "low", "half", "full"),
    ("never", "rarely", "sometimes", "often", "always"),
    ("very easy", "easy", "medium", "hard", "very hard"),
    ("beginner", "intermediate", "advanced", "expert"),
    ("baby", "toddler", "child", "teenager", "young adult", "adult", "senior"),
    ("young", "middle aged", "old"),
    ("cold", "cool", "warm", "hot"),
    ("unripe", "half ripe", "ripe", "overripe", "rotten"),
    ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"),
    ("very dissatisfied", "dissatisfied", "neutral", "satisfied", "very satisfied"),
    ("early", "middle", "late"),
    ("first", "second", "third", "fourth", "fifth", "sixth"),
    ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
)
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_SIGNS = re.compile(r"[\s_\-.–+<>≤≥%]+|\bto\b")  # of ranges and blanks: "10-19", "60+", "<10"
_ROMAN = re.compile(r"\b(?:i{1,3}|iv|vi{0,3}|ix|x)$")
_RANGE = re.compile(
    r"(?:[0-9]+ ?(?:[-–]|to) ?[0-9]+|[0-9]+ ?\+|[<>≤≥] ?[0-9]+)(?: ?[^\W\d_]+| ?%)?"
)  #: a band of ages, of sizes
_GRADED = re.compile("grade|stage|level|score|rating|star")
_ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")


def check_order(order: Sequence[str], classes: Sequence[str]) -> None:
    """Raise an error where an order that was given is not of the classes that there are.

    Args:
        order: as it was given, from lowest to highest.
        classes: that the labels name.

    Raises:
        DataError: it misses a class, names one that is not there, or names one twice; all in one line.
    """
    twice = sorted({name for name in order if list(order).count(name) > 1})
    unknown = [name for name in dict.fromkeys(order) if name not in classes]
    missed = [name for name in classes if name not in order]
    faults = [f"names {preview(twice)} twice"] if twice else []
    if missed:
        faults.append(f"misses the class{'es' * (len(missed) > 1)} {preview(missed)}")
    if unknown:
        hint = f" ({nearest(unknown[0], missed)})" if missed else ""
        faults.append(f"names {preview(unknown)}, of which there is no sample{hint}")
    if faults:
        seen = ",".join(order)
        raise DataError(f"--order {seen!r} {' and '.join(faults)}; wanted each class once, from lowest to highest")


def sort_by_numbers(names: Sequence[str]) -> tuple[str, ...] | None:
    """Return names in the order of the numbers in them; None where they differ in more than that, or in no number.

    "grade 2" comes before "grade 10", "<10" before "10-19", "stage II" before "stage III", "-1" before "0".
    """
    keys = [_read_number(name) for name in names]
    known = [key for key in keys if key is not None]
    if len(known) < len(names) or len({text for text, _ in known}) > 1 or len({at for _, at in known}) < len(names):
        return None
    return tuple(name for _, name in sorted(zip((at for _, at in known), names, strict=True)))


def _read_number(name: str) -> tuple[str, tuple[float, ...]] | None:
    """Return the text around the numbers of a name, and the place that they give it; None where there is no number."""
    text = name.strip().casefold()
    if whole := re.fullmatch(r"[+-]?[0-9]+(?:[.,][0-9]+)?", text):
        return "", (float(whole[0].replace(",", ".")), 0.0)
    if numbers := _NUMBER.findall(text):
        values = [float(number.replace(",", ".")) for number in numbers]
        below = re.match(r"\s*(?:<|≤|under|below|bis)", text)
        rest = re.sub(r"^(?:under|below|bis|over|above)\b", "", text)
        around = _SIGNS.sub("", _NUMBER.sub("", rest)).removesuffix("s")
        return around, (values[0], -1.0 if below else sum(values[1:]))
    if found := _ROMAN.search(text):
        return "roman " + _SIGNS.sub("", text[: found.start()]), (float(_ROMANS.index(found[0])), 0.0)
    return None


def sort_by_words(names: Sequence[str]) -> tuple[str, ...] | None:
    """Return names in the order of a scale that all of them are words of; None where there is none."""
    words = {re.sub(r"[\s_\-.]+", " ", name).strip().casefold(): name for name in names}
    if len(words) < len(names):
        return None
    scale = next((scale for scale in SCALES if words.keys() <= set(scale)), None)
    return None if scale is None else tuple(words[word] for word in scale if word in words)


def match_order(order: Sequence[str], classes: Sequence[str]) -> tuple[str, ...]:
    """Return an order as it was given with names spelt as the classes are, where only capitals and blanks differ."""
    spelt = {name.strip().casefold(): name for name in classes}
    if len(spelt) < len(classes):
        return tuple(order)
    return tuple(name if name in classes else spelt.get(name.strip().casefold(), name) for name in order)


def are_grades(names: Sequence[str]) -> bool:
    """Return whether classes look like grades.

    They are the whole numbers from 1 to 3 and up to 10, those from 0 to 4, words of a scale, or bands such as "10-19".
    """
    ordered = sort_by_numbers(names)
    if ordered is None:
        scale = sort_by_words(names)
        return scale is not None and len(scale) > 2
    if not all(re.fullmatch("[0-9]+", name) for name in ordered):
        bands = all(_RANGE.fullmatch(name.strip().casefold()) for name in names)
        return len(ordered) > 2 and (bands or all(_GRADED.search(name.casefold()) for name in names))
    numbers = [int(name) for name in ordered]
    return (numbers == list(range(1, len(numbers) + 1)) and 3 <= len(numbers) <= 10) or numbers == [0, 1, 2, 3, 4]
