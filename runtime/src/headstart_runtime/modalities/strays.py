"""Contents that stand where an item of any kind should be: pointers, pages of refused downloads, files of systems.

They are known by their bytes. What is an item is the modality's to say; this is asked where it says no, and of pointers
first, since these are text, which a modality might take for an item.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from headstart_runtime.modalities.item import Noun

MOST_OF_AN_ANSWER = 10_000  #: bytes of a server's answer in place of a file
_HEAD = 1024

#: How the names of downloads end that are not finished.
UNFINISHED_SUFFIXES = frozenset({".crdownload", ".part", ".partial", ".download", ".opdownload", ".aria2", ".!ut"})


@dataclass(frozen=True, slots=True)
class Stray:
    """A kind of contents that stand where an item should be."""

    name: str  #: in the ledger
    one: str
    many: str
    remedy: str  #: what to do with one or with several, after a colon; may name phrases of the items' noun
    command: str = ""  #: that does it for a whole folder, when run in it
    packed_remedy: str = ""  #: what to do instead where they lie in an archive


LFS_POINTER = Stray(
    "git-lfs-pointer",
    "a Git LFS pointer",
    "Git LFS pointers",
    "run git lfs pull",
    "git lfs pull",
    "an archive of a repository has pointers only; clone the repository and run git lfs pull",
)
ANNEX_POINTER = Stray(
    "git-annex-link",
    "a git-annex link whose content is not here",
    "git-annex links whose content is not here",
    "run git annex get",
    "git annex get .",
    "an archive of a repository has links only; clone the repository and run git annex get",
)
WEB_PAGE = Stray("web-page", "a web page", "web pages", "the download was refused or moved; download again")
ERROR_ANSWER = Stray(
    "error-answer",
    "a server's error message",
    "error messages of a server",
    "the download was refused or failed; download again",
)
RESOURCE_FILE = Stray(
    "mac-resource-file",
    "a Mac resource file (._name)",
    "Mac resource files (._name)",
    "nothing is lost if the file without ._ is there; remove it",
)
SHORTCUT = Stray(
    "shortcut", "a shortcut to a file", "shortcuts to files", "copy the file itself here, and not the shortcut"
)
ARCHIVE = Stray("archive", "an archive", "archives", "unpack it, or give it alone as the source")
OFFICE = Stray(
    "office-document",
    "an office document, such as .docx or .xlsx",
    "office documents, such as .docx or .xlsx",
    "save what it shows as files, or its table as CSV",
)
VIDEO = Stray(
    "video",
    "a video",
    "videos",
    "{from_video}",
)
ONLY_ZEROS = Stray(
    "only-zeros",
    "a file of nothing but zero bytes",
    "files of nothing but zero bytes",
    "the download or copy broke off; fetch again",
)
EMPTY = Stray("empty", "zero bytes", "empty files (zero bytes)", "the download or copy broke off; fetch again")
UNFINISHED = Stray("unfinished-download", "an unfinished download", "unfinished downloads", "finish or fetch again")
CLOUD_PLACEHOLDER = Stray(
    "icloud-placeholder",
    "an iCloud placeholder (.name.icloud)",
    "iCloud placeholders (.name.icloud)",
    "download it from iCloud",
    "brctl download .",
)
STRAYS = {
    stray.name: stray
    for stray in (
        *(LFS_POINTER, ANNEX_POINTER, WEB_PAGE, ERROR_ANSWER, RESOURCE_FILE, SHORTCUT, ARCHIVE),
        *(OFFICE, VIDEO, ONLY_ZEROS, EMPTY, UNFINISHED, CLOUD_PLACEHOLDER),
    )
}

_ARCHIVES = (
    *(b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"),
    *(b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\7", b"\x28\xb5\x2f\xfd"),
)
_OFFICE = re.compile(rb"\[Content_Types\]\.xml|mimetypeapplication/vnd\.oasis\.opendocument|word/|xl/|ppt/")
OFFICE_SUFFIXES = frozenset({".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".xlsm", ".docm", ".numbers", ".pages"})
VIDEO_SUFFIXES = frozenset(
    ".mp4 .mov .avi .mkv .webm .m4v .wmv .flv .mpg .mpeg .3gp .mts .m2ts".split()  # noqa: SIM905
)
_FILM_BRANDS = re.compile(rb"isom|iso[2-9]|mp4[12v]|avc1|qt  |M4V|3g[ep]|MSNV|dash|f4v|mmp4|XAVC")
_FILMS = (b"\x1a\x45\xdf\xa3", b"FLV\1", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"\0\0\1\xba", b"\0\0\1\xb3")
_SHORTCUTS = (b"L\0\0\0\x01\x14\x02\0", b"book\0\0\0\0mark", b"[InternetShortcut]", b"[Desktop Entry]")
_ERROR_KEYS = frozenset({"error", "errors", "message", "detail"})
_ERROR_TEXT = re.compile(
    r"(error:? )?([45]\d\d\b|(file |page |entry |repository )?not found|access denied|forbidden|unauthori[sz]ed|"
    r"too many requests|invalid username|bad gateway|service unavailable|rate limit|request has expired)",
    re.IGNORECASE,
)


def recognise_pointer(content: bytes) -> Stray | None:
    """Return what a small file is that only says where the real one is; None of any other."""
    if content.startswith(b"version https://git-lfs") and len(content) < _HEAD:
        return LFS_POINTER
    if content.startswith(b"/annex/objects/") and b"\n" not in content.rstrip():
        return ANNEX_POINTER
    return None


def recognise_stray(content: bytes) -> Stray | None:
    """Return what bytes are that are no item: a pointer, a page, a system's file; None where that cannot be told.

    Args:
        content: of the whole file, or at least the first 1,024 bytes; a server's answer is only known whole.
    """
    if not content:
        return EMPTY
    rules: tuple[tuple[Stray, Callable[[bytes], bool]], ...] = (
        (WEB_PAGE, _is_page),
        (ERROR_ANSWER, _is_error_answer),
        (RESOURCE_FILE, lambda data: data.startswith((b"\0\5\x16\7", b"\0\5\x16\0"))),
        (SHORTCUT, lambda data: data.startswith(_SHORTCUTS)),
        (OFFICE, lambda data: data.startswith(b"PK\3\4") and _OFFICE.search(data[:_HEAD]) is not None),
        (VIDEO, _is_video),
        (ARCHIVE, lambda data: data.startswith(_ARCHIVES) or data[257:262] == b"ustar"),
        (ONLY_ZEROS, lambda data: len(data) > 1 and not data[0] and data.count(0) == len(data)),
    )
    return recognise_pointer(content) or next((stray for stray, fits in rules if fits(content)), None)


def describe_stray(stray: Stray, noun: Noun) -> str:
    """Return what one is and what to do, as the reason why it is not used; ``noun`` is of what it is not."""
    remedy = noun.fill(stray.remedy)
    return f"{stray.one}: {remedy}" if stray is EMPTY else f"{stray.one}, not the {noun.one}: {remedy}"


def _is_video(content: bytes) -> bool:
    """Return whether bytes begin like an MP4 or QuickTime film, AVI, Matroska, Flash, Windows Media or MPEG."""
    if content[4:8] == b"ftyp":
        return _FILM_BRANDS.match(content[8:12]) is not None
    return content.startswith(_FILMS) or (content[:4] == b"RIFF" and content[8:12] == b"AVI ")


def _is_page(content: bytes) -> bool:
    head = content[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith((b"<?xml", b"<!--")):
        return re.search(rb"<html[\s>]", head) is not None
    return head.startswith((b"<!doctype html", b"<html", b"<head"))


def _is_error_answer(content: bytes) -> bool:
    """Return whether bytes are the answer of a server that did not give a file: XML, JSON or a line of text."""
    if len(content) > MOST_OF_AN_ANSWER:
        return False
    text = content.decode("utf-8-sig", "replace").strip()
    if text.startswith("<"):
        return re.match(r"(<\?xml[^>]*>\s*)?<(\w+:)?(Error|ErrorResponse|Fault|Envelope)\b", text) is not None
    if text.startswith("{"):
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            return False
        return isinstance(answer, dict) and bool(_ERROR_KEYS & answer.keys())
    return len(text) < 200 and _ERROR_TEXT.match(text) is not None
