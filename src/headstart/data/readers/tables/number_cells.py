"""Numbers as people write them in cells: decimal commas and signs between thousands, read where they are clear."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from headstart.data.names import preview
from headstart.data.readers.tables.label_rows import is_missing

MOSTLY = 0.95  #: share of the cells that are numbers in a column of numbers; the others are refused by their rows
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d+,\d+")
_MINUS = "\u2212"  #: the typographic sign
#: A number with a sign of money before it, or with a unit behind it.
_MEASURE = re.compile(
    r"(?P<sign>[+-]?)(?P<before>[$€£¥~≈]?)\s*(?P<number>[+-]?[\d.,](?:[\d.,' \u00a0\u202f\u2019]*\d)?)"
    r"\s*(?P<after>%|[^\W\d_]*°?[^\W\d_]*[$€£¥²³]?(?:/[^\W\d_]+[²³]?)?)"
)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?P<sign>[,.\u00a0\u202f '\u2019])\d{3}((?P=sign)\d{3})*(?P<rest>[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class NumberCells:
    """The numbers in the cells of a column."""

    plain: dict[str, str] = field(default_factory=dict)  #: cell -> as Python reads it, of those written otherwise
    note: str = ""  #: on what was read, for a person
    doubt: str = ""  #: why it cannot be told what they mean; then none is changed


def is_number(cell: str) -> bool:
    """Return whether a cell is a number as Python reads it."""
    return _PLAIN.fullmatch(cell.strip()) is not None


def are_numbers(cells: Iterable[str]) -> bool:
    """Return whether nearly all cells but missing ones are numbers, however written, and two at least differ."""
    filled = {cell for cell in cells if not is_missing(cell)}
    bare, _ = _remove_unit(filled)
    fitting = [cell for cell in bare.values() if is_number(cell) or _COMMA.fullmatch(cell) or _GROUPED.fullmatch(cell)]
    return len(fitting) >= max(2, MOSTLY * len(filled))


def has_fractions(cells: Iterable[str]) -> bool:
    """Return whether a cell is a number that is not whole."""
    return any(is_number(cell) and not float(cell).is_integer() for cell in cells)


def read_number_cells(cells: Iterable[str]) -> NumberCells:
    """Return how the numbers in cells are written, where nearly all are numbers and some are not plain.

    They may all have one unit or one sign of money, and a typographic minus.
    """
    known = [cell for cell in dict.fromkeys(cells) if not is_missing(cell)]
    bare, unit = _remove_unit(known)
    if all(cell == text for cell, text in bare.items()):
        return _read_signs(known)
    found = _read_signs(list(dict.fromkeys(bare.values())))
    if found.doubt:
        return found
    plain = {cell: found.plain.get(text, text) for cell, text in bare.items()}
    if sum(map(is_number, plain.values())) < MOSTLY * len(known):
        return NumberCells()
    first = next(cell for cell, text in bare.items() if cell != text)
    read = f"{first!r} is read as {plain[first]}" + (f", all are in {unit}" if unit else "")
    changed = {cell: text for cell, text in plain.items() if cell != text}
    return NumberCells(changed, f"{found.note}; {read}" if found.note else read)


def _remove_unit(cells: Iterable[str]) -> tuple[dict[str, str], str]:
    """Return cells without the unit or the sign of money that nearly all of them have, and that; else as they are."""
    texts = {cell: cell.strip().replace(_MINUS, "-") for cell in cells}
    parts = {cell: match for cell, text in texts.items() if (match := _MEASURE.fullmatch(text))}
    units = Counter((match["before"], match["after"]) for match in parts.values())
    (before, after), count = units.most_common(1)[0] if units else (("", ""), 0)
    if not (before or after) or count < MOSTLY * len(texts):
        return texts, ""
    bare = {
        cell: match["sign"] + match["number"]
        for cell, match in parts.items()
        if (match["before"], match["after"]) == (before, after)
    }
    return {**texts, **bare}, after or before.strip("~≈")


def _read_signs(different: Sequence[str]) -> NumberCells:
    """Return how the decimals and thousands of numbers are written, where nearly all cells are numbers."""
    written = [
        cell for cell in different if _COMMA.fullmatch(cell) or (_GROUPED.fullmatch(cell) and not is_number(cell))
    ]
    plain = [cell for cell in different if is_number(cell)]
    if not written or len(written) + len(plain) < MOSTLY * len(different):
        return NumberCells()
    decimal_commas, comma_groups, other_groups = list[str](), list[str](), set[str]()
    for cell in written:
        match = _GROUPED.fullmatch(cell)
        sign = match["sign"] if match else ""
        if not sign or (sign == "." and match and match["rest"]):
            decimal_commas.append(cell)
        elif sign == "," and match and (match["rest"] or cell.count(",") > 1):
            comma_groups.append(cell)
        elif sign != ",":
            other_groups.add(sign)
            decimal_commas += [cell] if match and match["rest"] == "," else []
    points = [cell for cell in plain if re.search(r"\.(?!\d{3}$)", cell)]  # "1.234" may be thousands
    if decimal_commas and not comma_groups and not points:
        changed = [cell for cell in (*written, *plain) if "," in cell or "." in cell or other_groups & set(cell)]
        note = f"numbers such as {preview(decimal_commas, most=2)} are read with a decimal comma"
        return NumberCells({cell: _remove(cell, {".", *other_groups}).replace(",", ".") for cell in changed}, note)
    if not decimal_commas and (comma_groups or points or (other_groups and not any("," in it for it in written))):
        note = f"numbers such as {preview(comma_groups or written, most=2)} are read without what parts their thousands"
        return NumberCells({cell: _remove(cell, {",", *other_groups}) for cell in written}, note)
    first = written[0]
    return NumberCells(doubt=f"{first!r} may be a fraction or thousands")


def _remove(cell: str, signs: set[str]) -> str:
    return "".join(sign for sign in cell if sign not in signs)
