"""Write what is made from the code, and from the results that benchmarks keep.

Pages of settings and verbs, the table of layouts, types of the settings' keywords; the page of benchmarks, the charts.

``python docs/generate.py`` writes them; with ``--check`` it compares instead, and ends with 1 if one is stale.
"""

import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import Field, dataclass, fields
from functools import partial
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from benchmark_table import benchmarks_page, tabulate_everywhere, tabulate_exports
from cyclopts import Parameter
from option_types import options_module
from performance import draw_figure, list_figures, performance_page
from pydantic.fields import FieldInfo

from headstart.cli.flags import ModalitySettings
from headstart.cli.main import VERBS
from headstart.reporting.glossary import render_glossary
from headstart.settings import DataSettings, complete_class, list_chapters
from headstart_runtime.extras import EXTRAS
from headstart_runtime.modalities.modality import find_noun
from headstart_runtime.service.settings import ServiceSettings, describe_settings

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"
MADE = "<!-- Made by docs/generate.py from the code. Change the code, then run: make docs -->"
DATA_PAGE = ROOT / "docs" / "data.md"
INSTALL_PAGE = ROOT / "docs" / "install.md"
DRAWN = (
    "<!-- Made by docs/generate.py from the results kept in benchmarks. Run a script with --keep, then: make docs -->"
)
EXPORTING_PAGE = ROOT / "docs" / "exporting.md"
EXPORTS_BEGIN = (
    "<!-- Exports: made by docs/generate.py from benchmarks/exports.json. Run that with --keep, then: make docs -->"
)
EXPORTS_END = "<!-- End of the exports -->"
EVERYWHERE_BEGIN = (
    "<!-- Everywhere: made by docs/generate.py from benchmarks/everywhere.json. Run it with --keep, then: make docs -->"
)
EVERYWHERE_END = "<!-- End of everywhere -->"
EXTRAS_BEGIN = (
    "<!-- Extras: made by docs/generate.py from headstart_runtime/extras.py. Change that, then run: make docs -->"
)
EXTRAS_END = "<!-- End of the extras -->"
METAVARS = {
    Path: "PATH",
    int: "INT",
    float: "FLOAT",
    str: "TEXT",
    list[str]: "TEXT",
    complete_class(): "",
    ModalitySettings: "",
    ServiceSettings: "",
    DataSettings: "",
}
LIMITS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}"}

SETTINGS_INTRO = """
Every setting of `headstart fit` once. A setting has the same name everywhere: a keyword argument of
`headstart.fit(...)`, a flag of `headstart fit`, a line of the TOML file that `--config` reads. A flag or an argument
wins over the file. Each run writes what it used to `settings.toml` in its folder, so `headstart fit photos/ --config
runs/x/settings.toml --out runs/y` repeats it: modality, task and backbone stand there as they were chosen, `run.json`
has what was asked. A setting of another modality or task than those of the data is refused.

Settings lie in chapters. In Python and in a file a setting is given flat or in its chapter, whichever reads better, but
once; on the command line always flat. These say the same:

<!-- not run: two fits for one line -->
```python
headstart.fit("photos/", seed=1, rate=1e-3)
headstart.fit("photos/", seed=1, train={"rate": 1e-3})
```

```toml
seed = 1

[train]
rate = 1e-3
```

`optimizer` is read as `optimiser`, `color_jitter` as `colour_jitter`.
"""

CLI_INTRO = """
The same as `headstart VERB --help` shows; of `fit` and `compare` that is the ten settings that most people need, and
`--help-all` shows all of them, by chapter. `--optimizer` and `--color-jitter` are understood too. Results go to
standard output, progress to standard error.

| exit code | means |
|---|---|
| 0 | it went well |
| 1 | our fault, or the machine's: a bug, a full disk, a store that cannot be written |
| 2 | your input: photos, settings, a classifier or a name that cannot be used; the message says what to do |
| 130 | stopped with Ctrl-C; the same command goes on where it stopped |
"""


GLOSSARY_INTRO = """
Words of this field that reports and documents use. A report ends with those that it uses itself.
"""


def main(arguments: list[str]) -> int:
    """Write the files, or compare them with ``--check``; give the exit code."""
    stale = []
    made = {ROOT / name: make for name, make in MADE_FILES.items()}
    pages = (DATA_PAGE, data_page), (INSTALL_PAGE, install_page), (EXPORTING_PAGE, exporting_page)
    made |= {page: make for page, make in pages if page.is_file()}
    made |= list_benchmark_files() if BENCHMARKS.is_dir() else {}
    for page, make in made.items():
        name, text = page.relative_to(ROOT).as_posix(), make()
        if page.is_file() and page.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, "utf-8")
    if stale and "--check" in arguments:
        sys.stderr.write(f"stale: {', '.join(stale)}; run: python docs/generate.py\n")
        return 1
    return 0


def settings_page() -> str:
    """Return every setting in a table, by chapter."""
    head = ("name", "flag", "default", "values", "what it does")
    tables = (
        f"## {kind.chapter_title}: `{name}`\n\n{_table(head, map(_setting, kind.model_fields.items()))}"
        for name, kind in list_chapters().items()
    )
    return _page("# Settings", SETTINGS_INTRO.strip(), *tables)


def cli_page() -> str:
    """Return every verb: how it is called, what it does, its arguments and flags."""
    contents = _table(("verb", "what it does"), ((f"[{name}](#{name})", help_) for name, help_ in VERBS.items()))
    return _page("# Command line", CLI_INTRO.strip(), contents, *map(_verb, VERBS))


def glossary_page() -> str:
    """Return the words that stay in reports and documents, each in plain sentences."""
    return _page("# Glossary", GLOSSARY_INTRO.strip(), render_glossary(find_noun("image")))


def install_page() -> str:
    """Return the page on installation with the table of extras between its two marks."""
    rows = ((f"`{name}`", ", ".join(extra.packages.values()), extra.used_for) for name, extra in EXTRAS.items())
    before, _, rest = INSTALL_PAGE.read_text("utf-8").partition(EXTRAS_BEGIN)
    table = _table(("extra", "packages", "asked for by"), rows)
    return f"{before}{EXTRAS_BEGIN}\n{table}\n{EXTRAS_END}{rest.partition(EXTRAS_END)[2]}"


def exporting_page() -> str:
    """Return the page on exports with the tables of what was measured, each between its two marks."""
    text = EXPORTING_PAGE.read_text("utf-8")
    for name, tabulate, begin, end in (
        ("exports", tabulate_exports, EXPORTS_BEGIN, EXPORTS_END),
        ("everywhere", tabulate_everywhere, EVERYWHERE_BEGIN, EVERYWHERE_END),
    ):
        before, _, rest = text.partition(begin)
        table = _table(*tabulate(BENCHMARKS / f"{name}.json"))
        text = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return text


def data_page() -> str:
    """Return the page on data with the table of layouts as the benchmark draws them."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    text: str = import_module("drawn.page").insert_layouts(DATA_PAGE.read_text("utf-8"))
    return text


def list_benchmark_files() -> dict[Path, Callable[[], str]]:
    """Return what is made of the results that benchmarks keep: their page, the page of charts, each chart."""
    pictures = {f"docs/pictures/{figure.name}.svg": partial(draw_figure, figure) for figure in list_figures(BENCHMARKS)}
    pages = {
        "benchmarks/README.md": lambda: _page(*benchmarks_page(BENCHMARKS), made=DRAWN),
        "docs/performance.md": lambda: _page(*performance_page(BENCHMARKS), made=DRAWN),
    }
    return {ROOT / name: make for name, make in {**pages, **pictures}.items()}


MADE_FILES: dict[str, Callable[[], str]] = {
    "docs/settings.md": settings_page,
    "docs/cli.md": cli_page,
    "docs/glossary.md": glossary_page,
    "src/headstart/verbs/options.py": options_module,
}


def _setting(named: tuple[str, FieldInfo]) -> tuple[str, ...]:
    name, field = named
    default = "" if field.default is None else f"`{field.default}`"
    return f"`{name}`", f"`{_flag(name)}`", default, _values(field), field.description or ""


def _values(field: FieldInfo) -> str:
    """Return the type of a setting, its choices or its range."""
    kind, metadata = field.annotation, list(field.metadata)
    if get_origin(kind) in (Union, UnionType):  # optional: what it is when it is given
        (kind,) = (choice for choice in get_args(kind) if choice is not type(None))
    if get_origin(kind) is Annotated:
        inner = get_args(kind)[1]
        kind, metadata = get_args(kind)[0], [*metadata, *getattr(inner, "metadata", [])]
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    limits = [
        LIMITS[bound].format(f"{getattr(limit, bound):,}")
        for limit in metadata
        for bound in LIMITS
        if getattr(limit, bound, None) is not None
    ]
    return ", ".join([_type(kind), *limits])


def _type(kind: Any) -> str:
    return {str: "text", int: "whole number", float: "number", Path: "path", bool: "yes or no"}[kind]


@dataclass(frozen=True, slots=True)
class _Doc:
    """A verb's docstring."""

    text: str  #: what stands before the sections
    examples: str
    arguments: dict[str, str]  #: parameter's name -> its line


def _verb(name: str) -> str:
    function = getattr(import_module(f"headstart.cli.{name}"), name)
    doc = _parsed(inspect.getdoc(function) or "")
    parameters = [_Argument.of(parameter) for parameter in inspect.signature(function).parameters.values()]
    given = [argument for argument in parameters if argument.name not in ("settings", "data", "serving")]
    usage = " ".join(["headstart", name, *(a.metavar for a in given if a.positional), "[FLAGS]"])
    rows = [(f"`{a.shown}`", a.default, doc.arguments[a.name]) for a in given]
    names = {argument.name for argument in parameters}
    if "data" in names:
        first = sum(a.positional for a in given)
        rows[first:first] = map(_data_row, DataSettings.model_fields.items())
    rows += map(_service_row, fields(ServiceSettings)) if "serving" in names else ()
    flags = "Every [setting](settings.md) is a flag too." if "settings" in names else ""
    sections = [
        f"## {name}",
        f"```text\n{usage}\n```",
        doc.text,
        _table(("argument or flag", "default", "what it does"), rows),
        flags,
        f"```text\n{doc.examples}\n```" if doc.examples else "",
    ]
    return "\n\n".join(section for section in sections if section)


def _data_row(named: tuple[str, FieldInfo]) -> tuple[str, str, str]:
    name, field = named
    choices = () if get_origin(field.annotation) is Literal else get_args(field.annotation)
    kinds = [choice for choice in choices if choice is not type(None)] or [field.annotation]
    default = "" if field.default is None else f"`{field.default}`"
    return f"`{_flag(name)} {_metavar(kinds[0])}`", default, field.description or ""


def _service_row(field: Field[Any]) -> tuple[str, str, str]:
    kind = Path if field.default is None else type(field.default)
    default = "" if field.default is None else f"`{field.default}`"
    if kind is bool:
        default = f"yes; no: `{_flag(f'no-{field.name}')}`" if field.default else ""
    shown = _flag(field.name) + ("" if kind is bool else f" {_metavar(kind)}")
    return f"`{shown}`", default, describe_settings()[field.name]


def _parsed(doc: str) -> _Doc:
    """A docstring in Google's style: its text, its examples and its arguments."""
    text, _, arguments = doc.partition("\nArgs:\n")
    text, _, examples = text.partition("\nExamples:\n")
    joined = re.sub(r"\n {8,}", " ", arguments)  # what a line goes on with is indented further
    lines = [line.strip().partition(": ") for line in joined.splitlines() if line.strip()]
    return _Doc(text.strip(), textwrap.dedent(examples).strip(), {name: help_ for name, _, help_ in lines})


@dataclass(frozen=True, slots=True)
class _Argument:
    """A parameter of a verb as a person types it."""

    name: str
    shown: str  #: "MODEL", "--top INT"
    default: str
    positional: bool
    required: bool
    many: bool

    @classmethod
    def of(cls, parameter: inspect.Parameter) -> "_Argument":
        kind = parameter.annotation
        positional = parameter.kind is inspect.Parameter.POSITIONAL_ONLY
        required = parameter.default is inspect.Parameter.empty
        flag = _flag(parameter.name.strip("_"))
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            flag = next((name for given in more if isinstance(given, Parameter) for name in given.name or ()), flag)
        choices = (kind,) if get_origin(kind) in (Literal, list) else get_args(kind) or (kind,)
        kinds = [inner for inner in choices if inner is not type(None)]
        value = "" if kind is bool else f" {_metavar(kinds[0])}"
        default = "" if required or parameter.default in (None, False, "") else f"`{parameter.default}`"
        shown = parameter.name.upper() if positional else f"{flag}{value}"
        return cls(parameter.name, shown, default, positional, required, any(get_origin(one) is list for one in kinds))

    @property
    def metavar(self) -> str:
        name = f"{self.shown}..." if self.many else self.shown
        return name if self.required else f"[{name}]"


def _metavar(kind: Any) -> str:
    """What stands for a value: of a choice its words."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return "|".join(get_args(kind)) if get_origin(kind) is Literal else METAVARS[kind]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _page(*sections: str, made: str = MADE) -> str:
    return "\n\n".join((made, *sections)) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
