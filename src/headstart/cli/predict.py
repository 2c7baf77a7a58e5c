"""``headstart predict MODEL FILE|FOLDER|-...``."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from headstart.cli.names import names_on_stdin
from headstart.data.csv_cells import format_csv, join_names
from headstart.errors import SettingError, UserError
from headstart.pixels.decode import SUFFIXES

if TYPE_CHECKING:
    from headstart.runtime.classifier import Classifier, Prediction


def predict(
    model: Path,
    photos: Annotated[list[str], Parameter(allow_leading_hyphen=True)],
    /,
    *,
    top: int = 1,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    csv_: Annotated[bool, Parameter(name="--csv", negative="")] = False,
    engine: str = "auto",
) -> int:
    """Say what photos show, with a saved classifier.

    Photos are read and answered as they come, so any number will do. One that cannot be read gets a row with its
    error, and the rest go on; the exit code is then 2. One that is unlike all photos that the classifier was made from
    is declined: it gets its likeliest class too, which means little.

    With --json and --csv each photo has its prediction set, the classes of which one is right as often as was promised
    (fit's --coverage), and its novelty, above 1 where it is declined.

    A few photos are answered by ONNX Runtime in float32, 24 or more and a list on standard input by OpenVINO, as the
    test photos were; --engine takes one of them for all. How their answers agree stands in the model's model.json.

    Examples:
        headstart predict runs/beetles/model new.jpg
        headstart predict runs/beetles/model inbox/ --csv > answers.csv
        find . -name '*.jpg' | headstart predict runs/beetles/model - --json --top 3

    Args:
        model: A saved classifier: a run's model folder, or the run.
        photos: Files, folders (searched in depth), or - for a list on standard input, in lines or ended by null bytes.
        top: How many classes to give for each photo, the likeliest first.
        json_: A JSON object per line.
        csv_: A table with a header line; classes of a set have | between them, with a backslash before it in a name.
        engine: What answers: auto, onnxruntime or openvino.
    """
    from headstart.runtime.classifier import load

    if top < 1:
        raise SettingError(f"top is {top}; wanted 1 or more")
    if json_ and csv_:
        raise SettingError("--json and --csv were both given; choose one")
    if flags := [photo for photo in photos if photo.startswith("-") and photo != "-"]:
        raise SettingError(
            f"unknown option {flags[0]!r}; a file of that name is given as ./{flags[0]}; see headstart predict --help"
        )
    classifier = load(model, engine)  # type: ignore[arg-type]  # it checks the name
    seen = failed = 0
    show = _as_json if json_ else _as_csv if csv_ else _as_text
    for line, bad in show(classifier, classifier.stream(_asked(photos)), min(top, len(classifier.classes))):
        print(line, flush=True)  # who feeds standard input may wait for the answer
        seen, failed = seen + 1, failed + bad
    sys.stdout.flush()
    if not seen:
        raise UserError(
            f"no photos found in {', '.join(photos)}; give files, or folders with {', '.join(sorted(SUFFIXES)[:6])} ..."
        )
    if failed:
        print(f"headstart: {failed} of {seen} photos could not be read; their rows say why", file=sys.stderr)
    return 2 if failed else 0


def _asked(photos: Sequence[str]) -> Iterable[str]:
    """The files meant: a list of a few, for that is answered sooner, or what gives them one by one."""
    from headstart.runtime.classifier import MANY
    from headstart.runtime.streaming import Arrivals

    files = files_of(photos)
    if "-" in photos:
        return Arrivals(files)
    first = list(islice(files, MANY))
    return first if len(first) < MANY else chain(first, files)


def files_of(photos: Iterable[str]) -> Iterator[str]:
    """The files meant; a folder's in natural order, without hidden ones and what does not end like a photo."""
    for photo in photos:
        if photo == "-":
            yield from names_on_stdin()
        elif Path(photo).is_dir():
            yield from _in_folder(photo)
        else:
            yield photo


def _in_folder(folder: str) -> Iterator[str]:
    from natsort import natsorted

    for here, folders, files in os.walk(folder, followlinks=False):
        folders[:] = natsorted(name for name in folders if not name.startswith("."))
        for name in natsorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield os.path.join(here, name)  # noqa: PTH118 (the name as the user wrote it, "./a.jpg" included)


def _best(classifier: "Classifier", prediction: "Prediction", top: int) -> list[tuple[str, float]]:
    order = prediction.probabilities.argsort(kind="stable")[::-1][:top]
    return [(classifier.classes[index], float(prediction.probabilities[index])) for index in order]


def _as_text(classifier: "Classifier", predictions: Iterable["Prediction"], top: int) -> Iterator[tuple[str, bool]]:
    for prediction in predictions:
        if prediction.error is not None:
            yield f"{prediction.source}: error: {prediction.error}", True
        else:
            answers = ", ".join(
                f"{label} {probability:.1%}" for label, probability in _best(classifier, prediction, top)
            )
            declined = " (unfamiliar: declined)" if prediction.declined else ""
            remarks = "; ".join(filter(None, (prediction.repaired, prediction.note)))
            yield f"{prediction.source}: {answers}{declined}{f' ({remarks})' if remarks else ''}", False


def _as_json(classifier: "Classifier", predictions: Iterable["Prediction"], top: int) -> Iterator[tuple[str, bool]]:
    for prediction in predictions:
        record: dict[str, Any] = {"source": prediction.source, "label": prediction.label}
        if prediction.error is not None:
            record["error"] = prediction.error
        else:
            best = _best(classifier, prediction, top)
            record["probability"] = prediction.probability
            record["probabilities"] = {
                name: float(value) for name, value in zip(classifier.classes, prediction.probabilities, strict=True)
            }
            record["top"] = [{"label": label, "probability": probability} for label, probability in best]
            record["prediction_set"] = list(prediction.prediction_set)
            record["novelty"] = prediction.novelty
            record["declined"] = prediction.declined
            record["repaired"] = prediction.repaired
            record["note"] = prediction.note or None
        yield json.dumps(record, ensure_ascii=False), prediction.error is not None


def _line(row: list[str]) -> str:
    return format_csv([row]).removesuffix("\n")


def _as_csv(classifier: "Classifier", predictions: Iterable["Prediction"], top: int) -> Iterator[tuple[str, bool]]:
    more = [f"{field}{rank}" for rank in range(2, top + 1) for field in ("label", "probability")]
    head = ["source", "label", "probability", *more, "prediction_set", "novelty", "declined", "error"]
    for index, prediction in enumerate(predictions):
        if index == 0:
            print(_line(head))
        if prediction.error is not None:
            row = [str(prediction.source), *[""] * (2 * top + 3), prediction.error]
        else:
            pairs = [cell for label, value in _best(classifier, prediction, top) for cell in (label, f"{value:.6f}")]
            novelty = "" if prediction.novelty is None else f"{prediction.novelty:.6f}"
            declined = str(prediction.declined).lower()
            row = [str(prediction.source), *pairs, join_names(prediction.prediction_set), novelty, declined, ""]
        yield _line(row), prediction.error is not None
