"""All that every export has beside its network: facts, licences, golden items, a README."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from headstart import __version__
from headstart.deployment.formats import ExportFormat, ExportJob
from headstart.deployment.item_proof import ProofItem
from headstart.deployment.proof import Agreement, Proof, list_outputs
from headstart.deployment.reference import Reference
from headstart.deployment.validation import ValidationScores
from headstart_runtime.errors import DataError, bounded
from headstart_runtime.exported.golden import ANSWERS, GOLDEN, describe_outputs
from headstart_runtime.inference.model_format import ModelRecord
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.spec_files import list_contents, name_files

README, LICENCES, PROOF = "README.md", "LICENCES.md", "proof.json"
GOLDEN_DRAWN, GOLDEN_OWN = 6, 4  #: items
GOLDEN_BYTES = 300_000  #: the largest golden item
MOST_LETTERS = 100  #: of the name of a golden item; a disk has 255


def describe_facts(job: ExportJob, kind: ExportFormat) -> dict[str, Any]:
    """Return what the manifest says beside the files."""
    record = job.classifier.record
    return {
        "format": kind.name,
        "precision": job.precision,
        "headstart": __version__,
        "modality": record.modality.name,
        "task": record.task.name,
        "names": list(record.space.names),
        "licences": list_licences(record),
        "model": record.to_json(),
    }


def list_licences(record: ModelRecord) -> list[dict[str, str]]:
    """Return of each network's weights its name, where they are from, and their licence."""
    found = {
        branch.backbone.name: {
            "network": branch.backbone.name,
            "weights": branch.backbone.weights,
            "licence": branch.backbone.licence,
        }
        for branch in record.branches
    }
    return list(found.values())


def write_spec_files(record: ModelRecord, folder: Path) -> None:
    """Write what the specs need beside their records, such as a tokenizer."""
    specs = [branch.spec for branch in record.branches]
    for spec, names in zip(specs, name_files(specs), strict=True):
        for name, content in list_contents(spec).items():
            (folder / names[name]).write_bytes(content)


def write_licences(record: ModelRecord, folder: Path) -> None:
    """Write the licences of the weights."""
    lines = [f"* {one['network']} ({one['weights']}): {one['licence']}" for one in list_licences(record)]
    text = "\n".join(["# Licences of the weights", "", *lines, "", "The head was fitted on your own data."])
    (folder / LICENCES).write_text(text + "\n", "utf-8")


def write_golden(job: ExportJob, drawn: Sequence[ProofItem], own: Sequence[ProofItem], folder: Path) -> None:
    """Write a few items and the answers that the saved classifier gives to them.

    Args:
        job: has the classifier.
        drawn: that the modality draws.
        own: of the user, who said that copies may be written; () else.
        folder: of the export.
    """
    reference, place, outputs = Reference(job.classifier), folder / GOLDEN, list_outputs(job.classifier)
    place.mkdir()
    answers: list[Mapping[str, Any]] = []
    for items, most in ((drawn, GOLDEN_DRAWN), (own, GOLDEN_OWN)):
        named = [(one, content) for one in items if (content := _read(one)) and len(content) <= GOLDEN_BYTES]
        for number in range(min(most, len(named))):
            item, content = named[number * len(named) // most if len(named) > most else number]
            name = f"{len(answers)}-{_clean(item.name)}"
            try:
                found = reference.answer(content).outputs
                kept = describe_outputs({name: found[name] for name in outputs})
                answer: Mapping[str, Any] = {"outputs": kept, "error": None}
            except DataError as error:
                answer = {"outputs": {}, "error": str(error)}
            (place / name).write_bytes(content)
            answers.append({"file": name, **answer})
    (place / ANSWERS).write_text(json.dumps(answers, indent=1, ensure_ascii=False), "utf-8")


def _read(item: ProofItem) -> bytes:
    """Return the content of an item that is a file or the bytes of one; b"" of any other."""
    if isinstance(item.value, bytes):
        return item.value
    try:
        return Path(item.value).read_bytes() if isinstance(item.value, PurePath) else b""
    except OSError:
        return b""


def _clean(name: str) -> str:
    """Return a name of a file on any disk, its ending kept."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", PurePath(name).name)[-MOST_LETTERS:].strip("-") or "item"


def _show_name(name: str) -> str:
    """Return the name of a class as plain words of a line of Markdown."""
    plain = html.escape(" ".join(bounded(name, 200).split()), quote=False)
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", plain)


def write_readme(
    job: ExportJob,
    kind: ExportFormat,
    proof: Proof,
    scores: ValidationScores | None,
    source: str,
    folder: Path,
    started: str = "",
) -> None:
    """Write what the export is, how it is run, and how it was proved.

    Args:
        job: the classifier.
        kind: the format.
        proof: of the export.
        scores: of one in int8.
        source: of the items that were held out, for people.
        folder: of the export.
        started: what it takes until the first answer, a sentence where there is something to say.
    """
    record = job.classifier.record
    noun = record.modality.noun
    times = f"{proof.milliseconds:.3g} ms here, the saved classifier {proof.reference_milliseconds:.3g} ms"
    names = ", ".join(map(_show_name, record.space.names[:20])) + (", ..." if len(record.space.names) > 20 else "")
    files = "\n".join(f"| `{name}` | {what} |" for name, what in _list_files(folder))
    described = [
        f"* {words}: {describe_agreement(agreement, noun.many)}"
        for agreement, words in ((proof.held_out, source), (proof.drawn, f"drawn {noun.many}"))
        if agreement is not None
    ]
    missing = [] if proof.held_out is not None else [f"* none of your own {noun.many}: {source}"]
    if proof.unread:
        missing = [f"* {describe_unproved(proof, noun)}"]
    scored = [] if scores is None else [f"* validation: {scores.describe()}"]
    text = f"""# A classifier for {kind.title}

Made by headstart {__version__}. {record.task.title}: {names}. It reads {noun.many}.

## Run it

{kind.describe_use(job)}

## Proved

Every way of running was compared with the saved classifier, from the bytes of files to answers (`{PROOF}`):

{chr(10).join([*described, *missing, *scored])}

One {noun.one} takes {times}. {started}

## Files

| file | what it is |
|---|---|
{files}

`manifest.json` has the SHA-256 of each; what is loaded is checked against it.
"""
    (folder / README).write_text(text, "utf-8")


def describe_agreement(agreement: Agreement, many: str) -> str:
    """Return how alike answers are, in a clause."""
    return (
        f"{agreement.same_answers:.1%} of {agreement.items} {many} answered alike, probabilities or numbers "
        f"{agreement.mean_difference:.2g} apart on average, {agreement.largest_difference:.2g} at most"
    )


def describe_unproved(proof: Proof, noun: Noun) -> str:
    """Return how many items were left out of a proof, since the export does not read their kind, in a clause."""
    number = sum(proof.unread.values())
    kinds = ", ".join(f"{count} {kind}" for kind, count in proof.unread.items())
    rest = "" if proof.held_out is not None else f"; none of your own {noun.many} is compared"
    return f"left out: {number} {noun.form(number)} of a kind that is not read there ({kinds}){rest}"


KNOWN_FILES = {
    "manifest.json": "names, input specs, thresholds, calibration, licences; hashes of all files",
    "predict.py": "the code that answers items with the files here",
    PROOF: "how far answers are from the saved classifier's",
    LICENCES: "licences of the weights",
    "Dockerfile": "how the container is built: user without rights, health check, command",
    ".dockerignore": "what of this folder goes into it",
    "compose.yaml": "how the container is run: read-only, without rights, on this machine's port 8080",
    "compose.keys.yaml": "the same with API keys as a secret",
    "requirements.txt": "every package of it and its version",
    "wheels/": "headstart-runtime, as this export was proved with it",
    "model/": "the saved classifier",
    "index.html": "the page",
    "app.js": "what the page does",
    "app.webmanifest": "the page as an app of a phone: its name and icons",
    "service-worker.js": "keeps all files for visits without a network",
    "headstart.js": "the module: loads the classifier and answers",
    "headstart.d.ts": "its types",
    "classifier.json": "names, input spec, thresholds, calibration",
    "model.onnx": "the network",
    "ort/": "ONNX Runtime for browsers, with its licence",
    f"{GOLDEN}/": "a few items and the saved classifier's answers",
}
KNOWN_ENDINGS = {".js": "code of the page", ".css": "its looks", ".png": "its icon", ".svg": "its icon"}


def _list_files(folder: Path) -> list[tuple[str, str]]:
    there = sorted({f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir()} - {"__pycache__"})
    return [(name, _describe_file(name)) for name in there if name != README]


def _describe_file(name: str) -> str:
    return KNOWN_FILES.get(name) or KNOWN_ENDINGS.get(PurePath(name).suffix, "of the network and its input")
