import pytest

from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.strays import STRAYS, describe_stray, recognise_pointer, recognise_stray

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12345\n"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (POINTER, "git-lfs-pointer"),
        (b"/annex/objects/SHA256E-s12345--aa.jpg\n", "git-annex-link"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html><body>403 Forbidden</body></html>", "web-page"),
        (b"<HTML>\n<HEAD>", "web-page"),
        (b"<?xml version='1.0'?>\n<!DOCTYPE html>\n<html xmlns='http://www.w3.org/1999/xhtml'>", "web-page"),
        (b"<?xml version='1.0' encoding='UTF-8'?>\n<Error><Code>AccessDenied</Code></Error>", "error-answer"),
        (b'{"message": "API rate limit exceeded", "documentation_url": "x"}', "error-answer"),
        (b'{"error": {"code": 403}}', "error-answer"),
        (b"404: Not Found", "error-answer"),
        (b"Entry not found", "error-answer"),
        (b"Access denied\r\n", "error-answer"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(80), "mac-resource-file"),
        (b"L\0\0\0\x01\x14\x02\0" + bytes(60), "shortcut"),
        (b"[InternetShortcut]\r\nURL=https://example.org/a.jpg\r\n", "shortcut"),
        (b"PK\3\4" + bytes(60), "archive"),
        (b"x" * 257 + b"ustar" + bytes(300), "archive"),
        (b"PK\3\4" + bytes(26) + b"[Content_Types].xml" + bytes(60), "office-document"),
        (b"PK\3\4" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text", "office-document"),
        (b"\0\0\0\x20ftypisom" + bytes(60), "video"),
        (b"\0\0\0\x14ftypqt  " + bytes(60), "video"),
        (b"RIFF\0\0\0\0AVI LIST" + bytes(60), "video"),
        (b"\x1a\x45\xdf\xa3" + bytes(60), "video"),
        (bytes(900), "only-zeros"),
        (b"", "empty"),
    ],
)
def test_each_kind_is_known_by_its_bytes(content, name):
    stray = recognise_stray(content)
    assert stray is STRAYS[name]
    assert describe_stray(stray, Noun("photo", "photos")).startswith(stray.one)


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"<?xml version='1.0'?><annotation/>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b'{"images": [], "annotations": []}',
        b'{"error',
        b'["error"]',
        b"path,label\na.jpg,ant\n",
        b"\0",
        b"\xff\xd8\xff\xe0",
        b"\0\0\0\x18ftypheic" + bytes(60),
        b"\0\0\0\x18ftypavif" + bytes(60),
        b'{"message": "' + b"x" * 20_000 + b'"}',
    ],
)
def test_what_may_be_anything_is_nothing_known(content):
    assert recognise_stray(content) is None


def test_pointers_are_small_and_only_pointers():
    assert recognise_pointer(POINTER) is STRAYS["git-lfs-pointer"]
    assert recognise_pointer(POINTER + b"x" * 2000) is None
    assert recognise_pointer(b"<html>") is None
