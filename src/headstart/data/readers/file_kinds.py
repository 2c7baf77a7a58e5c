"""Kinds of files by their bytes, whatever they are called: archives, tables, and what is neither and often given."""

import tarfile
import zipfile
import zlib
from pathlib import Path

ZIP, TAR = "zip", "tar"
HEAD = 4096  #: bytes by which a file is known

PACKED_TARS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")  #: how a tar begins that is compressed as a whole
_PARQUET = b"PAR1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_WORKBOOK = "xl/workbook.xml"
#: What files are that are given as a source and that nothing reads, and what to do.
_UNREAD = (
    (b"Rar!\x1a\7", "a RAR archive, which is not read; unpack it and give the folder"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive, which is not read; unpack it and give the folder"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard, which is not read; unpack it and give what is in it"),
    (b"\x1f\x8b", "packed with gzip; unpack it (gunzip) and give what is in it"),
    (b"BZh", "packed with bzip2; unpack it (bunzip2) and give what is in it"),
    (b"\xfd7zXZ\0", "packed with xz; unpack it (unxz) and give what is in it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file; save the table as CSV"),
    (b"SQLite format 3\0", "an SQLite database; export the table as CSV"),
    (b"%PDF-", "a PDF; take what is in it out into files of their own"),
)


def read_beginning(file: Path) -> bytes:
    """Return the first bytes of a file; b"" where it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(HEAD)
    except OSError:
        return b""


def find_archive_kind(file: Path) -> str:
    """Return whether a file is a ``ZIP`` or a ``TAR``, packed or not; "" where it is neither, or a workbook."""
    head = read_beginning(file)
    try:
        if head[257:262] == b"ustar" or (head.startswith(PACKED_TARS) and tarfile.is_tarfile(file)):
            return TAR
    except (OSError, EOFError, zlib.error):
        return ""
    return ZIP if head.startswith(b"PK") and zipfile.is_zipfile(file) and not is_workbook(file) else ""


def is_workbook(file: Path) -> bool:
    """Return whether a file is a workbook of Excel."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _WORKBOOK in archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def is_parquet(file: Path) -> bool:
    """Return whether a file is a Parquet table."""
    return read_beginning(file).startswith(_PARQUET)


def is_text(file: Path) -> bool:
    """Return whether a file begins like text: not empty, and without control characters, or in UTF-16."""
    head = read_beginning(file)
    if head.startswith(_UTF16):
        return True
    return bool(head.strip()) and not any(byte < 9 or 13 < byte < 26 for byte in head)


def describe_unread(file: Path) -> str:
    """Return what a file is that nothing reads, and what to do; "" where that is not known."""
    head = read_beginning(file)
    if head.startswith(b"PK") and is_workbook(file):
        return "a workbook of Excel; save the table as CSV"
    if head.startswith(b"PK") and b"opendocument" in head[:200]:
        return "a workbook or text of LibreOffice; save the table as CSV"
    return next((text for start, text in _UNREAD if head.startswith(start)), "")
