"""Names of settings as people write them: flat or in chapters, in either spelling, each once."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from headstart.settings.registry import list_chapters, list_spellings
from headstart_runtime.errors import SettingError, nearest


def flatten(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by their own flat names, given flat or in chapters.

    Raises:
        SettingError: an unknown name, a chapter that holds no settings, or a setting that is given twice.
    """
    flat: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, origin, value in _walk(options):
        if name in flat:
            first, second = sorted((origins[name], origin), key=lambda text: text.count("."))
            ways = f"as {first} and as {second}" if first != second else f"as {first}"
            raise SettingError(f"{name} is given twice, {ways}; give it once")
        flat[name], origins[name] = value, origin
    return flat


def _walk(options: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield for each setting its name, the way it was written and its value."""
    chapters = list_chapters()
    known = {name for kind in chapters.values() for name in kind.model_fields}
    for written, value in options.items():
        if written in chapters:
            for key, one in _chapter_items(written, value):
                name = resolve_name(key)
                if name not in chapters[written].model_fields:
                    raise SettingError(_describe_stranger(key, written, name in known))
                yield name, f"{written}.{key}", one
        else:
            name = resolve_name(written)
            if name not in known:
                raise SettingError(f"unknown setting {written!r}; {nearest(written, sorted([*known, *chapters]))}")
            yield name, written, value


def resolve_name(written: str) -> str:
    """Return the name of a setting as it is written here: with underscores, in one of its spellings."""
    name = written.replace("-", "_")
    return list_spellings().get(name, name)


def _chapter_items(chapter: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_unset=True)
    if not isinstance(value, Mapping):
        example = next(iter(list_chapters()[chapter].model_fields))
        raise SettingError(
            f"{chapter} is {value!r}; wanted settings by name, such as {chapter}={{{example!r}: ...}} or a table "
            f"[{chapter}] in a file"
        )
    return list(value.items())


def _describe_stranger(key: str, chapter: str, known: bool) -> str:
    if known:
        home = next(name for name, kind in list_chapters().items() if resolve_name(key) in kind.model_fields)
        return f"{key} is a setting of the chapter {home}, not of {chapter}; give it there, or without a chapter"
    return f"unknown setting {key!r} in {chapter}; {nearest(key, sorted(list_chapters()[chapter].model_fields))}"


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a settings file says.

    Raises:
        SettingError: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingError(f"settings file {str(path)!r} cannot be read: {error.strerror}; check the path") from None
    except RecursionError:
        raise SettingError(f"settings file {str(path)!r} is nested too deeply; wanted settings in tables") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"settings file {str(path)!r} is not TOML: {error}; mend that line") from None
