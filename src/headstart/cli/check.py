"""``headstart check SOURCE``."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from headstart.cli.check_labels import describe_label_check, label_check_to_json
from headstart.cli.flags import ModalitySettings
from headstart.cli.tables import format_table
from headstart.settings import DataSettings, Precision
from headstart_runtime.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from headstart.data.check import DataCheck, Range
    from headstart.data.samples import LedgerEntry
    from headstart.verbs.check import CheckReport

MOST_LINES = 12  #: of files or sets shown under a heading
MOST_COUNTS, SHOWN_COUNTS = 40, 10  #: rows of counts that are shown; of more so many at each end


def check(
    source: Path,
    /,
    *,
    data: Annotated[DataSettings | None, Parameter(name="*")] = None,
    augment: Path | None = None,
    settings: Annotated[ModalitySettings | None, Parameter(name="*")] = None,
    labels: Path | None = None,
    relabel: Path | None = None,
    split_from: Path | None = None,
    include_test: Annotated[bool, Parameter(negative="")] = False,
    backbone: str | None = None,
    seed: int | None = None,
    precision: Precision | None = None,
    engine: str | None = None,
    workers: int | None = None,
    store: Path | None = None,
    fast: Annotated[bool, Parameter(negative="")] = False,
    explain: Annotated[bool, Parameter(negative="")] = False,
    write_table: Path | None = None,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Look data over before anything is fitted: counts, classes, sizes, problems. Nothing is changed.

    With --augment a sheet is made too, where the kind of data has one: some samples in rows, each as it is predicted on
    and as seven changed views of it that a network is trained on. Changes that may change the answer, which depends on
    the task, are left out unless a flag names them.

    With --labels a network looks at every sample once and each label is held to a classifier that has not seen that
    sample. What is worth a second look goes into a table, strongest first, with a page that shows it. Edit the column
    label, and hand the table to headstart fit --relabel. Labels that were corrected before, by --relabel or in
    the run of --split-from, are taken as corrected and stand in the table too.

    Examples:
        headstart check beetles/
        headstart check beetles.zip --fast --json
        headstart check patients/ --classes-from parent --group-from folder
        headstart check beetles/ --explain
        headstart check beetles/ --write-table beetles.csv
        headstart check beetles/ --augment sheet.png
        headstart check beetles/ --augment turned.png --augmentation light --rotation 15
        headstart check hands.csv --augment sheet.png --keeps flip
        headstart check beetles/ --labels fixes.csv

    Args:
        source: Labelled data: a folder, a table, an archive or an .npz.
        data: How data and labels are read.
        augment: Write a sheet of changed views to this file, .png or .jpg. Never overwritten.
        settings: How views are changed.
        labels: Write samples whose labels look wrong to this table, .csv, and a page, .html. Never overwritten.
        relabel: A table that was edited before: start from its labels.
        split_from: A run to go on from: its corrected labels and its test part are taken.
        include_test: List samples of the test part too. Correcting what a classifier disputes there flatters its score.
        backbone: The network that labels are held to, one name; that of the modality when not given.
        seed: Of the folds, and of the split whose train part the engine is proved on; 0 when not given.
        precision: Arithmetic of its forward pass; auto when not given.
        engine: What runs it; auto when not given.
        workers: Threads for decoding; one per core when not given.
        store: The store's folder; HEADSTART_STORE or the platform's cache folder when not given.
        fast: Read headers only; one that is damaged further on is not found then. Not with --labels.
        explain: Show the source as it was understood too: folders, columns or arrays, with counts and reasons.
        write_table: Write the reading to this file, .csv: a row per sample with path, label, and part and group where
            there are any. It can be edited and fitted. Never overwritten.
        quiet: Show nothing but errors and the result.
        json_: Print the result as one JSON object.
    """
    from headstart.data.outline_text import describe_outline, outline_to_json
    from headstart.verbs.check import check as check_source

    network = {"backbone": backbone, "seed": seed, "precision": precision, "engine": engine, "workers": workers}
    given = {**network, "store": store, "relabel": relabel, "split_from": split_from, "data": data}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    found = _check_or_outline(
        check_source,
        source,
        sheet=augment,
        label_table=labels,
        include_test=include_test,
        fast=fast,
        explain=explain,
        write_table=write_table,
        progress=not (quiet or json_),
        **options,
        **(settings.model_dump(exclude_unset=True) if settings is not None else {}),
    )
    if json_:
        issues = label_check_to_json(found.labels, labels) if found.labels and labels else None
        more = {
            "sheet": str(augment) if augment else None,
            "views": list(found.views),
            "labels": issues,
            "table": str(write_table) if found.table else None,
        }
        more |= {"outline": outline_to_json(found.outline)} if found.outline else {}
        print(json.dumps({**_to_json(found.data), **more}, ensure_ascii=False))
    else:
        views = "\n".join([f"changed views are shown in {augment}", *found.views]) if augment else ""
        table = f"the reading is written to {write_table}; edit it, and fit it" if found.table else ""
        if write_table and not found.table:
            table = f"nothing is read, so {write_table} is not written"
        held = describe_label_check(found.labels, labels) if found.labels and labels else ""
        outline = describe_outline(found.outline) if found.outline else ""
        print("\n\n".join(section for section in (outline, describe_check(found.data), views, table, held) if section))
    return 2 if found.problems else 0


def _check_or_outline(check_source: "Callable[..., CheckReport]", source: Path, **options: Any) -> "CheckReport":
    """Return the report of a check; where a folder is not understood, print how it lies there before the error."""
    try:
        return check_source(source, **options)
    except DataError:
        if options["explain"] and source.is_dir():
            from headstart.data.outline import outline_files
            from headstart.data.outline_text import describe_outline

            print(describe_outline(outline_files(source)))
        raise


def describe_check(found: "DataCheck") -> str:
    """Return what a look at data found, for a person."""
    from headstart.data.samples import FileStatus
    from headstart_runtime.modalities.modality import get_modality

    samples = found.samples
    hints = get_modality(samples.modality).hints
    counts = ", ".join(f"{count} {outcome.value}" for outcome, count in found.counts.items())
    remarked = [entry for entry in samples.ledger.entries if entry.reason]
    ignored = f", {samples.ledger.ignored} hidden or system files ignored" if samples.ledger.ignored else ""
    formats = ", ".join(f"{name} {count}" for name, count in found.formats.items() if name)
    ranges = [(name, numbers, unit) for name, unit in hints.units.items() if (numbers := found.ranges[name])]
    sections = [
        f"{samples.root}: {sum(found.counts.values())} {samples.ledger.unit.many} seen: {counts}{ignored}",
        _describe_counts(found),
        f"formats: {formats}" if formats else "",
        ", ".join(_describe_range(*one) for one in ranges),
        _listed(f"group{{s}} of {samples.noun.many} with equal bytes", [" = ".join(names) for names in found.copies]),
        _listed(
            "skipped or repaired", [_describe_entry(it) for it in remarked if it.status is not FileStatus.ACCEPTED]
        ),
        _listed(
            "accepted with a corrected label",
            [_describe_entry(it) for it in remarked if it.status is FileStatus.ACCEPTED],
        ),
        _listed("note{s}", list(samples.ledger.notes)),
        _listed("to mend before fitting", list(found.problems)),
    ]
    return "\n\n".join(section for section in sections if section)


def _describe_counts(found: "DataCheck") -> str:
    """Return the usable samples of each class; those of each part too, where parts are given, and how labels meet."""
    counts, noun = found.labels, found.samples.noun
    unknown = counts.unknown if counts.unknown.keys() <= counts.usable.keys() else {}
    rows = [
        (name, count, *(held[name] for held in counts.subsets.values()), *([unknown.get(name, 0)] if unknown else []))
        for name, count in counts.usable.items()
    ]
    parts = [subset.value for subset in counts.subsets]
    table = _shorten_counts(found, (found.stratum, noun.many, *parts, *(["unknown"] if unknown else [])), rows)
    said = [f"{noun.count(counts.several)} of several"] if counts.several else []
    said += [f"{noun.count(counts.none)} of none of these"] if counts.none else []
    said += [f"not known of {name}: {count}" for name, count in counts.unknown.items() if count and not unknown]
    pairs = [f"{it.first} and {it.second} ({it.count})" for it in counts.pairs]
    said += [f"most often together: {', '.join(pairs)}"] if pairs else []
    return "\n".join([table, *(["; ".join(said)] if said else [])])


def _shorten_counts(found: "DataCheck", head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table of counts; of very many rows the largest and the smallest, with how many lie between them."""
    if len(rows) <= MOST_COUNTS:
        return format_table(head, rows)
    order = sorted(rows, key=lambda row: -row[1])  # equal ones keep their order
    shown, between = [*order[:SHOWN_COUNTS], *order[-SHOWN_COUNTS:]], order[SHOWN_COUNTS:-SHOWN_COUNTS]
    lines = format_table(head, shown).splitlines()
    low, high = between[-1][1], between[0][1]
    each = f"{high:,} each" if low == high else f"{low:,} to {high:,} each"
    told = f"... {len(between):,} more with {each}; --json lists all"
    first = SHOWN_COUNTS + 1
    return "\n".join([f"the largest and the smallest of {len(rows):,}:", *lines[:first], told, *lines[first:]])


def _describe_entry(entry: "LedgerEntry") -> str:
    return f"{entry.name}: {entry.status.value}: {entry.reason}"


def _describe_range(name: str, found: "Range", unit: str) -> str:
    low, high, middle = (_show(value) for value in (found.smallest, found.largest, found.median))
    return f"{name} {low} to {high} {unit}, median {middle}"


def _show(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _listed(heading: str, lines: list[str]) -> str:
    """Lines under their number and a heading, whose "{s}" is the s of a plural."""
    if not lines:
        return ""
    heading = heading.format(s="s" * (len(lines) != 1))
    more = [f"  ... and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return "\n".join([f"{len(lines)} {heading}:", *(f"  {line}" for line in lines[:MOST_LINES]), *more])


def _to_json(found: "DataCheck") -> dict[str, Any]:
    return {
        "root": found.samples.root,
        "counts": {outcome.value: count for outcome, count in found.counts.items()},
        "ignored": found.samples.ledger.ignored,
        "classes": dict(found.usable),
        "label_counts": {
            "unknown": dict(found.labels.unknown),
            "several": found.labels.several,
            "none": found.labels.none,
            "pairs": [asdict(pair) for pair in found.labels.pairs],
        },
        "formats": dict(found.formats),
        **{name: asdict(numbers) if numbers else None for name, numbers in found.ranges.items()},
        "copies": [list(names) for names in found.copies],
        "notes": list(found.samples.ledger.notes),
        "problems": list(found.problems),
        "files": [asdict(entry) for entry in found.samples.ledger.entries],
    }
