"""Items as a command line names them, answered into Parquet files: ``--out`` of both commands."""

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headstart_runtime.command.answering import AnswerForm, Given, expect_items, read_items, report_expansion
from headstart_runtime.errors import SettingError
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.items import Expansion, refuse_nothing
from headstart_runtime.modalities.item import Noun
from headstart_runtime.stderr import print_to_stderr

if TYPE_CHECKING:
    from headstart_runtime.answer_files.records import AnswerSource
    from headstart_runtime.inference.classifier import Classifier

EACH = 30.0  #: seconds between two lines of progress
EACH_ON_TERMINAL = 0.5  #: where a line takes the place of the one before


def write_given(
    classifier: "Classifier",
    given: Given,
    form: AnswerForm,
    out: str,
    *,
    columns: ItemColumns | None = None,
    threshold: float | None = None,
) -> int:
    """Answer the items into files and say so; return the exit code: 2 where something could not be read.

    Args:
        classifier: that answers.
        given: the items.
        form: as of ``print_answers``; only ``top`` of it is used.
        out: a folder, or a file that ends in ``.parquet``.
        columns: as of ``print_answers``.
        threshold: as of ``Classifier.stream``.

    Raises:
        SettingError: what is asked for does not go with files.
        UserError, StoreError: as of ``write_answers``.
    """
    from headstart_runtime.answer_files.write import write_answers

    if form.as_json or form.as_csv:
        raise SettingError(
            f"--out writes Parquet and prints no answers; drop {'--json' if form.as_json else '--csv'}, or --out"
        )
    if given.listen:
        raise SettingError(
            "--listen has no end, so its answers are not written by --out; print them, with --csv or --json"
        )
    met = expect_items(classifier, given, columns)
    noun = classifier.record.modality.noun
    source = _make_source(classifier, given, met)
    progress = Progress(noun, form.command)
    try:
        written = write_answers(classifier, source, out, threshold=threshold, top=form.top, watch=progress.show)
    except KeyboardInterrupt:
        progress.end()
        print_to_stderr(f"{form.command}: what is answered is kept in {out}: the same command goes on from there")
        raise
    progress.end()
    report_expansion(met, noun, form.command)
    print(written.describe(), flush=True)
    if written.failed:
        many = f"{written.failed:,} of {written.items:,} {noun.many}"
        print_to_stderr(f"{form.command}: {many} could not be read; their rows say why")
    return 2 if written.failed else 0


def _make_source(classifier: "Classifier", given: Given, met: Expansion) -> "AnswerSource":
    from headstart_runtime.answer_files.manifest import describe_paths
    from headstart_runtime.answer_files.records import AnswerSource

    modality = classifier.record.modality
    standard = "-" in given.items
    named: dict[str, Any] = {
        "source": describe_paths([item for item in given.items if item != "-"]),
        "texts": [hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16] for text in given.texts],
        "every": given.every,
        "path_column": met.columns.path,
        "text_column": met.columns.text,
        "lines": given.lines if standard else None,
    }
    first = True

    def read() -> Iterator[Any]:
        nonlocal first
        notes = met if first else Expansion(alone=met.alone, columns=met.columns)  # said once
        first = False
        return read_items(modality, given, notes)

    def refuse() -> None:
        refuse_nothing(modality, ", ".join(given.items), met.skipped)

    return AnswerSource(read, named, again=not standard, settled=not standard, nothing=refuse)


@dataclass(slots=True)
class Progress:
    """A line on standard error about how far it is, at what rate, and how long it will take."""

    noun: Noun
    command: str
    clock: Callable[[], float] = time.monotonic
    _counting: bool = False
    _first: tuple[float, int] | None = None  #: when answers began, and how many there were
    _shown: float = float("-inf")
    _width: int = field(default=0)  #: of the line that stands on a terminal

    def show(self, done: int, total: int | None) -> None:
        """Show how many items are answered of how many, now and then; of an unknown number they are counted."""
        now = self.clock()
        if total is None:
            if not self._counting:
                self._counting, self._shown = True, now
        elif self._first is None:
            self._first, self._shown = (now, done), now
        if now - self._shown >= (EACH_ON_TERMINAL if _has_terminal() else EACH):
            self._shown = now
            self._print(self.describe(done, total, now))

    def describe(self, done: int, total: int | None, now: float) -> str:
        """Return the line."""
        if total is None or self._first is None:
            return f"{done:,} {self.noun.form(done)} listed"
        began, before = self._first
        rate = (done - before) / max(now - began, 1e-9)
        left = f", {_format_time((total - done) / rate)} left" if rate else ""
        return (
            f"{done:,} of {total:,} {self.noun.many} ({done / max(total, 1):.0%}), {_format_rate(rate)} a second{left}"
        )

    def end(self) -> None:
        """Take the line away from a terminal."""
        if self._width and sys.stderr is not None:
            sys.stderr.write(f"\r{' ' * self._width}\r")
            sys.stderr.flush()
            self._width = 0

    def _print(self, line: str) -> None:
        line = f"{self.command}: {line}"
        if not _has_terminal() or sys.stderr is None:
            print_to_stderr(line)
            return
        sys.stderr.write(f"\r{line.ljust(self._width)}")
        sys.stderr.flush()
        self._width = len(line)


def _has_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:  # closed
        return False


def _format_rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def _format_time(seconds: float) -> str:
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
