"""Patterns that read the class of an item, and perhaps its group, or its group alone, off its name."""

import re
from dataclasses import dataclass

LABEL, GROUP = "label", "group"


@dataclass(frozen=True, slots=True)
class ClassPattern:
    """A regular expression and what of it is read; it is searched for in a file's name, or in its path."""

    expression: re.Pattern[str]
    label: str | int  #: the name or number of the group that matches the class
    has_group: bool  #: whether a group named "group" matches the group of the item

    def read(self, name: str) -> tuple[str, str]:
        """Return the class and the group in the path of a file under the source; "" for what is not there."""
        found = _search(self.expression, name)
        if not found:
            return "", ""
        return found[self.label] or "", (found[GROUP] or "" if self.has_group else "")


def read_class_pattern(text: str) -> ClassPattern:
    """Return the pattern in a text.

    Raises:
        ValueError: it is no regular expression, or does not say which part of it is the class.
    """
    example = "(?P<label>[a-z]+)_"
    expression = _compile("class_pattern", text, example)
    names = set(expression.groupindex)
    label: str | int = LABEL
    if LABEL not in names:
        if expression.groups - (GROUP in names) != 1:
            raise ValueError(
                f"class_pattern {text!r} has {expression.groups} parts in brackets; wanted one, the class, or one "
                f"named label, such as {example!r}"
            )
        label = next(number for number in (1, 2) if number != expression.groupindex.get(GROUP))
    return ClassPattern(expression, label, GROUP in names)


@dataclass(frozen=True, slots=True)
class GroupPattern:
    """A regular expression whose part in brackets is the group; it is searched for in a file's name, or in its path."""

    expression: re.Pattern[str]
    part: str | int  #: the name or number of the part that matches the group

    def read(self, name: str) -> str:
        """Return the group in the path of an item under the source; "" where it does not fit."""
        found = _search(self.expression, name)
        return (found[self.part] or "") if found else ""


def read_group_pattern(text: str) -> GroupPattern:
    """Return the pattern in a text.

    Raises:
        ValueError: it is no regular expression, or does not say which part of it is the group.
    """
    example = "^([^_]+)_"
    expression = _compile("group_pattern", text, example)
    if GROUP in expression.groupindex:
        return GroupPattern(expression, GROUP)
    if expression.groups != 1:
        raise ValueError(
            f"group_pattern {text!r} has {expression.groups} parts in brackets; wanted one, the group, or one named "
            f"group, such as {example!r}"
        )
    return GroupPattern(expression, 1)


def _compile(setting: str, text: str, example: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(
            f"{setting} {text!r} is not a regular expression ({error}); wanted one such as {example!r}"
        ) from None


def _search(expression: re.Pattern[str], name: str) -> re.Match[str] | None:
    """Return the match in the path of an item under the source; without a slash in the pattern, in its last part."""
    return expression.search(name if "/" in expression.pattern else name.rpartition("/")[2])
