"""``headstart check PHOTOS``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from headstart.cli.check_labels import Held, check_flags, hold
from headstart.cli.tables import table
from headstart.display.watch import watch
from headstart.errors import SettingError
from headstart.settings import AugmentSettings, DataSettings, EngineName, Precision, locate_store

if TYPE_CHECKING:
    from headstart.data.check import DataCheck, Range
    from headstart.data.samples import LedgerEntry
    from headstart.events import Listener

SHEET_SIZE = 224  #: edge of the sheet's pictures: no network has to be there to say what its own would be
MOST_LINES = 12  #: of files or sets shown under a heading


def check(
    photos: Path,
    /,
    *,
    data: Annotated[DataSettings | None, Parameter(name="*")] = None,
    augment: Path | None = None,
    settings: Annotated[AugmentSettings | None, Parameter(name="*")] = None,
    labels: Path | None = None,
    relabel: Path | None = None,
    split_from: Path | None = None,
    include_test: Annotated[bool, Parameter(negative="")] = False,
    backbone: str | None = None,
    seed: int | None = None,
    precision: Precision | None = None,
    engine: EngineName | None = None,
    workers: int | None = None,
    store: Path | None = None,
    fast: Annotated[bool, Parameter(negative="")] = False,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Look photos over before anything is fitted: counts, classes, sizes, problems. Nothing is changed.

    With --augment it draws a sheet too: six photos in rows, each as it is predicted on and as seven changed views of
    it that a network is trained on, at 224 pixels.

    With --labels a network looks at every photo once and each label is held to a classifier that has not seen that
    photo. Photos worth a second look go into a table, strongest first, with a page of pictures beside it. Edit the
    column label, and hand the table to headstart fit --relabel. Labels that were corrected before, by --relabel or in
    the run of --split-from, are taken as corrected and stand in the table too.

    Examples:
        headstart check photos/
        headstart check photos.zip --fast --json
        headstart check patients/ --classes-from parent --groups-from folder
        headstart check photos/ --augment sheet.png
        headstart check photos/ --augment turned.png --augmentation light --rotation 15
        headstart check photos/ --labels fixes.csv

    Args:
        photos: Labelled photos: a folder, a table, an archive or an .npz.
        data: How photos and labels are read.
        augment: Write a sheet of changed views to this file, .png or .jpg. Never overwritten.
        settings: How views are changed.
        labels: Write photos whose labels look wrong to this table, .csv, and a page, .html. Never overwritten.
        relabel: A table that was edited before: start from its labels.
        split_from: A run to go on from: its corrected labels and its test part are taken.
        include_test: List photos of the test part too. Correcting what a classifier disputes there flatters its score.
        backbone: The network that labels are held to, one name; efficientnet_lite0 when not given.
        seed: Of the folds, and of the split whose train part the engine is proved on; 0 when not given.
        precision: Arithmetic of its forward pass; auto when not given.
        engine: What runs it; auto when not given.
        workers: Threads for decoding; one per core when not given.
        store: The store's folder; HEADSTART_STORE or the platform's cache folder when not given.
        fast: Read headers only; a photo that is damaged further on is not found then. Not with --labels.
        quiet: Show nothing but errors and the result.
        json_: Print the result as one JSON object.
    """
    _check_sheet(augment, settings)
    given = {"backbone": backbone, "seed": seed, "precision": precision, "engine": engine, "workers": workers}
    network = {name: value for name, value in {**given, "store": store}.items() if value is not None}
    going_on: dict[str, Any] = {"relabel": relabel, "split_from": split_from, "include_test": include_test or None}
    network |= {name: value for name, value in going_on.items() if value is not None}
    check_flags(labels, network, fast=fast)
    read_as = data or DataSettings.model_validate({})
    from headstart.storage.locks import try_mark_in_use

    with try_mark_in_use(locate_store(store)):
        with watch(progress=not (quiet or json_)) as listener:
            held = hold(photos, labels, {**network, **read_as.given()}, listener) if labels is not None else None
            found = _surveyed(photos, read_as, held, fast=fast, listener=listener)
        if augment is not None:
            _draw_sheet(augment, settings or AugmentSettings.model_validate({}), found)
    if json_:
        more = {"sheet": str(augment) if augment else None, "labels": held.to_json() if held else None}
        print(json.dumps({**_in_json(found), **more}, ensure_ascii=False))
    else:
        views = f"changed views are shown in {augment}" if augment else ""
        print("\n\n".join(section for section in (_in_words(found), views, held.in_words() if held else "") if section))
    return 2 if found.problems else 0


def _surveyed(photos: Path, data: DataSettings, held: Held | None, *, fast: bool, listener: "Listener") -> "DataCheck":
    """The survey; of what holding labels has read and decoded, where that was done."""
    from headstart.data.check import check_samples
    from headstart.data.read import read_source

    if held is not None:
        return check_samples(held.found.samples, decode_all=False)
    samples = read_source(photos, options=data, listener=listener, strict=False)
    return check_samples(samples, decode_all=not fast, listener=listener)


def _check_sheet(sheet: Path | None, settings: AugmentSettings | None) -> None:
    """Says what is wrong with the sheet before the long look at the photos."""
    if sheet is not None:
        from headstart.modalities.image.augment.sheet import check_target

        check_target(sheet)
    elif settings is not None and settings.model_fields_set:
        flag = sorted(settings.model_fields_set)[0].replace("_", "-")
        raise SettingError(f"--{flag} is given without a sheet to show it on; add --augment FILE.png")


def _draw_sheet(sheet: Path, settings: AugmentSettings, found: "DataCheck") -> None:
    from headstart.modalities.image.augment.augmentation import Augmentation
    from headstart.modalities.image.augment.sheet import write_sheet
    from headstart.modalities.image.spec import WHOLE_EDGE, ImageSpec

    spec = ImageSpec(SHEET_SIZE, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    write_sheet(sheet, found.samples, spec, Augmentation.from_settings(settings))


def _in_words(found: "DataCheck") -> str:
    from headstart.data.samples import FileStatus

    samples = found.samples
    counts = ", ".join(f"{count} {outcome.value}" for outcome, count in found.outcomes.items())
    told = [entry for entry in samples.ledger.entries if entry.reason]
    ignored = f", {samples.ledger.ignored} hidden or system files ignored" if samples.ledger.ignored else ""
    sections = [
        f"{samples.root}: {sum(found.outcomes.values())} files seen: {counts}{ignored}",
        table(("class", "photos"), found.photos.items()),
        f"formats: {', '.join(f'{name} {count}' for name, count in found.formats.items())}",
        f"width {_range(found.width)}, height {_range(found.height)}",
        _listed("set{s} of photos with equal bytes", [" = ".join(names) for names in found.copies]),
        _listed("skipped or repaired", [_told(it) for it in told if it.status is not FileStatus.ACCEPTED]),
        _listed("accepted with a corrected label", [_told(it) for it in told if it.status is FileStatus.ACCEPTED]),
        _listed("note{s}", list(samples.ledger.notes)),
        _listed("to mend before fitting", list(found.problems)),
    ]
    return "\n\n".join(section for section in sections if section)


def _told(entry: "LedgerEntry") -> str:
    return f"{entry.name}: {entry.status.value}: {entry.reason}"


def _range(found: "Range | None") -> str:
    return f"{found.smallest} to {found.largest} pixels, median {found.median:.0f}" if found else "unknown"


def _listed(heading: str, lines: list[str]) -> str:
    """Lines under their number and a heading, whose "{s}" is the s of a plural."""
    if not lines:
        return ""
    heading = heading.format(s="s" * (len(lines) != 1))
    more = [f"  ... and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return "\n".join([f"{len(lines)} {heading}:", *(f"  {line}" for line in lines[:MOST_LINES]), *more])


def _in_json(found: "DataCheck") -> dict[str, Any]:
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
