"""``headstart.check``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any, Unpack

from headstart import events
from headstart.data.check import DataCheck, check_samples
from headstart.data.groups import describe_torn_groups, find_torn_groups
from headstart.data.outline import SourceOutline, make_outline
from headstart.data.outline_text import describe_outline
from headstart.data.read import read_source
from headstart.data.reading_table import check_reading_table, write_reading_table
from headstart.data.samples import FileStatus, GroupKind, Samples
from headstart.display.html import html_table
from headstart.display.watch import ShowProgress, watch
from headstart.pipeline.dataset import split_samples
from headstart.pipeline.label_check import LabelCheck, check_labels
from headstart.settings import DataSettings, FitSettings, Precision, locate_store, refuse_foreign_settings
from headstart.settings.chapter import Chapter
from headstart.settings.registry import list_modality_chapters
from headstart.storage.locks import try_mark_in_use
from headstart.training.view_sheet import check_sheet_file, write_view_sheet
from headstart.training.views import explain_views
from headstart.verbs.options import AugmentOptions, DataOptions
from headstart_runtime.errors import DataError, SettingError, nearest

_NETWORK = ("backbone", "seed", "precision", "engine", "workers", "store", "relabel", "split_from")


class CheckOptions(DataOptions, AugmentOptions, total=False):
    """Keywords of ``check`` that are settings of ``fit`` too."""

    relabel: str | Path | None
    split_from: str | Path | None
    backbone: str
    seed: int
    precision: Precision
    engine: str
    workers: int
    store: str | Path | None


@dataclass(frozen=True)
class CheckReport:
    """Data looked over before anything is fitted."""

    data: DataCheck  #: counts, sizes, formats, copies, problems
    labels: LabelCheck | None  #: labels that look wrong; None where they were not looked at
    label_table: Path | None  #: the table of these
    sheet: Path | None  #: the sheet of changed views
    outline: SourceOutline | None = None  #: the source as it was understood, where that was asked for
    table: Path | None = None  #: the reading as a table, where one was asked for
    views: tuple[str, ...] = ()  #: what the sheet leaves out for the task and why, and what it does in spite of that

    @property
    def problems(self) -> tuple[str, ...]:
        """Why nothing could be fitted; empty when it could."""
        return self.data.problems

    def _repr_html_(self) -> str:
        counts = ", ".join(f"{count} {status.value}" for status, count in self.data.counts.items())
        files = [
            (entry.name, entry.status.value, entry.reason)
            for entry in self.data.samples.ledger.entries
            if entry.status is not FileStatus.ACCEPTED
        ]
        tables = [
            html_table((self.data.stratum, self.data.samples.noun.many), self.data.usable.items(), caption=counts)
        ]
        tables += [html_table((self.data.samples.ledger.unit.one, "status", "reason"), files)] if files else []
        tables += [html_table(("to mend before fitting",), [(it,) for it in self.problems])] if self.problems else []
        lines = [f"<pre>{escape(describe_outline(self.outline))}</pre>"] if self.outline else []
        return "".join((*lines, *tables))


def check(
    source: Any,
    *,
    labels: Any = None,
    sheet: str | Path | None = None,
    label_table: str | Path | None = None,
    check_labels: bool = False,
    include_test: bool = False,
    fast: bool = False,
    explain: bool = False,
    write_table: str | Path | None = None,
    listener: events.Listener | None = None,
    progress: ShowProgress = "auto",
    **options: Unpack[CheckOptions],
) -> CheckReport:
    """Look data over before anything is fitted: counts, classes, sizes, problems. Nothing is changed.

    Args:
        source: labelled data, as ``fit`` takes them.
        labels: with arrays, a label for each.
        sheet: write a sheet of changed views to this file, .png or .jpg (``--augment``). Never overwritten.
        label_table: write samples whose labels look wrong to this table, .csv, with a page (``--labels``).
        check_labels: look for labels that look wrong, without a table.
        include_test: list samples of the test part too.
        fast: read headers only; one that is damaged further on is not found then.
        explain: show the source as it was understood too: the report's ``outline``.
        write_table: write the reading as a table to this file, .csv, which can be edited and fitted. Never overwritten.
        listener: is told of progress.
        progress: as of ``fit``.
        **options: how data are read (``classes_from``, ...), how views are changed (``rotation``, ...), and the
            network that labels are held to (``backbone``, ``seed``, ``precision``, ``engine``, ``workers``, ``store``,
            ``relabel``, ``split_from``).

    Raises:
        UserError: a source or settings that cannot be used. What is wrong with data is no error: the record has it.
        HeadstartError: anything else that went wrong.
    """
    settings = load_check_settings(options)
    table = None if label_table is None else Path(label_table)
    network = {name: getattr(settings, name) for name in _NETWORK if name in settings.model_fields_set}
    network |= {"include_test": True} if include_test else {}
    review = check_labels or table is not None
    refuse_clashes(network, review=review, fast=fast)
    drawn = None if sheet is None else Path(sheet)
    refuse_sheet(drawn, settings)
    written = None if write_table is None else Path(write_table).expanduser()
    if written is not None:
        check_reading_table(written)
    with try_mark_in_use(locate_store(settings.store)), watch(listener, progress) as heard:
        found = None
        if review:
            found = _review_labels(source, labels, table, {**network, **settings.data.given()}, heard)
            seen = check_samples(found.samples, decode_all=False)
        else:
            samples = read_source(source, labels=labels, options=settings, listener=heard, strict=False)
            refuse_foreign_settings(settings, samples.modality, samples.space.task)
            seen = check_samples(samples, decode_all=not fast, listener=heard)
        seen = replace(seen, samples=note_torn_groups(seen.samples))
        seen = replace(seen, problems=seen.problems or tuple(_find_split_problems(seen.samples, settings)))
        views: list[str] = []
        if drawn is not None:
            write_view_sheet(drawn, seen.samples, settings)
            views = explain_views(settings, seen.samples.modality, seen.samples.task)
        if written is not None and not seen.samples.samples and seen.problems:
            written = None  # the problems say why there is nothing to write
        if written is not None:
            write_reading_table(written, seen.samples, [locate_store(), locate_store(settings.store)])
    outline = make_outline(seen.samples) if explain else None
    return CheckReport(seen, found, table, drawn, outline, written, tuple(views))


def note_torn_groups(samples: Samples) -> Samples:
    """Return the samples with a note on named groups that are in several given parts, as a fit has it."""
    torn = find_torn_groups((sample.group, sample.subset) for sample in samples.samples)
    if not torn:
        return samples
    notes = (*samples.ledger.notes, describe_torn_groups(torn))
    return replace(samples, ledger=replace(samples.ledger, notes=notes))


def _find_split_problems(samples: Samples, settings: FitSettings) -> Iterator[str]:
    """Yield why samples whose groups are named cannot be split, as a fit would split them."""
    if any(sample.group.kind is GroupKind.NAMED for sample in samples.samples):
        try:
            split_samples(samples, settings)
        except DataError as error:
            yield str(error)


def load_check_settings(options: Mapping[str, Any]) -> FitSettings:
    """Return the settings of a check.

    Raises:
        SettingError: one that a check has not, or a value that cannot be used.
    """
    chapters: tuple[type[Chapter], ...] = (DataSettings, *list_modality_chapters())
    known = [*_NETWORK, *(name for kind in chapters for name in (*kind.model_fields, kind.chapter_name))]
    known += [other for kind in chapters for other in kind.chapter_spellings]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise SettingError(f"unknown setting {unknown[0]!r}; {nearest(unknown[0], known)}")
    return FitSettings.load(**options)


def refuse_clashes(network: Mapping[str, Any], *, review: bool, fast: bool) -> None:
    """Refuse settings that do not go together, before the long look at the samples.

    Raises:
        SettingError: settings of the network without labels to hold to it, or a quick look that is to be a long one.
    """
    if not review and network:
        name = next(iter(network))
        raise SettingError(f"--{name.replace('_', '-')} is given without labels to hold to it; add --labels FILE.csv")
    if review and fast:
        raise SettingError("--fast reads headers only, --labels shows every sample to a network; drop one of them")


def refuse_sheet(sheet: Path | None, settings: FitSettings) -> None:
    """Refuse a sheet that cannot be written, and changes without a sheet.

    Raises:
        SettingError: either.
    """
    if sheet is not None:
        check_sheet_file(sheet)
        return
    views = {name for kind in list_modality_chapters() for name in kind.model_fields}
    if changed := sorted(settings.model_fields_set & views):
        flag = changed[0].replace("_", "-")
        raise SettingError(f"--{flag} is given without a sheet to show it on; add --augment FILE.png")


def _review_labels(
    source: Any, labels: Any, table: Path | None, network: Mapping[str, Any], listener: events.Listener
) -> LabelCheck:
    return check_labels(source, labels=labels, table=table, listener=listener, **network)
