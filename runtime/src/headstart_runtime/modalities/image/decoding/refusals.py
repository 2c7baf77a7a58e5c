"""Reasons why bytes are no photo that can be read, and advice."""

from headstart_runtime.modalities.image.decoding import jpeg, tiff
from headstart_runtime.modalities.image.wording import PHOTO
from headstart_runtime.modalities.strays import describe_stray, recognise_stray

UNKNOWN = "not an image in a known format"

_FORMS = {1: "unsigned", 2: "signed", 3: "floating point"}  # SampleFormat
_TEXTS = (
    (b"<svg", "an SVG drawing; export it as PNG"),
    (b"%pdf-", "a PDF; export its pictures"),
    (b"8bps", "a Photoshop document; export it as PNG or TIFF"),
    (b"simple  =", "a FITS file; save it as TIFF"),
    (b"\x89hdf", "an HDF5 file; save its pictures as TIFF"),
)


def explain_unknown(data: bytes) -> str:
    """Return what bytes that no decoder takes are instead, and what to do."""
    if stray := recognise_stray(data):
        return describe_stray(stray, PHOTO)
    start = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    what = next((text for mark, text in _TEXTS if start.startswith(mark)), "")
    if data[128:132] == b"DICM":
        what = "a DICOM file; save it as PNG or TIFF with the rescaled values"
    elif start.startswith(b"<?xml") and b"<svg" in data[:2000]:
        what = "an SVG drawing; export it as PNG"
    elif data.startswith(jpeg.START):
        what = _explain_jpeg(data)
    elif found := tiff.read_directories(data):
        what = _explain_tiff(found[0])
    return f"{UNKNOWN}: {what}" if what else UNKNOWN


def _explain_jpeg(data: bytes) -> str:
    layout = jpeg.read_jpeg_layout(data)
    if layout is None or layout.precision == 8:
        return ""
    return f"a JPEG of {layout.precision} bits, which is not read; save it as PNG or TIFF of 16 bits"


def _explain_tiff(first: tiff.Directory) -> str:
    kind = (
        f"{first.channels} channel{'s' * (first.channels != 1)} of {first.bits} bits, {_FORMS.get(first.form, 'odd')}"
    )
    return f"a TIFF of a kind that is not read ({kind}); save it as grey or RGB, 8 or 16 bits unsigned or 32 bits float"
