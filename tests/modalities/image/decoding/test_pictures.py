import io
import struct

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from headstart.data.read import read_source
from headstart_runtime.modalities.image.decode import decode, identify
from headstart_runtime.modalities.image.decoding.pictures import choose_picture
from headstart_runtime.modalities.image.decoding.tiff import read_directories
from headstart_runtime.modalities.item import BrokenItem


def scene(width: int = 64, height: int = 48) -> Image.Image:
    y, x = np.mgrid[:height, :width].astype(float)
    channels = np.sin(x / 9) * 90 + 128, np.cos(y / 7) * 90 + 128, (x * 2 + y * 3) % 256
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def raw(*, preview: bytes = b"", turn: int = 1, sensor: tuple[int, int] = (1536, 1024), order: str = "<") -> bytes:
    """A camera raw: a small picture first, inside it perhaps a JPEG, and what the sensor saw."""
    small = scene(160, 120)
    data = b"II*\x00" if order == "<" else b"MM\x00*"
    data += bytes(4) + small.tobytes()
    at = {"small": 8, "jpeg": len(data)}
    data += preview
    at["sensor"] = len(data)
    data += bytes(64)  # nobody reads them

    def directory(*entries: tuple[int, int, int]) -> bytes:
        rows = (
            struct.pack(f"{order}HHI", tag, kind, 1)
            + (struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value))
            for tag, kind, value in sorted(entries)
        )
        return struct.pack(f"{order}H", len(entries)) + b"".join(rows) + bytes(4)

    inner = [directory((254, 4, 0), (256, 4, sensor[0]), (257, 4, sensor[1]), (262, 3, 32803), (273, 4, at["sensor"]))]
    if preview:
        inner.append(directory((254, 4, 1), (259, 3, 6), (513, 4, at["jpeg"]), (514, 4, len(preview))))
    places = []
    for one in inner:
        places.append(len(data))
        data += one
    data += struct.pack(f"{order}{len(places)}I", *places)
    first = [
        (254, 4, 1),
        (256, 4, 160),
        (257, 4, 120),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 2),
        (273, 4, 8),
        (274, 3, turn),
    ]
    first += [(277, 3, 3), (278, 4, 120), (279, 4, len(small.tobytes())), (330, 4, 0)]
    block = bytearray(directory(*first))
    for index in range(len(first)):
        if struct.unpack_from(f"{order}H", block, 2 + 12 * index)[0] == 330:
            value = places[0] if len(places) == 1 else len(data) - 4 * len(places)
            struct.pack_into(f"{order}II", block, 2 + 12 * index + 4, len(places), value)
    whole = bytearray(data + bytes(block))
    struct.pack_into(f"{order}I", whole, 4, len(data))
    return bytes(whole)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_raw_with_only_a_preview_is_refused(order):
    for content in (raw(order=order), raw(order=order, preview=encoded(scene(320, 213), "JPEG"))):
        for look in (identify, decode, choose_picture):
            with pytest.raises(
                BrokenItem, match=r"^a camera raw in which only a preview of \d+ x \d+ pixels can be read; exp"
            ):
                look(content)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_full_jpeg_in_a_raw_is_the_photo(order):
    inside = encoded(scene(768, 512), "JPEG", quality=95)
    header = identify(raw(preview=inside, order=order))
    assert (header.format, header.width, header.height) == ("JPEG", 768, 512)
    photo = decode(raw(preview=inside, order=order))
    assert np.array_equal(photo.pixels, decode(inside).pixels)
    assert photo.note == header.note == "the JPEG of 768 x 512 pixels in a camera raw"


def test_the_jpeg_in_a_raw_is_turned_as_the_raw_says():
    inside = encoded(scene(768, 512), "JPEG", quality=95)
    assert np.array_equal(decode(raw(preview=inside, turn=6)).pixels, np.rot90(decode(inside).pixels, -1))


def test_a_jpeg_that_is_small_beside_the_sensor_is_a_preview():
    with pytest.raises(BrokenItem, match="a preview of 768 x 512 pixels"):
        decode(raw(preview=encoded(scene(768, 512), "JPEG"), sensor=(6000, 4000)))


@pytest.mark.parametrize(
    ("start", "name"),
    [(b"FUJIFILMCCD-RAW 0201", "Fujifilm"), (b"IIRO\x08\x00", "Olympus"), (b"\x00\x00\x00\x18ftypcrx ", "CR3")],
)
def test_raws_of_other_kinds_are_named(start, name):
    with pytest.raises(BrokenItem, match=rf"a camera raw \(.*{name}.*\), which is not developed here; export it"):
        identify(start + bytes(50))


def pages(*images: Image.Image) -> bytes:
    return encoded(images[0], "TIFF", save_all=True, append_images=list(images[1:]))


def test_of_pages_of_one_size_the_first_is_the_photo():
    photo = decode(pages(scene(), Image.new("RGB", (64, 48)), Image.new("RGB", (64, 48))))
    assert np.array_equal(photo.pixels, scene())
    assert photo.note == "page 1 of 3"


def test_a_first_page_that_is_a_thumbnail_is_not_the_photo():
    content = pages(scene().resize((21, 16)), scene(), scene().resize((32, 24)))
    assert np.array_equal(decode(content).pixels, scene())
    assert decode(content).note == "page 2 of 3, the largest: the first is a preview of it"
    assert (identify(content).width, identify(content).height) == (64, 48)


def test_a_large_page_of_another_shape_is_another_picture():
    photo = decode(pages(scene(), Image.new("RGB", (500, 100))))
    assert np.array_equal(photo.pixels, scene())


def test_one_page_has_no_note():
    assert decode(encoded(scene(), "TIFF")).note == ""
    assert [it.page for it in read_directories(encoded(scene(), "TIFF"))] == [0]
    assert read_directories(encoded(scene(), "PNG")) == []


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_its_first_frame_and_says_so(kind):
    how = {"lossless": True} if kind == "WEBP" else {}
    moving = encoded(scene(), kind, save_all=True, append_images=[Image.new("RGB", (64, 48))], duration=100, **how)
    assert decode(moving).note == identify(moving).note == "the first frame of an animation"
    assert np.array_equal(decode(moving).pixels, decode(encoded(scene(), kind, **how)).pixels)
    assert decode(encoded(scene(), kind, **how)).note == ""


def test_the_primary_picture_of_a_heic_is_the_photo():
    several = pillow_heif.from_pillow(Image.new("RGB", (32, 24)))
    several.add_from_pillow(scene())
    out = io.BytesIO()
    several.save(out, primary_index=1, quality=90)
    assert decode(out.getvalue()).pixels.shape == (48, 64, 3)


def test_damaged_directories_end():
    whole = raw(preview=encoded(scene(768, 512), "JPEG"))
    chance = np.random.default_rng(0)
    start = struct.unpack_from("<I", whole, 4)[0]
    for cut in range(start, len(whole)):
        read_directories(whole[:cut])
    for _ in range(300):
        damaged = bytearray(whole)
        for at in chance.integers(start - 200, len(whole), 6):
            damaged[at] = chance.integers(256)
        read_directories(bytes(damaged))
    looped = bytearray(encoded(scene(), "TIFF"))
    at = struct.unpack_from("<I", looped, 4)[0]
    after = at + 2 + 12 * struct.unpack_from("<H", looped, at)[0]
    struct.pack_into("<I", looped, after, at)  # its next page is itself
    assert len(read_directories(bytes(looped))) == 1


def test_the_ledger_says_which_picture_it_is(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(3):
            (tmp_path / name / f"{number}.tif").write_bytes(
                pages(scene(64 + number), Image.new("RGB", (64, 48), (0, 0, name == "a")))
            )
    (tmp_path / "a" / "raw.nef").write_bytes(raw())
    notes = {entry.name: (entry.note, entry.reason) for entry in read_source(tmp_path).ledger.entries}
    assert notes["b/1.tif"] == ("page 1 of 2", "")
    assert notes["a/raw.nef"][1].startswith("a camera raw in which only a preview of 160 x 120 pixels can be read")


def test_files_of_several_pages_are_counted_in_a_note(tmp_path):
    for label in ("ant", "bee"):
        (tmp_path / label).mkdir()
        for number in range(3):
            pages = [scene(40 + 3 * number + 9 * (label == "bee") + page, 30) for page in range(5)]
            pages[0].save(tmp_path / label / f"{number}.tif", save_all=True, append_images=pages[1:])
    samples = read_source(tmp_path)
    assert any(note.startswith("6 files have 5 pages, the first is used") for note in samples.ledger.notes)
    assert {sample.properties["pages"] for sample in samples.samples} == {5}


def test_a_page_with_its_thumbnail_is_one():
    first = scene(64, 48)
    data = encoded(first, "TIFF", save_all=True, append_images=[first.resize((16, 12))])
    assert choose_picture(data).pages == 1
    assert identify(encoded(first, "TIFF", save_all=True, append_images=[scene(64, 48)])).pages == 2
    assert identify(encoded(first, "PNG")).pages == 1
