"""Label review by a person: a table of label issues to edit and hand back, and a page that shows the samples."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from headstart.data.inspection import default_workers, map_in_threads
from headstart.data.load import load_item
from headstart.data.samples import Sample, Samples
from headstart.diagnostics.label_review import LabelSuspect, describe_doubts
from headstart.evaluation.label_noise import LabelNoise, describe_left_out
from headstart.events import Listener, ignore
from headstart.reporting.embedded_previews import EmbeddedPreviews, encode_uri
from headstart.reporting.page import Page, render_page
from headstart.storage.atomic import replace_bytes, replace_text
from headstart_runtime.csv_cells import format_csv
from headstart_runtime.errors import SettingError, refuse_machine_faults
from headstart_runtime.modalities.facets import PreviewFacet, Thumbnail
from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.modalities.modality import get_modality

COLUMNS = ("given", "now", "likely", "given_probability", "likely_probability", "label")
DOUBT = "doubt"  #: a further column, after "likely", where a label has parts: those that are doubted
MOST_PREVIEWS = 400  #: on the page; all issues are in the table
FEWEST_PREVIEWS = 60  #: that are shown though fewer labels are wrong by estimate


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """A sample whose label looks wrong, on the page."""

    row: int  #: of the table; its header is row 1
    name: str
    given: str
    given_probability: float
    likely: str
    likely_probability: float
    doubt: str  #: what of the label is doubted; empty where it has one part alone
    preview: str  #: a data URI of what is drawn; empty where there is none
    text: str  #: of a sample that is shown as text; empty where it is not


def check_review_table(table: Path) -> None:
    """Check that a table and its page can be written, before anything is read.

    Raises:
        SettingError: it ends in another way than .csv, or a file is there already.
    """
    if table.suffix.lower() != ".csv":
        raise SettingError(f"table {str(table)!r} ends in {table.suffix!r}; wanted .csv")
    for file in (table, locate_review_page(table)):
        if file.exists():
            raise SettingError(f"{str(file)!r} is there already and is not overwritten; name another, or remove it")


def locate_review_page(table: Path) -> Path:
    """Return where the page lies that goes with a table."""
    return table.with_suffix(".html")


def write_label_review(
    table: Path,
    samples: Samples,
    suspects: Sequence[LabelSuspect],
    *,
    noise: LabelNoise | None,
    summary: str = "",
    command: str = "",
    in_test: int = 0,
    listener: Listener = ignore,
) -> None:
    """Write the table, the strongest issue first, then the labels that were corrected before; and the page beside it.

    Args:
        table: where; its page has the same name and ends in .html.
        samples: those whose labels were checked.
        suspects: as a ``LabelReview`` has them.
        noise: how many are wrong by estimate; None where that is not estimated.
        summary: what is said then, without a full stop.
        command: that fits with the table, as a shell takes it; for the page.
        in_test: how many more are doubted that are of the test part, and left out therefore; for the page.
        listener: is told of progress.

    Raises:
        SettingError: a file is there already, or cannot be written.
    """
    check_review_table(table)
    by_id = {sample.id: sample for sample in samples.samples}
    found = [(by_id[suspect.id], suspect) for suspect in suspects]
    words = _Words(noise, summary, command, in_test)
    page = _render_review(samples, found, words, table=table, listener=listener)
    rows = _format_table(samples, found)
    try:
        replace_bytes(table, rows)
        replace_text(locate_review_page(table), page.html)
    except OSError as error:
        with suppress(OSError):
            table.unlink(missing_ok=True)  # of two that go together, one alone would refuse the next try
        refuse_machine_faults(error, f"for the table {str(table)!r}")
        raise SettingError(f"table {str(table)!r} cannot be written: {error.strerror}; name another") from None


@dataclass(frozen=True, slots=True)
class _Words:
    """All that the page says beside its cards."""

    noise: LabelNoise | None
    summary: str
    command: str
    in_test: int


def _format_table(samples: Samples, found: Sequence[tuple[Sample, LabelSuspect]]) -> bytes:
    earlier = {relabel.name: relabel for relabel in samples.relabels}
    parts = any(suspect.doubts for _, suspect in found)
    columns = [*COLUMNS[:3], *([DOUBT] if parts else []), *COLUMNS[3:]]
    rows: list[Sequence[str]] = [(samples.noun.one, *columns)]
    for sample, suspect in found:
        given = earlier.pop(sample.name).given if sample.name in earlier else suspect.given
        doubt = [describe_doubts(suspect.doubts, samples.classes)] if parts else []
        shares = (f"{suspect.given_probability:.4f}", f"{suspect.likely_probability:.4f}")
        rows.append((sample.name, given, suspect.given, suspect.likely, *doubt, *shares, suspect.given))
    blank = [""] * (len(columns) - 3)
    rows += [(old.name, old.given, old.label, *blank, old.label) for old in earlier.values()]
    content = format_csv(rows).encode("utf-8", "backslashreplace")
    # Spreadsheets take a table for UTF-8 by its mark only; where all is ASCII, other readers are spared it.
    return content if content.isascii() else b"\xef\xbb\xbf" + content


def _count_previews(noise: LabelNoise | None) -> int:
    """Return how many previews the page has at most."""
    return min(max(noise.high if noise and noise.high else 0, FEWEST_PREVIEWS), MOST_PREVIEWS)


def _render_review(
    samples: Samples,
    found: Sequence[tuple[Sample, LabelSuspect]],
    words: _Words,
    *,
    table: Path,
    listener: Listener,
) -> Page:
    shown = found[: _count_previews(words.noise)]
    shown_samples = [sample for sample, _ in shown]
    make_preview = partial(_make_preview, get_modality(samples.modality).preview)
    previews = map_in_threads(make_preview, shown_samples, stage="draw", workers=default_workers(), listener=listener)
    cards = [
        ReviewCard(
            row=row,
            name=sample.name,
            given=suspect.given,
            given_probability=suspect.given_probability,
            likely=suspect.likely,
            likely_probability=suspect.likely_probability,
            doubt=describe_doubts(suspect.doubts, samples.classes),
            preview=encode_uri(preview) if preview and not preview.is_text else "",
            text=preview.content.decode("utf-8", "replace") if preview and preview.is_text else "",
        )
        for row, ((sample, suspect), preview) in enumerate(zip(shown, previews, strict=True), 2)
    ]
    return render_page(
        "label_review.html",
        EmbeddedPreviews({}, ()),
        samples.noun,
        source=samples.root,
        noise=words.noise,
        summary=words.summary,
        left_out=describe_left_out(words.in_test) if words.in_test else "",
        table=table.name,
        command=words.command,
        cards=cards,
        more=len(found) - len(shown),
    )


def _make_preview(facet: PreviewFacet | None, sample: Sample) -> Thumbnail | None:
    """Return a small copy of a sample; None where it cannot be shown."""
    if facet is None:
        return None
    try:
        value = load_item(sample.source, facet.make_spec(close=True)).value
    except BrokenItem:
        return None
    return facet.make_thumbnail(value, close=True)
