"""``_manifest.json``: all that shapes the answers in a folder, so that nothing else is written beside them."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from headstart_runtime.answer_files.listing import ListingFacts
from headstart_runtime.errors import SettingError, bounded, describe_schema_mismatch
from headstart_runtime.inference.model_format import ModelRecord
from headstart_runtime.whole_files import replace_text

MANIFEST = "_manifest.json"
SCHEMA_VERSION = 1
MOST_NAMED = 20  #: things of a source that are written down by name
#: What is fixed, in the words of the message about a difference.
WORDS = {
    "model": "the model",
    "source": "the source",
    "texts": "the texts",
    "engine": "the engine",
    "threshold": "the threshold",
    "top": "--top",
    "every": "--every",
    "path_column": "--path-column",
    "text_column": "--text-column",
    "lines": "--lines",
    "columns": "the columns of answers",
}


@dataclass(frozen=True, slots=True)
class AnswerManifest:
    """The content of the file."""

    fixed: Mapping[str, Any]  #: that the same command has again; plain values
    listing: ListingFacts
    home: str  #: the folder that paths start from
    part_items: int  #: items of a part; the last has fewer
    made: Mapping[str, Any]  #: when, from which folder, by which version: for people
    finished: Mapping[str, Any] | None = None  #: once all is checked: items, failed

    @property
    def job(self) -> str:
        """A short text that is another one for other answers."""
        told = json.dumps([self.fixed, self.listing.sha256, self.part_items], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def count_parts(self) -> int:
        """Return how many parts there will be."""
        return -(-self.listing.items // self.part_items)

    def range_of(self, part: int) -> range:
        """Return the numbers of a part's items."""
        first = part * self.part_items
        return range(first, min(first + self.part_items, self.listing.items))

    def finish(self, items: int, failed: int) -> Self:
        """Return the manifest of a finished job."""
        return replace(self, finished={"items": items, "failed": failed, "date": format_now()})

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any], name: str) -> Self:
        """Return the manifest that ``to_json`` describes.

        Args:
            record: plain values.
            name: of the file, for the error.

        Raises:
            SettingError: another headstart wrote it, or it is none.
        """
        if record.get("schema_version") != SCHEMA_VERSION:
            raise SettingError(describe_schema_mismatch(name, record.get("schema_version"), SCHEMA_VERSION))
        values = {key: value for key, value in record.items() if key != "schema_version"}
        try:
            return cls(**{**values, "listing": ListingFacts(**values["listing"])})
        except (KeyError, TypeError) as error:
            raise SettingError(f"{name!r} is no manifest of answers: {error}; name another place") from None


def read_manifest_of(folder: Path) -> AnswerManifest | None:
    """Return the manifest in a folder, None where there is none.

    Raises:
        SettingError: it cannot be read.
    """
    file = folder / MANIFEST
    try:
        record = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SettingError(f"{str(file)!r} cannot be read: {error}; name another place for the answers") from None
    return AnswerManifest.from_json(record if isinstance(record, dict) else {}, str(file))


def save_manifest(folder: Path, manifest: AnswerManifest) -> None:
    """Write the manifest of a folder, whole or not at all.

    Raises:
        OSError: it cannot be written.
        StoreError: there is no space left.
    """
    replace_text(folder / MANIFEST, json.dumps(manifest.to_json(), indent=1) + "\n")


def hash_model(record: ModelRecord) -> str:
    """Return a SHA-256 of all that a saved classifier is made of; its files' own are in it."""
    return hashlib.sha256(json.dumps(record.to_json(), sort_keys=True, default=str).encode()).hexdigest()


def describe_paths(paths: Sequence[str]) -> list[str] | str:
    """Return the absolute paths that a source was named by, or of many the first and a digest."""
    whole = [os.path.abspath(path) for path in paths]  # noqa: PTH100  resolves no links
    if len(whole) <= MOST_NAMED:
        return whole
    digest = hashlib.sha256("\0".join(whole).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{whole[0]} and {len(whole) - 1:,} more ({digest[:16]})"


def refuse_differences(manifest: AnswerManifest, fixed: Mapping[str, Any], out: Path, folder: Path) -> None:
    """Refuse another command than the one whose answers are there.

    Args:
        manifest: of what is there.
        fixed: of this command; an engine "auto" is whichever was taken.
        out: as it was named.
        folder: of this command's model.

    Raises:
        SettingError: something differs; the message says what, and what to do.
    """
    then = dict(manifest.fixed)
    now = json.loads(json.dumps(dict(fixed)))
    if now.get("engine") == "auto":
        now["engine"] = then.get("engine")
    told = []
    for key in dict.fromkeys([*then, *now]):
        if then.get(key) == now.get(key):
            continue
        one, other = (manifest.made.get("model"), str(folder)) if key == "model" else (then.get(key), now.get(key))
        told.append(f"{WORDS.get(key, key)} ({_show(other)} now, {_show(one)} then)")
    if told:
        raise SettingError(
            f"out {str(out)!r} has answers of another command, which differs in {', '.join(told)}; give the same "
            "again, or name another place"
        )


def format_now() -> str:
    """Return the time now."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _show(value: Any) -> str:
    if isinstance(value, list):
        return bounded(", ".join(map(str, value)), 200) or "none"
    return "none" if value is None else bounded(str(value), 200)
