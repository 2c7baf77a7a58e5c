"""Help of a verb: its flags in named groups, the ones that most people need first."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclopts.help import DefaultFormatter, HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

LONG_VERBS = ("fit", "compare")  #: whose --help shows the settings that most people need
SPELT_VERBS = (*LONG_VERBS, "check")  #: that have a flag with two spellings
HELP_ALL = "--help-all"


class GroupedHelp:
    """A formatter of help that shows settings by chapter."""

    def __init__(self, verb: str, *, everything: bool):
        self._verb = verb
        self._short = verb in LONG_VERBS and not everything

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        """Draw a panel; one of parameters in groups."""
        draw = _default()
        if panel.format == "parameter":
            panel = panel.copy(entries=[_show_as_written(entry) for entry in panel.entries])
        if panel.format != "parameter" or not self._verb:
            draw(console, options, panel)
            return
        for title, entries in self._group(panel.entries):
            draw(console, options, panel.copy(title=title or panel.title, entries=entries))
        if self._short and any(entry.positive_names for entry in panel.entries):
            console.print(f"All settings: headstart {self._verb} {HELP_ALL}\n")

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: Any) -> None:
        """Draw the line of usage."""
        _default().render_usage(console, options, usage)

    def render_description(self, console: "Console", options: "ConsoleOptions", description: Any) -> None:
        """Draw the description."""
        _default().render_description(console, options, description)

    def _group(self, entries: "Sequence[HelpEntry]") -> "list[tuple[str, list[HelpEntry]]]":
        """Return the entries by heading: those of a chapter where the verb has all settings of it."""
        from headstart.settings import list_chapters

        names = [next((flag.lstrip("-").replace("-", "_") for flag in entry.positive_names), "") for entry in entries]
        whole = [
            chapter
            for chapter in list_chapters().values()
            if self._verb in LONG_VERBS or chapter.model_fields.keys() <= set(names)
        ]
        first = {name for chapter in list_chapters().values() for name in chapter.chapter_first}
        titles = {name: chapter.chapter_title for chapter in whole for name in chapter.model_fields}
        groups: dict[str, list[HelpEntry]] = {"": [], **{chapter.chapter_title: [] for chapter in whole}}
        for name, entry in zip(names, entries, strict=True):
            if name not in titles or (self._short and name in first):
                groups[""].append(entry)
            elif not self._short:
                groups[titles[name]].append(entry)
        return [(title, found) for title, found in groups.items() if found]


def _show_as_written(entry: "HelpEntry") -> "HelpEntry":
    """Return an entry whose description is plain text: as Markdown ``(?P<label>[a-z]+)_`` would lose signs."""
    from cyclopts.help import InlineText
    from rich.text import Text

    source = getattr(getattr(entry.description, "primary_renderable", None), "markup", None)
    if source is None:
        return entry
    plain = InlineText(Text(" ".join(source.replace("``", "").split())))
    plain.texts = list(entry.description.texts)
    return entry.copy(description=plain)


def _default() -> "DefaultFormatter":
    from cyclopts.help import DefaultFormatter  # where no help is asked for it is not imported

    return DefaultFormatter()


def spell_flags(arguments: Iterable[str]) -> list[str]:
    """Return arguments with each flag in the spelling that is known here, such as --optimizer as --optimiser."""
    from headstart.settings import list_spellings

    flags = {f"--{other.replace('_', '-')}": f"--{own.replace('_', '-')}" for other, own in list_spellings().items()}
    spelt = []
    for argument in arguments:
        flag, sign, value = argument.partition("=")
        spelt.append(f"{flags[flag]}{sign}{value}" if flag in flags else argument)
    return spelt
