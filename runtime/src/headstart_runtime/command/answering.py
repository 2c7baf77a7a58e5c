"""Items as a command line names them, answered and printed, a line each: for ``predict`` and ``headstart-predict``."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from headstart_runtime.command.answers import (
    Form,
    format_csv_header,
    format_csv_lines,
    format_json_lines,
    format_text_lines,
)
from headstart_runtime.command.stdin_items import LineForm, name_line, read_stdin_items
from headstart_runtime.errors import SettingError
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.items import Expansion, expand_items, name_path, refuse_nothing, take_few
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.modalities.optional_facets import RecordedModality, find_recorded
from headstart_runtime.stderr import print_to_stderr

if TYPE_CHECKING:
    from headstart_runtime.inference.classifier import Classifier

LISTENED = 2.0  #: seconds of a stretch of what a microphone hears


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """The form in which a command prints answers."""

    command: str  #: by which it calls itself on standard error
    top: int = 1  #: how many of the likeliest answers are listed, where there are several
    as_json: bool = False  #: an object in each line
    as_csv: bool = False  #: a table with a header line


@dataclass(frozen=True, slots=True)
class Given:
    """The items as the command line has them."""

    items: Sequence[str]  #: files, folders, tables, and "-" for standard input
    texts: Sequence[str] = ()  #: items themselves
    lines: LineForm = "auto"  #: of standard input
    every: float | None = None  #: seconds of a recording that are answered for themselves
    listen: bool = False  #: to this machine's microphone


def check_every(every: float | None) -> None:
    """Refuse seconds of a stretch that nobody can mean.

    Raises:
        SettingError: they are no number, or out of range.
    """
    if every is not None and not 0.05 <= every <= 3600:
        raise SettingError(f"every is {every:g}; wanted seconds from 0.05 to 3600")


def print_answers(
    classifier: "Classifier",
    given: Given,
    form: AnswerForm,
    *,
    columns: ItemColumns | None = None,
    threshold: float | None = None,
) -> int:
    """Print the answer for each item, in their order; return the exit code: 2 where something could not be read.

    Args:
        classifier: that answers.
        given: the items.
        form: of the answers.
        columns: of tables and JSON objects that items are read from; None finds them.
        threshold: as of ``Classifier.stream``.

    Raises:
        UserError: there is nothing to answer, or the items are not of this classifier's kind.
    """
    modality, met = classifier.record.modality, expect_items(classifier, given, columns)
    top = min(form.top, len(classifier.classes))
    answers = classifier.task.answer_columns(top, classifier.record.space)
    lines: Form = partial(format_text_lines, top=top, noun=modality.noun)
    if form.as_json:
        lines = partial(format_json_lines, top=top)
    elif form.as_csv:
        lines = partial(format_csv_lines, top=top, columns=answers)
    seen = failed = 0
    for line, bad in lines(classifier.stream(_asked(modality, given, met), threshold=threshold)):
        if form.as_csv and not seen:
            print(format_csv_header(answers))
        print(line, flush=True)  # who feeds standard input may wait for the answer
        seen, failed = seen + 1, failed + bad
    if not seen and "-" not in given.items:
        refuse_nothing(modality, ", ".join(given.items), met.skipped)
    report_expansion(met, modality.noun, form.command)
    if form.as_csv and not seen:
        print(format_csv_header(answers))
    sys.stdout.flush()
    if failed:
        many = modality.noun.many
        hint = _suggest_text(modality, given.items)
        print_to_stderr(f"{form.command}: {failed} of {seen} {many} could not be read; their rows say why{hint}")
    return 2 if failed else 0


def expect_items(classifier: "Classifier", given: Given, columns: ItemColumns | None) -> Expansion:
    """Return what the items of a command are expanded by.

    Args:
        classifier: that answers; columns that it knows are taken where nothing is said of them.
        given: the items.
        columns: as of ``print_answers``.

    Raises:
        SettingError: there are none.
    """
    record = classifier.record
    if not (given.items or given.texts or given.listen):
        raise SettingError(_describe_nothing(record.modality, given.every))
    known = replace(columns or ItemColumns(), known=record.item_columns)
    return Expansion(alone=len(given.items) == 1, columns=known)


def _suggest_text(modality: Modality, items: Sequence[str]) -> str:
    """Return how a text itself is given, where one may have stood in the place of a file's name."""
    missing = any(item != "-" and not os.path.lexists(item) for item in items)
    return "; give a text itself with --text" if missing and takes_texts(modality) else ""


def _describe_nothing(modality: Modality, every: float | None) -> str:
    """Return that nothing is given, and what may be of this kind of data."""
    many = modality.noun.many
    listens = isinstance(modality, RecordedModality)
    other = "give a text with --text" if takes_texts(modality) else "give - for a list on standard input"
    other = "add --listen to hear the microphone" if listens else other
    if every is not None and listens:
        return f"--every {every:g} cuts files of {many} into stretches, and none is given; name one, or {other}"
    return f"nothing to predict is given; name files of {many}, or {other}"


def _asked(modality: Modality, given: Given, met: Expansion) -> Iterable[Any]:
    """Return the items meant: a list of a few, for that is answered sooner, or what gives them one by one."""
    from headstart_runtime.inference.classifier import BATCH_FROM
    from headstart_runtime.inference.streaming import Arrivals

    found = read_items(modality, given, met)
    if "-" in given.items or given.listen:
        return Arrivals(found)
    return take_few(found, BATCH_FROM)


def read_items(modality: Modality, given: Given, met: Expansion) -> Iterator[Any]:
    """Yield the items meant; of a folder the files that are items by their bytes, of a table its rows.

    Of recordings the stretches that are asked for.

    Args:
        modality: of the items.
        given: as the command line has them.
        met: what else there is to say of folders and tables is added.

    Raises:
        SettingError: texts are given where items are none.
    """
    if given.texts and not takes_texts(modality):
        many = modality.noun.many
        raise SettingError(f"--text is for classifiers of texts, and this one reads {many}; give the files of {many}")
    if given.every is None or given.listen:
        yield from _read_whole(modality, given, met)
        return
    recorded = find_recorded(modality, "--every")
    for item in _read_whole(modality, given, met):
        yield from recorded.cut_recording(item, given.every)


def _read_whole(modality: Modality, given: Given, met: Expansion) -> Iterator[Any]:
    if given.listen:
        yield from find_recorded(modality, "--listen").listen(given.every or LISTENED)
    yield from map(name_line, given.texts)
    for item in given.items:
        if item == "-":
            yield from read_stdin_items(modality, given.lines, met.columns)
        else:
            yield from expand_items(modality, [name_path(item)], met)


def report_expansion(met: Expansion, noun: Noun, command: str = "headstart") -> None:
    """Say on standard error what was read of tables, and how much of folders was no item."""
    for note in met.notes:
        print_to_stderr(f"{command}: {note}")
    names = met.skipped
    if names:
        some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        print_to_stderr(f"{command}: left out of folders, no {noun.many}: {len(names)} ({some[:300]})")
