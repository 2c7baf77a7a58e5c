"""Photos among other things: what their files begin with, and what tables, folders and files of them are called."""

from headstart_runtime.modalities.image.decode import identify
from headstart_runtime.modalities.item import BrokenItem, SourceHints

#: How files begin that may say what they are only later on: their whole content is asked.
_BEGINNINGS = (
    *(b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    *(b"\0\0\0\x0cjP", b"\xff\x4f\xff\x51", *(b"P%d" % number for number in range(1, 7))),
)
#: Of what begins as films do too, the brands of photos.
_BRANDS = frozenset({b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})

HINTS = SourceHints(
    media="image/*",
    array_form="(N, H, W) or (N, H, W, channels), uint8",
    array_names=("images", "image"),
    path_columns=(
        "image",
        "image_path",
        "image_file",
        "image_name",
        "img",
        "img_path",
        "photo",
        "image_id",
        *("images", "image_paths", "image_names", "image_filename", "img_name", "img_file", "img_id", "photo_id"),
        *("photo_path", "picture", "isic_id", "image_index"),
    ),
    units={"width": "pixels", "height": "pixels"},
    container_words=frozenset(
        "image images img imgs pic pics picture pictures jpegimages jpeg jpegs jpg png".split()  # noqa: SIM905
    ),
    product_words=frozenset({"photo", "photos"}),
    counter_words=frozenset("img dsc dscn dscf pict image photo picture pic frame pxl mvi gopr".split()),  # noqa: SIM905
)


def is_identified(content: bytes) -> bool:
    """Return whether bytes are a photo's, whole or the beginning of one."""
    try:
        identify(content)
    except BrokenItem:
        return False
    return True


def may_be_identified(head: bytes) -> bool:
    """Return whether a file that begins so may turn out to be a photo; films are not read for that."""
    if head[4:8] == b"ftyp":
        box = head[8 : int.from_bytes(head[:4], "big")]
        return any(box[at : at + 4] in _BRANDS for at in range(0, len(box), 4))
    return head.startswith(_BEGINNINGS) or (head[:4], head[8:12]) == (b"RIFF", b"WEBP")
