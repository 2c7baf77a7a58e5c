"""A sheet of pictures that shows what a network will see: some photos, a row each, as predicted and changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from headstart.data.load import load_item
from headstart.data.samples import Sample, Samples
from headstart.errors import DataError, SettingError
from headstart.modalities.image.augment.augmentation import Augmentation, make_view
from headstart.modalities.image.decode import Pixels, crop_resize
from headstart.modalities.image.drawing import save_picture
from headstart.modalities.image.spec import ImageSpec
from headstart.modalities.modality import BrokenItem
from headstart.storage.atomic import replace_bytes

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
ROWS = 6  #: photos
VIEWS = 7  #: of each, beside the plain one
MARGIN, GAP = 28, 10  #: around everything, between pictures; pixels
TITLE, HEADING, CAPTION = 22, 16, 16  #: sizes of the letters, pixels
LINE = 1.5  #: height of a line of text, in letters
INK, FAINT = (25, 25, 25), (110, 110, 110)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One photo on the sheet."""

    caption: str
    pictures: tuple[Pixels, ...]  #: (S, S, 3) each: as predicted, then the changed views


def check_target(path: Path) -> None:
    """Refuse a file for the sheet that cannot be written, before anything is read.

    Raises:
        SettingError: another ending, or a file that is there already.
    """
    if path.suffix.lower() not in FORMATS:
        raise SettingError(f"sheet {str(path)!r} ends in {path.suffix!r}; wanted one of {', '.join(FORMATS)}")
    if path.exists():
        raise SettingError(f"sheet {str(path)!r} is there already and is not overwritten; name another, or remove it")


def write_sheet(path: Path, samples: Samples, spec: ImageSpec, augmentation: Augmentation, *, seed: int = 0) -> None:
    """Draw some photos of every class and writes them as one picture.

    Raises:
        SettingError: the file cannot be written, or is there already.
        DataError: no photo decodes.
    """
    check_target(path)
    rows = build_rows(samples, spec, augmentation, seed=seed)
    if not rows:
        raise DataError(f"{samples.root} has no photo that decodes, so there is nothing to draw; run headstart check")
    kind = FORMATS[path.suffix.lower()]
    content = save_picture(
        draw_sheet(rows, augmentation.describe()), kind, **({"quality": 92} if kind == "JPEG" else {})
    )
    try:
        replace_bytes(path, content)
    except OSError as error:
        raise SettingError(f"sheet {str(path)!r} cannot be written: {error.strerror}; name another") from None


def build_rows(samples: Samples, spec: ImageSpec, augmentation: Augmentation, *, seed: int) -> list[SheetRow]:
    """Return a row for each of some photos, spread over the classes; those that do not decode are passed over."""
    rows: list[SheetRow] = []
    for sample in interleave_classes(samples):
        if len(rows) == ROWS:
            break
        try:
            photo = load_item(sample.source, spec).value
        except BrokenItem:
            continue
        changed = (
            make_view(photo, spec, augmentation, seed=seed, digest=sample.digest, number=number)
            for number in range(VIEWS)
        )
        rows.append(SheetRow(samples.describe(sample), (crop_resize(photo, spec), *changed)))
    return rows


def interleave_classes(samples: Samples) -> list[Sample]:
    """Return all samples, classes in turn, those of a class by their digests: adding photos changes little."""
    by_class: list[list[Sample]] = [[] for _ in samples.classes]
    for sample in sorted(samples.samples, key=lambda sample: sample.digest):
        by_class[sample.target].append(sample)
    return [sample for sample in chain.from_iterable(zip_longest(*by_class)) if sample is not None]


def locate_picture(size: int, row: int, column: int) -> tuple[int, int]:
    """Return where a picture of ``size`` pixels stands on the sheet: its left and top, pixels."""
    heads = MARGIN + _line(TITLE) + _line(HEADING) + GAP
    return MARGIN + column * (size + GAP), heads + row * (_line(CAPTION) + size + GAP) + _line(CAPTION)


def draw_sheet(rows: Sequence[SheetRow], title: str) -> Image.Image:
    """Draw the rows on white, a title above all, headings above the columns and a caption above each row."""
    size, columns = len(rows[0].pictures[0]), len(rows[0].pictures)
    right, below = locate_picture(size, len(rows) - 1, columns - 1)
    sheet = Image.new("RGB", (right + size + MARGIN, below + size + MARGIN), "white")
    pen = ImageDraw.Draw(sheet)
    width = sheet.width - 2 * MARGIN
    _write(pen, (MARGIN, MARGIN), title, TITLE, INK, width)
    for column in range(columns):
        heading = f"view {column}" if column else "as predicted"
        place = (locate_picture(size, 0, column)[0], MARGIN + _line(TITLE))
        _write(pen, place, heading, HEADING, FAINT, size)
    for number, row in enumerate(rows):
        left, top = locate_picture(size, number, 0)
        _write(pen, (left, top - _line(CAPTION)), row.caption, CAPTION, INK, width)
        for column, picture in enumerate(row.pictures):
            sheet.paste(Image.fromarray(picture), locate_picture(size, number, column))
    return sheet


def _line(letters: int) -> int:
    return round(letters * LINE)


def _write(
    pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, letters: int, ink: tuple[int, int, int], width: int
) -> None:
    """A line of text in at most ``width`` pixels; what is too long ends in dots."""
    font = ImageFont.load_default(letters)
    shown = text
    while len(shown) > 1 and pen.textlength(shown, font=font) > width:
        shown = f"{shown.removesuffix('...')[:-1]}..."
    pen.text(place, shown, fill=ink, font=font)
