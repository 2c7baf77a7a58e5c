"""Values of settings that are written as text, and the words for those that are wrong."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from headstart.settings.registry import list_allowed_values, list_chapters
from headstart_runtime.errors import SettingError, nearest


def parse_duration(budget: str | None) -> float | None:
    """Return the seconds of a budget such as "90s", "10m" or "2h"; None for None.

    Raises:
        SettingError: another form.
    """
    if budget is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600}
    try:
        value = float(budget[:-1]) * units[budget[-1:]]
    except (ValueError, KeyError):
        value = 0.0
    if not 0 < value < float("inf"):
        fault = "has to be above 0" if value < 0 else "is not a time"
        raise SettingError(f"budget {budget!r} {fault}; wanted a number and s, m or h, such as 90s, 10m or 2h")
    return value


def parse_size(size: str) -> int:
    """Return the bytes of a size such as "500MB" or "4GB"; units are thousands.

    Raises:
        SettingError: another form.
    """
    units = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "B": 1}
    text = size.strip().upper()
    unit = next((name for name in units if text.endswith(name)), "")
    try:
        value = float(text.removesuffix(unit)) * units[unit]
    except (ValueError, KeyError):
        value = float("nan")
    if not 0 <= value < float("inf"):
        fault = "must not be below 0" if value < 0 else "is not one"
        raise SettingError(f"size {size!r} {fault}; wanted a number and a unit, such as 500MB or 2GB")
    return int(value)


def locate_store(given: Path | None = None) -> Path:
    """Return the folder of the store: the argument, HEADSTART_STORE, or the platform's cache folder.

    Raises:
        SettingError: that is a file.
    """
    named = given or os.environ.get("HEADSTART_STORE")
    if not named:
        import platformdirs

        return Path(platformdirs.user_cache_dir("headstart", appauthor=False))
    folder = Path(named).expanduser()
    if folder.exists() and not folder.is_dir():
        raise SettingError(
            f"store {str(folder)!r} is a file; wanted a folder; choose another with --store or HEADSTART_STORE"
        )
    return folder


#: Settings that are written as a number with a unit.
_WRITTEN: Mapping[str, Callable[[str], float | None]] = {"budget": parse_duration, "cache_budget": parse_size}


def describe_validation_error(error: ValidationError) -> str:
    """Return in one line what pydantic found: every setting that is wrong, what was seen, what is wanted."""
    return "; also: ".join(map(_describe_problem, error.errors()))


def _describe_problem(problem: ErrorDetails) -> str:
    name, seen = ".".join(map(str, problem["loc"])), problem["input"]
    fields = {name: field for chapter in list_chapters().values() for name, field in chapter.model_fields.items()}
    if problem["type"] in ("unknown_name", "class_pattern"):
        return problem["msg"]
    if problem["type"] == "literal_error" and isinstance(seen, str) and name in fields:
        return f"unknown {name} {seen!r}; {nearest(seen, list_allowed_values(name, fields[name]))}"
    if problem["type"] == "string_type" and name in _WRITTEN and isinstance(seen, int | float):
        try:
            _WRITTEN[name](f"{seen}")
        except SettingError as error:  # a number without a unit
            return str(error)
    wanted = problem["msg"].removeprefix("Input should be ").removeprefix("Value error, ").partition(", unable")[0]
    return f"{name} is {seen!r}; wanted {wanted}"
