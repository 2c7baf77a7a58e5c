"""Tables that a run shows in a notebook: test samples that were misclassified, and layers of its network."""

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from headstart.data.ledger import load_ledger
from headstart.data.samples import FileStatus
from headstart.display.html import html_table
from headstart.selection.ensembles import ENSEMBLES
from headstart.storage.previews import read_previews
from headstart.storage.run_files import make_damage_error, read_run_arrays
from headstart.storage.run_layout import LEDGER, PREDICTIONS, PREVIEWS
from headstart_runtime.errors import UserError
from headstart_runtime.inference.model_format import PREDICTED
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.item import SAMPLE, Noun

MOST_SHOWN = 24  #: shown in a notebook


@dataclass(frozen=True)
class MisclassifiedSample:
    """A test sample that was given another class than its own."""

    name: str  #: in the source
    label: str  #: its own class
    predicted: str
    probability: float  #: of ``predicted``
    preview: Thumbnail | None = field(repr=False)  #: where the run has one


class MisclassifiedSamples(list[MisclassifiedSample]):
    """Misclassified samples, the most confident first."""

    def __init__(self, samples: Iterable[MisclassifiedSample] = (), noun: Noun | None = None) -> None:
        """Take the samples and the word that people have for one."""
        super().__init__(samples)
        self.noun = noun or SAMPLE

    def _repr_html_(self) -> str:
        cells = []
        for one in self[:MOST_SHOWN]:
            shown = show_preview(one.preview) if one.preview else ""
            said = f"{escape(one.name)}<br>is {escape(one.label)}, answered <b>{escape(one.predicted)}</b>"
            cells.append(
                f'<div style="display:inline-block;margin:4px;vertical-align:top;max-width:14em;font-size:85%;'
                f'overflow-wrap:anywhere">{shown}{said} {one.probability:.0%}</div>'
            )
        more = f"<div>... and {len(self) - MOST_SHOWN:,} more</div>" if len(self) > MOST_SHOWN else ""
        return "".join(cells) + more if self else f"<div>every test {self.noun.one} is right</div>"


@dataclass(frozen=True)
class RunLayer:
    """A layer of a run's network."""

    name: str  #: "stage1" ... "final", from the input upwards
    width: int  #: features that it gives
    frozen: bool | None  #: whether its weights are the pretrained ones; None: members of the winner differ
    read: bool  #: whether the winner's head reads it


class RunLayers(list[RunLayer]):
    """Layers of a run's network, from the input upwards."""

    def _repr_html_(self) -> str:
        words = {True: "frozen", False: "trained", None: "as its members have it"}
        rows = [(layer.name, layer.width, words[layer.frozen], "yes" if layer.read else "") for layer in self]
        return html_table(("layer", "features", "weights", "read by the head"), rows)


def show_preview(preview: Thumbnail) -> str:
    """Return a preview as HTML: text as text, all else by its type."""
    if preview.media_type.startswith("text/"):
        return f"<q>{escape(preview.content.decode('utf-8', 'replace'))}</q><br>"
    source = base64.b64encode(preview.content).decode()
    return f'<img alt="" style="height:96px" src="data:{escape(preview.media_type)};base64,{source}"><br>'


def list_misclassified(
    folder: Path, classes: tuple[str, ...], noun: Noun, subset: str = "test"
) -> MisclassifiedSamples:
    """Return the samples of a subset that were given another class than their own, the most confident first.

    Args:
        folder: of the run.
        classes: their names, in order.
        noun: of the samples.
        subset: "test" or "validation".

    Raises:
        UserError: the run has no predictions, or a file of it is damaged.
    """
    file = folder / f"{PREDICTIONS}.npz"
    try:
        said = read_run_arrays(file, ("id", "part", "label", "probabilities"))
        told = read_run_arrays(file).get(PREDICTED)
    except FileNotFoundError:
        raise UserError(f"{str(folder)!r} has no {file.name}; make the run again") from None
    ids, labels, rows = said["id"], said["label"], said["probabilities"]
    lengths = {array.shape for array in (ids, said["part"], labels)}
    if lengths != {rows.shape[:1]} or rows.shape[1:] != (len(classes),):
        raise make_damage_error(file, f"its arrays do not fit together, nor to {len(classes)} classes")
    if rows.dtype.kind != "f" or labels.dtype.kind != "i" or not ((labels >= 0) & (labels < len(classes))).all():
        raise make_damage_error(file, "its labels are no numbers of classes, or its probabilities none")
    names = name_samples(folder)
    best = rows.argmax(axis=1) if told is None else told
    if best.shape != labels.shape or best.dtype.kind != "i" or not ((best >= 0) & (best < len(classes))).all():
        raise make_damage_error(file, "the predicted classes are none")
    wrong = np.flatnonzero((said["part"] == subset) & (best != labels))
    confident = wrong[np.argsort(-rows[wrong, best[wrong]], kind="stable")]
    found = [(str(ids[row]), int(labels[row]), int(best[row]), float(rows[row, best[row]])) for row in confident]
    previews = read_previews(folder / PREVIEWS)
    samples = (
        MisclassifiedSample(names.get(id_, id_), classes[label], classes[predicted], probability, previews.get(id_))
        for id_, label, predicted, probability in found
    )
    return MisclassifiedSamples(samples, noun)


def name_samples(folder: Path) -> dict[str, str]:
    """Return the name of each sample of a run by its id: the digest, numbered for further copies."""
    seen: Counter[str] = Counter()
    names = {}
    for entry in load_ledger(folder / LEDGER).entries:
        if entry.status is not FileStatus.SKIPPED:
            copy = seen[entry.digest]
            names[f"{entry.digest}.{copy}" if copy else entry.digest] = entry.name
            seen[entry.digest] += 1
    return names


def list_layers(record: Mapping[str, Any]) -> RunLayers:
    """Return the layers of the winner's network, as ``run.json`` tells them."""
    winner = next(arm for arm in record["arms"] if arm["name"] == record["winner"])
    networks = {network["name"]: network for network in record["backbones"]}
    network = networks.get(winner["backbone"], record["backbone"])
    layers = [(layer["name"], layer["width"]) for layer in network["layers"]]
    names = [name for name, _ in layers]
    mixed = winner["strategy"] in ENSEMBLES
    trained = bool(winner["curves"])
    lowest = names.index(winner["layer"]) if trained and winner["layer"] in names else 0
    read = {names[-1]} if trained else set(names) if winner["layer"] == "all" else {winner["layer"]}
    return RunLayers(
        RunLayer(name, width, None if mixed else not (trained and place >= lowest), name in read)
        for place, (name, width) in enumerate(layers)
    )
