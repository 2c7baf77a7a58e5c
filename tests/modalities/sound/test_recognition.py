"""Files of sound known by their first bytes."""

import io
import wave

import pytest

from headstart_runtime.modalities.sound.recognition import recognise_sound


def write_wav() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(800))
    return content.getvalue()


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (write_wav(), True),
        (b"FORM\0\0\0\x10AIFF", True),
        (b"fLaC\0\0\0\x22", True),
        (b"OggS\0\x02", True),
        (b"ID3\x04\0", True),
        (b"\xff\xfb\x90\x64" + bytes(64), True),
        (b"\xff\xf1\x50\x80" + bytes(64), True),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", True),
        (b"\0\0\0\x20ftypisom\0\0\0\0", False),
        (b"\0\0\0\x20ftypavif\0\0\0\0", False),
        (b"RIFF\x24\x00\x00\x00AVI ", False),
        (b"RIFF\x24\x00\x00\x00WEBP", False),
        (b"\xff\xd8\xff\xe0", False),
        (b"\xff\xfeP\0r\0", False),
        (b"", False),
    ],
)
def test_clips_are_told_from_other_files(head: bytes, is_one: bool) -> None:
    assert recognise_sound(head) is is_one
