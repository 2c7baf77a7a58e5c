"""A sheet of pictures that shows what a network will see: some photos, a row each, as predicted and changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from PIL import Image, ImageDraw, ImageFont

from headstart.modalities.image.augment.augmentation import Augmentation, make_view
from headstart_runtime.modalities.facets import SheetItem
from headstart_runtime.modalities.image.decode import Pixels, crop_resize
from headstart_runtime.modalities.image.spec import ImageSpec

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


def build_rows(items: Iterable[SheetItem], spec: ImageSpec, augmentation: Augmentation, *, seed: int) -> list[SheetRow]:
    """Return a row for each of the first photos."""
    rows = []
    for item in islice(items, ROWS):
        changed = (
            make_view(item.value, spec, augmentation, seed=seed, digest=item.digest, number=number)
            for number in range(VIEWS)
        )
        rows.append(SheetRow(item.caption, (crop_resize(item.value, spec), *changed)))
    return rows


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
