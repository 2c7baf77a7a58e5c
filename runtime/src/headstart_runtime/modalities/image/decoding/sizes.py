"""The memory that a photo takes while it is decoded, told from its header."""

from headstart_runtime.modalities.image.decoding.jpeg import START, read_jpeg_layout
from headstart_runtime.modalities.image.decoding.opening import open_image

BYTES = 10  #: of a pixel: Pillow's own four, and the copies that become RGB; 10.6 were seen for a bilevel PNG
SHRUNK = 64  #: pixels of a large JPEG that become one while it is decoded, unless all its coefficients are held at once


def measure_decoded(data: bytes) -> int:
    """Return the bytes that a photo takes at most while it is decoded, about.

    Args:
        data: the bytes of its file.

    Raises:
        BrokenItem: it is no photo in a known format, or one that is decoded nowhere.
    """
    layout = read_jpeg_layout(data) if data.startswith(START) else None
    if layout is not None:
        return BYTES * layout.width * layout.height // (1 if layout.buffered else SHRUNK)
    with open_image(data) as image:
        return BYTES * image.width * image.height
