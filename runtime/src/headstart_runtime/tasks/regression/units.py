"""Units of numbers, as the names of columns have them, and numbers as people read them."""

import re

from headstart_runtime.tasks.task import TargetSpace

_BRACKETS = re.compile(r"^(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]{1,24})[)\]]\s*$")
_ENDINGS = re.compile(r"^(?P<name>.*[^_\W])_(?P<unit>[A-Za-z0-9]{1,8})$")
_WORDS = re.compile(r"^(?P<name>.*\S)\s+in\s+(?P<unit>\S{1,24})$")
#: Units that a name may end in, "weight_kg"; such as may be words or letters of a name are no such ones.
_KNOWN = {
    *("mm", "cm", "km", "nm", "um", "px", "mm2", "cm2", "m2", "km2", "mm3", "cm3", "m3", "ml", "dl", "cl", "mg", "kg"),
    *("ms", "sec", "secs", "seconds", "min", "mins", "minutes", "hours", "days", "weeks", "months", "years", "yrs"),
    *("deg", "degrees", "rad", "hz", "khz", "mhz", "kpa", "mpa", "mmhg", "kcal", "kwh", "kw", "lux", "ppm", "ppb"),
    *("usd", "eur", "gbp", "chf", "inr", "jpy", "cny", "percent", "pct", "celsius", "fahrenheit", "kelvin", "bpm"),
}
_SHORT = {
    "g",
    "m",
    "l",
    "s",
    "h",
    "v",
    "w",
    "%",
    "k",
    "°",
    "°c",
    "°f",
    "€",
    "$",
    "£",
}  #: behind "in", where only units stand


def find_unit(name: str) -> str:
    """Return the unit in a column's name, "g" of "weight (g)", "weight [g]", "weight in g"; "" where there is none."""
    if found := _BRACKETS.match(name.strip()):
        return found["unit"].strip()
    if (found := _WORDS.match(name.strip())) and found["unit"].lower() in _KNOWN | _SHORT:
        return found["unit"]
    found = _ENDINGS.match(name.strip())
    return found["unit"] if found and found["unit"].lower() in _KNOWN else ""


def list_units(space: TargetSpace) -> tuple[str, ...]:
    """Return the unit of each number of a space; "" where none is known."""
    units = space.facts.get("units", ())
    return tuple(map(str, units)) if len(units) == len(space) else ("",) * len(space)


def show_number(number: float) -> str:
    """Return a number as people read it: four digits, and no exponent unless it would be long."""
    if number != number or number in (float("inf"), float("-inf")):
        return "unknown" if number != number else str(number)
    if number == 0 or 1e-4 <= abs(number) < 1e4:
        return f"{number:.4g}"
    return f"{number:,.0f}" if 1e4 <= abs(number) < 1e12 else f"{number:.3e}"
