"""The picture of a file that is the photo. The first one is not always: it may be a preview.

* TIFF: the first page, unless it is marked as reduced, or a page of the same shape has four times its pixels: then the
  largest. Of a camera raw the largest JPEG inside, if it is no mere preview: sensor data are not developed here.
* JPEG with more pictures (MPO): the first, which the standard (CIPA DC-007) has for the photo; others are other eyes,
  depth or brightness.
* HEIC: the one that it calls its primary; neither thumbnails nor depth.
* GIF, PNG and WebP animations: the first frame. ICO and the like are not read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from headstart_runtime.modalities.image.decoding import tiff
from headstart_runtime.modalities.image.decoding.jpeg import read_jpeg_layout
from headstart_runtime.modalities.image.decoding.tiff import Directory
from headstart_runtime.modalities.item import BrokenItem

SMALLEST_EDGE = 512  #: pixels along the longer edge of a JPEG in a raw that is taken for the photo
SMALLEST_SHARE = 0.25  #: of the sensor's longer edge

_EXPORT = "export it as JPEG or TIFF"
_RAWS = {
    b"FUJIFILMCCD-RAW": "Fujifilm's RAF",
    b"IIRO": "Olympus' ORF",
    b"IIRS": "Olympus' ORF",
    b"MMOR": "Olympus' ORF",
    b"IIU\x00": "Panasonic's RW2",
    b"FOVb": "Sigma's X3F",
}


@dataclass(frozen=True, slots=True)
class PictureChoice:
    """The picture that is taken for the photo."""

    page: int = 0  #: of a TIFF
    stream: bytes | None = None  #: a JPEG inside the file; then this is decoded
    orientation: int = 1  #: of that JPEG, as the file around it says
    note: str = ""  #: for the ledger
    pages: int = 1  #: of a TIFF, without thumbnails and masks of its first, which is this


FIRST = PictureChoice()


def choose_picture(data: bytes) -> PictureChoice:
    """Return the picture of a file that is the photo.

    Raises:
        BrokenItem: it is a camera raw of which only a preview could be read.
    """
    for mark, name in _RAWS.items():
        if data.startswith(mark):
            raise BrokenItem(f"a camera raw ({name}), which is not developed here; {_EXPORT}")
    if data[4:12] == b"ftypcrx ":
        raise BrokenItem(f"a camera raw (Canon's CR3), which is not developed here; {_EXPORT}")
    found = tiff.read_directories(data)
    if not found:
        return FIRST
    if data[8:10] == b"CR" or any(page.is_raw or page.is_dng for page in found):
        return _choose_in_raw(data, found)
    return _choose_page(found)


def describe_picture(image: Image.Image, choice: PictureChoice) -> str:
    """Return in words which of several pictures was taken; "" where there is one.

    Args:
        image: opened, not loaded yet.
        choice: as it was opened by.
    """
    if image.format == "GIF":  # counting its frames would decode them
        animated = "loop" in image.info or bool(image.info.get("duration"))
    else:
        animated = image.format in ("PNG", "WEBP") and bool(getattr(image, "is_animated", False))
    return "the first frame of an animation" if animated else choice.note


def summarise_pages(pages: Sequence[int]) -> tuple[str, ...]:
    """Return a note that counts photos of several pages; none where there are none.

    Args:
        pages: the number in each photo that has several.
    """
    if not pages:
        return ()
    least, most = min(pages), max(pages)
    held = f"{least}" if least == most else f"{least} to {most}"
    have = "file has" if len(pages) == 1 else "files have"
    note = f"{len(pages)} {have} {held} pages, the first is used; where each page is a photo, save each as a file"
    return (note,)


def _choose_in_raw(data: bytes, found: list[Directory]) -> PictureChoice:
    sensor = max((max(one.width, one.height) for one in found), default=0)
    best, best_size = None, (0, 0)
    for one in found:
        if one.is_raw or one.stream is None:
            continue
        start, size = one.stream
        layout = read_jpeg_layout(data[start : start + size])
        if layout is not None and layout.width * layout.height > best_size[0] * best_size[1]:
            best, best_size = one, (layout.width, layout.height)
    if best is None or best.stream is None or max(best_size) < max(SMALLEST_EDGE, SMALLEST_SHARE * sensor):
        first = (found[0].width, found[0].height) if not found[0].is_raw else (0, 0)
        width, height = max(best_size, first, key=lambda size: size[0] * size[1])
        only = f"a preview of {width} x {height} pixels" if width else "no picture"
        raise BrokenItem(f"a camera raw in which only {only} can be read; {_EXPORT}".replace("only no", "no"))
    start, size = best.stream
    note = f"the JPEG of {best_size[0]} x {best_size[1]} pixels in a camera raw"
    return PictureChoice(0, data[start : start + size], found[0].orientation, note)


def _choose_page(found: list[Directory]) -> PictureChoice:
    pages = [one for one in found if one.page is not None]
    first = pages[0]
    full = [one for one in found if not one.kind & (tiff.REDUCED | tiff.MASK) and one.pixels > first.pixels]
    if not first.kind & tiff.REDUCED:
        full = [one for one in full if _is_thumbnail(first, one)]
    if full:
        best = max(full, key=lambda one: one.pixels)
        if best.page is None:
            size = f"{first.width} x {first.height}"
            raise BrokenItem(f"only a preview of {size} of {best.width} x {best.height} pixels can be read; {_EXPORT}")
        note = f"page {best.page + 1} of {len(pages)}, the largest: the first is a preview of it"
        return PictureChoice(best.page, note=note)
    whole = sum(not one.kind & (tiff.REDUCED | tiff.MASK) and not _is_thumbnail(one, first) for one in pages)
    return PictureChoice(note=f"page 1 of {len(pages)}" if len(pages) > 1 else "", pages=max(1, whole))


def _is_thumbnail(small: Directory, large: Directory) -> bool:
    """Return whether a page has the shape of another and at most a quarter of its pixels."""
    if not small.pixels or 4 * small.pixels > large.pixels:
        return False
    across, down = large.width / small.width, large.height / small.height
    return abs(across - down) * min(small.width, small.height) <= 1.5 * max(across, down)  # rounded to whole pixels
