"""The members of a ZIP or tar archive, as its directory describes them."""

import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from headstart.data.readers.file_kinds import PACKED_TARS, TAR, ZIP, find_archive_kind, read_beginning
from headstart_runtime.errors import DataError

_METHODS = {9: "Deflate64", 20: "Zstandard", 93: "Zstandard", 95: "XZ", 97: "WavPack", 98: "PPMd"}
_LOCAL_HEADER = struct.Struct("<26sHH")  #: of a ZIP's member: its last fields are the lengths of name and extra
_UNREAD = ((b"Rar!\x1a\7", "RAR"), (b"7z\xbc\xaf\x27\x1c", "7z"))  #: how such an archive begins, and its kind


@dataclass(frozen=True, slots=True)
class Member:
    """A file or folder of an archive."""

    raw: bytes  #: its name, as it stands there
    is_utf8: bool  #: whether the archive says that the name is UTF-8
    size: int  #: bytes when unpacked
    packed: int  #: bytes in the archive; 0 where the format does not say
    is_folder: bool
    refused: str  #: what it is when it is neither; ""
    content: Callable[[], IO[bytes] | None]
    offset: int | None = None  #: of its content in the archive; None where it is compressed or in pieces
    crc: int | None = None  #: the CRC-32 of its content, where the format has it


def iter_members(archive: Path) -> Iterator[Member]:
    """Yield the files and folders of an archive.

    Raises:
        DataError: a member is packed by a method that is not read.
    """
    kind = find_archive_kind(archive) or (ZIP if archive.name.lower().endswith(".zip") else TAR)
    return _zip_members(archive) if kind == ZIP else _tar_members(archive)


def is_compressed_tar(archive: Path) -> bool:
    """Return whether an archive is a tar that is compressed as a whole."""
    return read_beginning(archive).startswith(PACKED_TARS)


def find_unread_kind(archive: Path) -> str:
    """Return the kind of an archive that no library here unpacks; "" for any other file."""
    head = read_beginning(archive)
    return next((kind for start, kind in _UNREAD if head.startswith(start)), "")


def is_utf8(raw: bytes) -> bool:
    """Return whether bytes are UTF-8."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _zip_members(archive: Path) -> Iterator[Member]:
    with _open_zip(archive) as file:
        for info in file.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            refused = "encrypted" if info.flag_bits & 1 else ""
            if kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                refused = "a link or a device"
            content = lambda info=info: _open_member(archive, file, info)  # noqa: E731 (a default holds this turn's member)
            is_folder = info.filename.endswith(("/", "\\"))
            offset = _find_stored(file, info) if not (refused or is_folder) else None
            yield Member(
                *_read_raw_name(info), info.file_size, info.compress_size, is_folder, refused, content, offset, info.CRC
            )


def _open_zip(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except NotImplementedError as error:  # of a later version of the format, or damaged so that it says so
        raise zipfile.BadZipFile(str(error)) from None


def _find_stored(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> int | None:
    """Return the offset of a member's content; None where it is compressed, or its own header is not there."""
    if info.compress_type != zipfile.ZIP_STORED or file.fp is None:
        return None
    file.fp.seek(info.header_offset)
    header = file.fp.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\3\4"):
        return None
    _, name, extra = _LOCAL_HEADER.unpack(header)
    return int(info.header_offset + _LOCAL_HEADER.size + name + extra)


def _open_member(archive: Path, file: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return file.open(info)
    except NotImplementedError:
        method = _METHODS.get(info.compress_type, f"method {info.compress_type}")
        raise DataError(
            f"archive {str(archive)!r} is packed by a method that is not read ({method}); unpack it and give the folder"
        ) from None


def _read_raw_name(info: zipfile.ZipInfo) -> tuple[bytes, bool]:
    """Return the bytes of a name, Info-ZIP's extra field 0x7075 first, and whether they are said to be UTF-8."""
    extra, name = info.extra, info.orig_filename
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == 0x7075 and size > 5 and extra[4] == 1 and is_utf8(extra[9 : 4 + size]):
            return extra[9 : 4 + size], True
        extra = extra[4 + size :]
    if info.flag_bits & 0x800:
        return name.encode("utf-8", "surrogateescape"), True
    try:
        return name.encode("cp437"), False  # as which zipfile reads every byte
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape"), True


def _tar_members(archive: Path) -> Iterator[Member]:
    with tarfile.open(archive) as file:
        is_plain = isinstance(file.fileobj, io.BufferedReader)
        while info := file.next():
            refused = "" if info.isfile() or info.isdir() else "a link or a device"
            content = lambda info=info: file.extractfile(info)  # noqa: E731 (as above)
            raw = info.name.encode("utf-8", "surrogateescape")
            offset = info.offset_data if is_plain and info.isfile() and not info.issparse() else None
            yield Member(raw, "path" in info.pax_headers, info.size, 0, info.isdir(), refused, content, offset)
            file.members.clear()  # type: ignore[attr-defined]  # it would keep every member it has passed
        if damage := describe_tar_damage(file):
            raise tarfile.ReadError(damage)


def describe_tar_damage(file: tarfile.TarFile) -> str:
    """Return why a tar that was read to its end is not whole, of which its library says nothing; "" where it is."""
    assert file.fileobj is not None
    file.fileobj.seek(file.offset)  # behind the last member that was read
    block = file.fileobj.read(tarfile.BLOCKSIZE)
    if not block.strip(b"\0"):
        return ""
    return f"no member begins at byte {file.offset:,}, and it does not end there"
