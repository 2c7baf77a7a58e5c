"""``headstart check PHOTOS``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from headstart.cli.display import shown
from headstart.cli.tables import table

if TYPE_CHECKING:
    from headstart.data.check import Range, Survey

MOST_LINES = 12  #: of files or sets shown under a heading


def check(
    photos: Path,
    /,
    *,
    fast: Annotated[bool, Parameter(negative="")] = False,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Look photos over before anything is fitted: counts, classes, sizes, problems. Nothing is changed.

    Examples:
        headstart check photos/
        headstart check photos.zip --fast --json

    Args:
        photos: Labelled photos: a folder, a table, an archive or an .npz.
        fast: Read headers only; a photo that is damaged further on is not found then.
        quiet: Show nothing but errors and the result.
        json_: Print the result as one JSON object.
    """
    from headstart.data.check import survey
    from headstart.data.reading import read

    with shown(quiet=quiet or json_) as listener:
        found = survey(read(photos, listener=listener, strict=False), decode_all=not fast, listener=listener)
    print(json.dumps(_in_json(found), ensure_ascii=False) if json_ else _in_words(found))
    return 2 if found.problems else 0


def _in_words(found: "Survey") -> str:
    samples = found.samples
    counts = ", ".join(f"{count} {outcome.value}" for outcome, count in found.outcomes.items())
    ignored = f", {samples.ledger.ignored} hidden or system files ignored" if samples.ledger.ignored else ""
    sections = [
        f"{samples.root}: {sum(found.outcomes.values())} files seen: {counts}{ignored}",
        table(("class", "photos"), found.photos.items()),
        f"formats: {', '.join(f'{name} {count}' for name, count in found.formats.items())}",
        f"width {_range(found.width)}, height {_range(found.height)}",
        _listed("sets of photos with equal bytes", [" = ".join(names) for names in found.copies]),
        _listed(
            "set aside or repaired",
            [
                f"{entry.name}: {entry.outcome.value}: {entry.reason}"
                for entry in samples.ledger.entries
                if entry.reason
            ],
        ),
        _listed("notes", list(samples.ledger.notes)),
        _listed("to mend before fitting", list(found.problems)),
    ]
    return "\n\n".join(section for section in sections if section)


def _range(found: "Range | None") -> str:
    return f"{found.smallest} to {found.largest} pixels, median {found.median:.0f}" if found else "unknown"


def _listed(heading: str, lines: list[str]) -> str:
    if not lines:
        return ""
    more = [f"  ... and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return "\n".join([f"{len(lines)} {heading}:", *(f"  {line}" for line in lines[:MOST_LINES]), *more])


def _in_json(found: "Survey") -> dict[str, Any]:
    return {
        "root": found.samples.root,
        "outcomes": {outcome.value: count for outcome, count in found.outcomes.items()},
        "ignored": found.samples.ledger.ignored,
        "photos": dict(found.photos),
        "formats": dict(found.formats),
        "width": asdict(found.width) if found.width else None,
        "height": asdict(found.height) if found.height else None,
        "copies": [list(names) for names in found.copies],
        "notes": list(found.samples.ledger.notes),
        "problems": list(found.problems),
        "files": [asdict(entry) for entry in found.samples.ledger.entries],
    }
