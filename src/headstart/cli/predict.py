"""``headstart predict MODEL ITEM|FOLDER|-... [--text TEXT]``."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from headstart_runtime.command.answers import (
    Form,
    format_csv_header,
    format_csv_lines,
    format_json_lines,
    format_text_lines,
)
from headstart_runtime.command.stdin_items import LineForm, name_line, read_stdin_items
from headstart_runtime.errors import SettingError
from headstart_runtime.items import Expansion, expand_items, name_path, refuse_nothing, take_few
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.modalities.optional_facets import find_recorded
from headstart_runtime.stderr import print_to_stderr

LISTENED = 2.0  #: seconds of a stretch of what a microphone hears


def predict(
    model: Path,
    items: Annotated[list[str] | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    text: Annotated[list[str] | None, Parameter(allow_leading_hyphen=True)] = None,
    lines: LineForm = "auto",
    top: int = 1,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    csv_: Annotated[bool, Parameter(name="--csv", negative="")] = False,
    engine: str = "auto",
    path_column: str | None = None,
    threshold: float | None = None,
    every: float | None = None,
    listen: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Say what items show, with a saved classifier.

    An item is what the classifier was made from, mostly a file. A table has one in each row, in the column that fit
    reads, and so have files of arrays; rows are answered in their order, under the names that fit has for them. Items
    are read and answered as they come, so any number will do. One that cannot be read gets a row with its error, and
    the rest go on; the exit code is then 2. One that is unlike all that the classifier was made from is declined: it
    gets its likeliest class too, which means little. In a folder the bytes of a file say whether it is an item, as they
    do for fit; what is none is counted on standard error.

    Of a classifier of texts a text may be given as it is, by --text, and standard input has a text in each line, or a
    JSON object with one.

    A model that was fitted with --operating-point predicts the positive class by its threshold, whatever the
    likeliest class is; probabilities stay as they are.

    With --json and --csv each item has its prediction set, the classes of which one is right as often as was promised
    (fit's --coverage), and its novelty, above 1 where it is declined.

    A few items are answered by ONNX Runtime in float32, 24 or more and a list on standard input by OpenVINO, where
    that ran the network when the classifier was fitted; --engine takes one of them for all. Which of them answered the
    test items, and how far their answers agree, stands in the model's model.json.

    Examples:
        headstart predict runs/beetles/model new.jpg
        headstart predict runs/beetles/model inbox/ --csv > answers.csv
        find . -name '*.jpg' | headstart predict runs/beetles/model - --json --top 3
        headstart predict runs/reviews/model --text "I would see it again"
        cat new.jsonl | headstart predict runs/reviews/model - --json

    Args:
        model: A saved classifier: a run's model folder, or the run.
        items: Files, folders (searched in depth), tables, archives, arrays, or - for a list on standard input, in
            lines or ended by null bytes.
        text: A text to answer, where items are texts; may be given several times.
        lines: What a line of standard input is: names, the name of a file; texts, a text; json, an object with one.
            auto takes names, and where items are texts json if the first line is an object, else texts.
        top: How many classes to give for each item, the likeliest first.
        json_: A JSON object per line.
        csv_: A table with a header line; classes of a set have | between them, with a backslash before it in a name.
        engine: What answers: auto, onnxruntime or openvino.
        path_column: The column of a table with the items or their paths, or the array of items, or the key of a JSON
            object; found when not given.
        threshold: Predict the positive class (fit's --positive), or each of several labels, from this probability on,
            such as 0.3, in place of the model's own threshold.
        every: Of recordings: answer each stretch of so many seconds for itself; with --listen 2 when not given.
        listen: Of recordings: answer what the microphone hears, stretch by stretch, until Ctrl-C.
    """
    from headstart_runtime.inference.classifier import load

    if top < 1:
        raise SettingError(f"top is {top}; wanted 1 or more")
    if json_ and csv_:
        raise SettingError("--json and --csv were both given; choose one")
    items, texts = items or [], text or []
    if not items and not texts and not listen:
        raise SettingError("nothing to predict is given; name files, or give a text with --text")
    if every is not None and not 0.05 <= every <= 3600:
        raise SettingError(f"every is {every:g}; wanted seconds from 0.05 to 3600")
    if flags := [item for item in items if item.startswith("-") and item != "-"]:
        raise SettingError(
            f"unknown option {flags[0]!r}; a file of that name is given as ./{flags[0]}; see headstart predict --help"
        )
    classifier = load(model, engine)  # type: ignore[arg-type]  # it checks the name
    modality = classifier.record.modality
    top = min(top, len(classifier.classes))
    columns = classifier.task.answer_columns(top, classifier.record.space)
    form: Form = partial(format_text_lines, top=top, noun=modality.noun)
    if json_ or csv_:
        form = partial(format_json_lines, top=top) if json_ else partial(format_csv_lines, top=top, columns=columns)
    seen = failed = 0
    met = Expansion(alone=len(items) == 1, path_column=path_column)
    given = Given(items, texts, lines, every, listen)
    for line, bad in form(classifier.stream(_asked(modality, given, met), threshold=threshold)):
        if csv_ and not seen:
            print(format_csv_header(columns))
        print(line, flush=True)  # who feeds standard input may wait for the answer
        seen, failed = seen + 1, failed + bad
    if not seen and "-" not in items:
        refuse_nothing(modality, ", ".join(items), met.skipped)
    report_expansion(met, modality.noun)
    if csv_ and not seen:
        print(format_csv_header(columns))
    sys.stdout.flush()
    if failed:
        print_to_stderr(f"headstart: {failed} of {seen} {modality.noun.many} could not be read; their rows say why")
    return 2 if failed else 0


@dataclass(frozen=True, slots=True)
class Given:
    """The items as the command line has them."""

    items: Sequence[str]  #: files, folders, tables, and "-" for standard input
    texts: Sequence[str] = ()  #: items themselves
    lines: LineForm = "auto"  #: of standard input
    every: float | None = None  #: seconds of a recording that are answered for themselves
    listen: bool = False  #: to this machine's microphone


def _asked(modality: Modality, given: Given, met: Expansion) -> Iterable[Any]:
    """Return the items meant: a list of a few, for that is answered sooner, or what gives them one by one."""
    from headstart_runtime.inference.classifier import BATCH_FROM
    from headstart_runtime.inference.streaming import Arrivals

    found = read_items(modality, given, met)
    if given.every is not None and not given.listen:
        recorded, whole = find_recorded(modality, "--every"), found
        found = (stretch for item in whole for stretch in recorded.cut_recording(item, given.every or 0))
    if "-" in given.items or given.listen:
        return Arrivals(found)
    return take_few(found, BATCH_FROM)


def read_items(modality: Modality, given: Given, met: Expansion) -> Iterator[Any]:
    """Yield the items meant; of a folder the files that are items by their bytes, of a table its rows.

    Args:
        modality: of the items.
        given: as the command line has them.
        met: what else there is to say of folders and tables is added.

    Raises:
        SettingError: texts are given where items are none.
    """
    if given.texts and not takes_texts(modality):
        many = modality.noun.many
        raise SettingError(f"--text is for classifiers of texts, and this one reads {many}; give the files of {many}")
    if given.listen:
        yield from find_recorded(modality, "--listen").listen(given.every or LISTENED)
    yield from map(name_line, given.texts)
    for item in given.items:
        if item == "-":
            yield from read_stdin_items(modality, given.lines, met.path_column)
        else:
            yield from expand_items(modality, [name_path(item)], met)


def report_expansion(met: Expansion, noun: Noun) -> None:
    """Say on standard error what was read of tables, and how much of folders was no item."""
    for note in met.notes:
        print_to_stderr(f"headstart: {note}")
    names = met.skipped
    if names:
        some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        print_to_stderr(f"headstart: left out of folders, no {noun.many}: {len(names)} ({some[:300]})")
