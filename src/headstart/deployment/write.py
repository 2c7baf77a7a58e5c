"""An export is written beside its place, proved, and put there whole; or nothing is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from headstart.deployment import contents
from headstart.deployment.formats import ExportFormat, ExportJob, HeldRunner, hold_runner
from headstart.deployment.items import OwnItems, list_drawn
from headstart.deployment.proof import Proof, prove
from headstart.deployment.reference import Reference
from headstart.deployment.validation import ValidationScores, judge_validation
from headstart.display.html import html_table
from headstart.storage.atomic import new_folder
from headstart_runtime.errors import SettingError
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.exported.manifest import write_manifest


@dataclass(frozen=True)
class Export:
    """A classifier that was exported."""

    folder: Path
    format: str
    proof: Proof
    size: int  #: bytes of the folder
    facts: Mapping[str, Any] = field(repr=False)  #: what manifest.json says beside the files
    validation: ValidationScores | None = None  #: of one in int8, whose answers are scored in place of being the same

    def __fspath__(self) -> str:
        """Return its folder."""
        return str(self.folder)

    def _repr_html_(self) -> str:
        told = [(name, one) for name, one in (("held out", self.proof.held_out), ("drawn", self.proof.drawn)) if one]
        rows = [(name, one.items, f"{one.same_answers:.1%}", f"{one.mean_difference:.2g}") for name, one in told]
        return html_table(("items", "number", "same answers", "mean difference"), rows, caption=str(self.folder))


def write_export(job: ExportJob, kind: ExportFormat, out: Path, own: OwnItems, *, with_items: bool = False) -> Export:
    """Write an export whole, proved, or nothing.

    Args:
        job: the classifier, and how it is exported.
        kind: the format.
        out: the folder to make.
        own: the user's own items.
        with_items: whether copies of some of them are written as golden items.

    Raises:
        ProofError: it answers otherwise than the saved classifier; the message names the step.
        SettingError: the folder is there already, or the format does not have the precision.
        UserError: the format cannot hold the classifier.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingError(f"--out {str(out)!r} is there already and is not overwritten; name another, or remove it")
    if job.precision not in kind.precisions:
        known = ", ".join(kind.precisions)
        raise SettingError(f"{kind.title} is not written at {job.precision}; choose one of {known}")
    record = job.classifier.record
    drawn = list_drawn(record.modality)
    facts = contents.describe_facts(job, kind)
    with new_folder(out) as draft:
        kind.write(job, draft)
        contents.write_spec_files(record, draft)
        contents.write_licences(record, draft)
        write_manifest(draft, facts)
        with hold_runner(kind.start(draft)) as runner:
            scored = _judge_in_fewer_bits(job, runner, own)
            items, tolerance = [*own.items, *drawn], kind.get_tolerance(job.precision)
            proof = prove(job.classifier, runner, items, tolerance, judge=scored is None)
            started = runner.describe_start() if isinstance(runner, HeldRunner) else ""
        if scored is not None:
            facts["validation_scores"] = asdict(scored)
        _write_proof(draft, facts, proof, own.source)
        contents.write_golden(job, drawn, own.items if with_items else (), draft)
        contents.write_readme(job, kind, proof, scored, own.source, draft, started)
        write_manifest(draft, facts)
        size = sum(path.stat().st_size for path in draft.rglob("*") if path.is_file())
    return Export(out, kind.name, proof, size, facts, scored)


def _judge_in_fewer_bits(job: ExportJob, runner: ExportRunner, own: OwnItems) -> ValidationScores | None:
    """Return the scores of an export in int8 on validation; None for one whose answers have to be the same."""
    if job.precision != "int8":
        return None
    if own.validation is None:
        raise SettingError(
            "an export in int8 is judged on the run's validation part, and that is not there; choose another precision"
        )
    return judge_validation(job.classifier, Reference(job.classifier), runner, own.validation)


def _write_proof(folder: Path, facts: Mapping[str, Any], proof: Proof, source: str) -> None:
    sizes = {path.name: path.stat().st_size for path in _list_network_files(folder)}
    record = {
        "format": facts["format"],
        "precision": facts["precision"],
        "compared_with": "the saved classifier in ONNX Runtime, float32, one item at a time",
        "held_out_items": source,
        **proof.to_json(),
        "bytes": sum(sizes.values()),
    }
    (folder / contents.PROOF).write_text(json.dumps(record, indent=2, ensure_ascii=False), "utf-8")


def _list_network_files(folder: Path) -> Sequence[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
