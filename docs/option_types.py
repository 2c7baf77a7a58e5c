"""The types of the settings' keywords as source, for editors and mypy; `docs/generate.py` writes it."""

import sys
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from headstart.settings import list_chapters


def options_module() -> str:
    """Return the source of the types of the settings' keywords, for editors and mypy."""
    homes = {kind.__module__: sys.modules[kind.__module__] for kind in list_chapters().values()}
    aliases = {
        repr(value): (module, name)
        for module, home in homes.items()
        for name, value in vars(home).items()
        if get_origin(value) is Literal and name[0] != "_"
    }
    names = {kind: name for kind, (_, name) in aliases.items()}
    classes = []
    for name, kind in list_chapters().items():
        others = {other: kind.model_fields[own] for other, own in kind.chapter_spellings.items()}
        keys = {**kind.model_fields, **others}.items()
        lines = [f"    {key}: {_annotation(field.annotation, names)}" for key, field in keys]
        title = f"class {_options(name)}(TypedDict, total=False):"
        classes.append("\n".join([title, f'    """Keywords of the chapter ``{name}``."""', "", *lines]))
    bases = [f"    {_options(name)}," for name in list_chapters()]
    whole = [
        "class FitOptions(",
        *bases,
        "    total=False,",
        "):",
        '    """Keywords of ``fit``: flat or by chapter."""',
        "",
    ]
    whole += [f"    {name}: {_options(name)} | {kind.__name__}" for name, kind in list_chapters().items()]
    used = [(module, name) for module, name in aliases.values() if any(f": {name}" in text for text in classes)]
    used += [(kind.__module__, kind.__name__) for kind in list_chapters().values()]
    imports = [_import(module, {name for home, name in used if home == module}) for module in sorted(homes)]
    head = (
        '"""Types of the settings\' keywords. Made by docs/generate.py from the chapters: change these, then run it."""'
    )
    start = "\n".join([head, "", "from pathlib import Path", "from typing import Literal, TypedDict", "", *imports])
    return "\n\n\n".join([start, *classes, "\n".join(whole)]) + "\n"


def _import(module: str, names: set[str]) -> str:
    ordered = sorted(names, key=lambda name: (name[0].islower(), name))
    line = f"from {module} import {', '.join(ordered)}"
    return (
        line if len(line) <= 120 else "\n".join([f"from {module} import (", *(f"    {name}," for name in ordered), ")"])
    )


def _options(chapter: str) -> str:
    return f"{chapter.capitalize()}Options"


def _annotation(kind: Any, aliases: dict[str, str]) -> str:
    """Return a setting's type as source: without its limits, a path as text too."""
    if get_origin(kind) in (Union, UnionType):
        return " | ".join(_annotation(choice, aliases) for choice in get_args(kind))
    if get_origin(kind) is Annotated:
        return _annotation(get_args(kind)[0], aliases)
    if get_origin(kind) is Literal:
        choices = ", ".join(f'"{choice}"' for choice in get_args(kind))
        return aliases.get(repr(kind), f"Literal[{choices}]")
    return {Path: "str | Path", type(None): "None"}.get(kind) or kind.__name__
