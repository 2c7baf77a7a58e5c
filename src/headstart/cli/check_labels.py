"""Words of ``headstart check SOURCE --labels FILE``."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.cli.tables import format_table
from headstart.data.load import load_item
from headstart.diagnostics.label_review import Doubt, LabelSuspect, describe_doubts
from headstart.evaluation.label_noise import describe_left_out
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.explanation_facet import RemovalFacet
from headstart_runtime.modalities.modality import get_modality

if TYPE_CHECKING:
    from headstart.pipeline.label_check import LabelCheck

MOST_ISSUES = 10  #: shown; the table has them all
MOST_SHOWN = 60  #: characters of the beginning of a text


def describe_label_check(found: "LabelCheck", file: Path) -> str:
    """Return what holding labels to a network found, for a person.

    Args:
        found: what was found.
        file: the table it was written to.
    """
    noun = found.samples.noun
    counts = (
        f"{len(found.samples):,} {noun.form(len(found.samples))}, each answered by a model on {found.backbone} "
        f"that had not seen it: {found.review.agreement}\n{found.review.summary}"
    )
    if found.in_test:
        counts += f"\n{describe_left_out(found.in_test)}"
    if not found.listed and not found.samples.relabels:
        return f"{counts}\n\n{file} has no {noun.one}"
    earlier = f", and {len(found.samples.relabels):,} labels corrected before" if found.samples.relabels else ""
    then = (
        f"{len(found.listed):,} to look at{earlier} are in {file}, and shown in {file.with_suffix('.html')}\n"
        f"next: edit its column label, then:  {found.command}"
    )
    return "\n\n".join([counts, *_strongest(found), then])


def label_check_to_json(found: "LabelCheck", file: Path) -> dict[str, Any]:
    """Return the same for a program."""
    return {
        "table": str(file),
        "page": str(file.with_suffix(".html")),
        "backbone": found.backbone,
        "samples": len(found.samples),
        "accuracy": found.review.accuracy,
        "noise": asdict(found.noise) if found.noise else None,
        "agreement": found.review.agreement,
        "says": found.review.summary,
        "in_test": found.in_test,
        "issues": _name_issues(found, found.listed),
        "next": found.command,
    }


def _strongest(found: "LabelCheck") -> list[str]:
    """Return a table of the strongest; nothing where none is listed."""
    names, space = _name_samples(found), found.samples.classes
    shown = found.listed[:MOST_ISSUES]
    if not shown:
        return []
    parts = any(suspect.doubts for suspect in shown)
    texts = _read_beginnings(found, [suspect.id for suspect in shown])
    rows = [
        (
            names[suspect.id],
            f"{suspect.given} {suspect.given_probability:.0%}",
            f"{suspect.likely} {suspect.likely_probability:.0%}",
            *([describe_doubts(suspect.doubts, space)] if parts else []),
            *([texts.get(suspect.id, "")] if texts else []),
        )
        for suspect in shown
    ]
    head = ("strongest", "given", "likely", *(["doubt"] if parts else []), *(["beginning"] if texts else []))
    return [format_table(head, rows)]


def _read_beginnings(found: "LabelCheck", ids: Sequence[str]) -> dict[str, str]:
    """Return the beginnings of samples that are running text, by their ids; nothing of what is none."""
    modality = get_modality(found.samples.modality)
    facet, preview = modality.explanation, modality.preview
    if preview is None or not (isinstance(facet, RemovalFacet) and facet.marks_text):
        return {}
    by_id = {sample.id: sample for sample in found.samples.samples}
    shown = {}
    for one in ids:
        with suppress(DataError):
            value = load_item(by_id[one].source, preview.make_spec()).value
            text = preview.make_thumbnail(value).content.decode()
            shown[one] = text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1].rstrip()}…"
    return shown


def _name_issues(found: "LabelCheck", issues: Sequence[LabelSuspect]) -> list[dict[str, Any]]:
    """Return doubted samples by their names and labels; of labels with parts, the parts that are doubted too."""
    names = _name_samples(found)
    return [
        {
            "name": names[suspect.id],
            "given": suspect.given,
            "likely": suspect.likely,
            "given_probability": suspect.given_probability,
            "likely_probability": suspect.likely_probability,
            **({"doubts": [_name_doubt(found, doubt) for doubt in suspect.doubts]} if suspect.doubts else {}),
        }
        for suspect in issues
    ]


def _name_doubt(found: "LabelCheck", doubt: Doubt) -> dict[str, Any]:
    return {**asdict(doubt), "output": found.samples.classes[doubt.output] if doubt.output >= 0 else None}


def _name_samples(found: "LabelCheck") -> dict[str, str]:
    return {sample.id: sample.name for sample in found.samples.samples}
