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
    in_path: bool  #: whether it has a slash, so that it is about the path under the source

    def read(self, name: str) -> tuple[str, str]:
        """Return the class and the group in the path of a file under the source; "" for what is not there."""
        found = self.expression.search(name if self.in_path else name.rpartition("/")[2])
        if not found:
            return "", ""
        return found[self.label] or "", (found[GROUP] or "" if self.has_group else "")


def read_class_pattern(text: str) -> ClassPattern:
    """Return the pattern in a text.

    Raises:
        ValueError: it is no regular expression, or does not say which part of it is the class.
    """
    example = "(?P<label>[a-z]+)_"
    try:
        expression = re.compile(text)
    except re.error as error:
        raise ValueError(
            f"class_pattern {text!r} is not a regular expression ({error}); wanted one such as {example!r}"
        ) from None
    names = set(expression.groupindex)
    label: str | int = LABEL
    if LABEL not in names:
        if expression.groups - (GROUP in names) != 1:
            raise ValueError(
                f"class_pattern {text!r} has {expression.groups} parts in brackets; wanted one, the class, or one "
                f"named label, such as {example!r}"
            )
        label = next(number for number in (1, 2) if number != expression.groupindex.get(GROUP))
    return ClassPattern(expression, label, GROUP in names, "/" in text)


@dataclass(frozen=True, slots=True)
class GroupPattern:
    """A regular expression whose part in brackets is the group; it is searched for in a file's name, or in its path."""

    expression: re.Pattern[str]
    part: str | int  #: the name or number of the part that matches the group

    def read(self, name: str) -> str:
        """Return the group in the path of an item under the source; "" where it does not fit."""
        in_path = "/" in self.expression.pattern
        found = self.expression.search(name if in_path else name.rpartition("/")[2])
        return (found[self.part] or "") if found else ""


def read_group_pattern(text: str) -> GroupPattern:
    """Return the pattern in a text.

    Raises:
        ValueError: it is no regular expression, or does not say which part of it is the group.
    """
    example = "^([^_]+)_"
    try:
        expression = re.compile(text)
    except re.error as error:
        raise ValueError(
            f"group_pattern {text!r} is not a regular expression ({error}); wanted one such as {example!r}"
        ) from None
    if GROUP in expression.groupindex:
        return GroupPattern(expression, GROUP)
    if expression.groups != 1:
        raise ValueError(
            f"group_pattern {text!r} has {expression.groups} parts in brackets; wanted one, the group, or one named "
            f"group, such as {example!r}"
        )
    return GroupPattern(expression, 1)
