"""Words of ``headstart check SOURCE --labels FILE``."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.cli.tables import format_table
from headstart.tasks.classification.label_noise import describe_label_noise, describe_left_out

if TYPE_CHECKING:
    from headstart.pipeline.label_check import LabelCheck
    from headstart.tasks.classification.label_issues import LabelIssue

MOST_ISSUES = 10  #: shown; the table has them all


def describe_label_check(found: "LabelCheck", file: Path) -> str:
    """Return what holding labels to a network found, for a person.

    Args:
        found: what was found.
        file: the table it was written to.
    """
    noun = found.samples.noun
    counts = (
        f"{len(found.samples):,} {noun.form(len(found.samples))}, each answered by a classifier on {found.backbone} "
        f"that had not seen it: {found.held.accuracy:.1%} of the answers agree with the label\n"
        f"{describe_label_noise(found.noise)}"
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
        "accuracy": found.held.accuracy,
        "noise": asdict(found.noise),
        "says": describe_label_noise(found.noise),
        "in_test": found.in_test,
        "issues": _name_issues(found, found.listed),
        "next": found.command,
    }


def _strongest(found: "LabelCheck") -> list[str]:
    """Return a table of the strongest; nothing where none is listed."""
    rows = [
        (
            issue["name"],
            f"{issue['given']} {issue['given_probability']:.0%}",
            f"{issue['likely']} {issue['likely_probability']:.0%}",
        )
        for issue in _name_issues(found, found.listed[:MOST_ISSUES])
    ]
    return [format_table(("strongest", "given", "likely"), rows)] if rows else []


def _name_issues(found: "LabelCheck", issues: "Sequence[LabelIssue]") -> list[dict[str, Any]]:
    """Return doubted samples by their names and those of the classes."""
    names = {sample.id: sample.name for sample in found.samples.samples}
    classes = found.samples.classes
    return [
        {
            "name": names[issue.id],
            "given": classes[issue.given],
            "likely": classes[issue.likely],
            "given_probability": issue.given_probability,
            "likely_probability": issue.likely_probability,
        }
        for issue in issues
    ]
