"""Label review by a person: a table of label issues to edit and hand back, and a page that shows the photos."""

import base64
import html
import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from PIL import Image

from headstart.data.inspection import default_workers, map_in_threads
from headstart.data.load import load_photo
from headstart.data.samples import Sample, Samples
from headstart.diagnostics.label_issues import LabelIssue
from headstart.diagnostics.label_noise import LabelNoise, describe_label_noise, describe_left_out
from headstart.errors import SettingError, refuse_machine_faults
from headstart.events import Listener, ignore
from headstart.modalities.image.decoding.decode import BrokenPhoto
from headstart.modalities.image.spec import WHOLE_EDGE, ImageSpec
from headstart.storage.atomic import replace_bytes, replace_text
from headstart.storage.csv_cells import format_csv

COLUMNS = ("photo", "given", "now", "likely", "given_probability", "likely_probability", "label")
MOST_PICTURES = 400  #: on the page; all issues are in the table
FEWEST_PICTURES = 60  #: that are shown though fewer labels are wrong by estimate
EDGE, QUALITY = 180, 72  #: longest edge of a picture, pixels; of its JPEG

_SPEC = ImageSpec(EDGE, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #595959; --back: #fafafa; --card: #fff; --line: #d5d5d5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --soft: #b4b4b4; --back: #161616; --card: #222; --line: #444; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem; max-width: 80rem; background: var(--back); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2rem; }
p { max-width: 45rem; } code { overflow-wrap: anywhere; }
ol { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: .8rem; margin: 0; padding: 0;
  list-style: none; }
li { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem;
  break-inside: avoid; }
img, .none { display: block; width: 100%; height: 11rem; object-fit: contain; }
.none { color: var(--soft); text-align: center; line-height: 11rem; }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 0 .6rem; margin: .5rem 0 0; }
dt, .name { color: var(--soft); } dd { margin: 0; min-width: 0; overflow-wrap: break-word; }
.likely { font-weight: 600; }
.name { margin: .3rem 0 0; font-size: .8rem; overflow-wrap: break-word; }
"""


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
    issues: Sequence[LabelIssue],
    *,
    noise: LabelNoise,
    command: str = "",
    in_test: int = 0,
    listener: Listener = ignore,
) -> None:
    """Write the table, the strongest issue first, then the labels that were corrected before; and the page beside it.

    Args:
        table: where; its page has the same name and ends in .html.
        samples: those whose labels were checked.
        issues: as ``find_label_issues`` gives them.
        noise: how many are wrong by estimate.
        command: that fits with the table, as a shell takes it; for the page.
        in_test: how many more are doubted that are of the test part, and left out therefore; for the page.
        listener: is told of progress.

    Raises:
        SettingError: a file is there already, or cannot be written.
    """
    check_review_table(table)
    by_id = {sample.id: sample for sample in samples.samples}
    found = [(by_id[issue.id], issue) for issue in issues]
    sentence = f"{describe_label_noise(noise)}{f'; {describe_left_out(in_test)}' if in_test else ''}."
    page = _render_page(samples, found, sentence, _describe_next_step(table, command), _count_pictures(noise), listener)
    rows = _format_table(samples, found)
    try:
        replace_bytes(table, rows)
        replace_text(locate_review_page(table), page)
    except OSError as error:
        with suppress(OSError):
            table.unlink(missing_ok=True)  # of two that go together, one alone would refuse the next try
        refuse_machine_faults(error, f"for the table {str(table)!r}")
        raise SettingError(f"table {str(table)!r} cannot be written: {error.strerror}; name another") from None


def _format_table(samples: Samples, found: Sequence[tuple[Sample, LabelIssue]]) -> bytes:
    earlier = {relabel.photo: relabel for relabel in samples.relabels}
    rows: list[Sequence[str]] = [COLUMNS]
    for sample, issue in found:
        now, likely = samples.classes[issue.given], samples.classes[issue.likely]
        given = earlier.pop(sample.name).given if sample.name in earlier else now
        shares = (f"{issue.given_probability:.4f}", f"{issue.likely_probability:.4f}")
        rows.append((sample.name, given, now, likely, *shares, now))
    rows += [(old.photo, old.given, old.label, "", "", "", old.label) for old in earlier.values()]
    content = format_csv(rows).encode("utf-8", "backslashreplace")
    # Spreadsheets take a table for UTF-8 by its mark only; where all is ASCII, other readers are spared it.
    return content if content.isascii() else b"\xef\xbb\xbf" + content


def _count_pictures(noise: LabelNoise) -> int:
    """Return how many pictures the page has at most."""
    return min(max(noise.high or 0, FEWEST_PICTURES), MOST_PICTURES)


def _describe_next_step(table: Path, command: str) -> str:
    file = html.escape(table.name)
    then = f"<code>{html.escape(command)}</code>" if command else f"fit with <code>--relabel {file}</code>"
    return (
        f"Write the right class into the column <code>label</code> of <code>{file}</code>, or empty the cell to leave "
        f"the photo out; then {then}. No photo is moved or renamed."
    )


def _render_page(
    samples: Samples,
    found: Sequence[tuple[Sample, LabelIssue]],
    sentence: str,
    next_step: str,
    most: int,
    listener: Listener,
) -> str:
    shown = found[:most]
    pictures = list(
        map_in_threads(
            _make_picture, [it for it, _ in shown], stage="draw", workers=default_workers(), listener=listener
        )
    )
    cards = [
        _render_card(row, sample, issue, picture, samples.classes)
        for row, ((sample, issue), picture) in enumerate(zip(shown, pictures, strict=True), 2)  # 1 is the header
    ]
    none = "" if found else "<p>No label is doubted.</p>\n"
    more = f"<p>{len(found) - len(shown):,} more are in the table.</p>" if len(found) > len(shown) else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Labels to look at</title><style>{_STYLE}</style></head><body><main>
<h1>Labels to look at</h1>
<p>{html.escape(samples.root)}: {html.escape(sentence)} Each photo was
judged by a classifier that had not seen it. What it doubts is a wrong label, or a photo that is hard to tell.</p>
<p>{next_step}</p>
{_render_section("Worth a second look, strongest first", cards)}{none}{more}
</main></body></html>
"""


def _render_section(title: str, cards: Sequence[str]) -> str:
    return f"<h2>{title} ({len(cards):,})</h2>\n<ol>\n{''.join(cards)}</ol>\n" if cards else ""


def _render_card(row: int, sample: Sample, issue: LabelIssue, picture: bytes, classes: Sequence[str]) -> str:
    given, likely = html.escape(classes[issue.given]), html.escape(classes[issue.likely])
    alt = f"row {row}: labelled {given}, looks like {likely}"
    shown = (
        f'<img src="data:image/jpeg;base64,{base64.b64encode(picture).decode()}" alt="{alt}">'
        if picture
        else '<span class="none">cannot be shown</span>'
    )
    return (
        f"<li>{shown}<dl><dt>given</dt><dd>{given}</dd><dd>{issue.given_probability:.1%}</dd>"
        f'<dt>likely</dt><dd class="likely">{likely}</dd><dd>{issue.likely_probability:.1%}</dd></dl>'
        f'<p class="name">row {row}: {_allow_breaks(sample.name)}</p></li>\n'
    )


def _allow_breaks(name: str) -> str:
    """Return a name, as HTML, that may be broken after the folders in it, and only there."""
    return html.escape(name).replace("/", "/<wbr>")


def _make_picture(sample: Sample) -> bytes:
    """Return a small JPEG of a photo; nothing where it does not decode."""
    try:
        image = Image.fromarray(load_photo(sample.source, _SPEC).pixels)
    except BrokenPhoto:
        return b""
    image.thumbnail((EDGE, EDGE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
