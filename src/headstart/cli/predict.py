"""``headstart predict MODEL ITEM|FOLDER|-... [--text TEXT]``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headstart_runtime.command.answering import AnswerForm, Given, check_every, print_answers
from headstart_runtime.command.stdin_items import LineForm
from headstart_runtime.command.writing import write_given
from headstart_runtime.errors import SettingError
from headstart_runtime.item_columns import ItemColumns


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
    text_column: str | None = None,
    threshold: float | None = None,
    out: str | None = None,
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

    With --out answers are written as Parquet and not printed: into a folder, in parts that are whole at every moment,
    or, joined at the end, as one file. After a kill the same command goes on where it was; nothing is answered twice or
    left out, which is checked at the end against the list of items. That list is made when the command is first given,
    so what comes into a folder later is not in it. Numbers are numbers there, and several names are a list.

    Examples:
        headstart predict runs/beetles/model new.jpg
        headstart predict runs/beetles/model inbox/ --csv > answers.csv
        headstart predict runs/beetles/model inbox/ --out answers.parquet
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
        text_column: The column of a table, or the key of a JSON object, whose cells are texts; several with commas
            between are joined with their names. When not given, those that fit read, where all of them are there; else
            found.
        threshold: Predict the positive class (fit's --positive), or each of several labels, from this probability on,
            such as 0.3, in place of the model's own threshold.
        out: Write the answers as Parquet: into this folder, in parts, or as this file where it ends in .parquet. What
            has answers of another model, source, engine or threshold is refused.
        every: Of recordings: answer each stretch of so many seconds for itself; with --listen 2 when not given.
        listen: Of recordings: answer what the microphone hears, stretch by stretch, until Ctrl-C.
    """
    from headstart_runtime.inference.classifier import load

    if top < 1:
        raise SettingError(f"top is {top}; wanted 1 or more")
    if json_ and csv_:
        raise SettingError("--json and --csv were both given; choose one")
    items, texts = items or [], text or []
    check_every(every)
    if flags := [item for item in items if item.startswith("-") and item != "-"]:
        raise SettingError(
            f"unknown option {flags[0]!r}; a file of that name is given as ./{flags[0]}; see headstart predict --help"
        )
    classifier = load(model, engine)  # type: ignore[arg-type]  # it checks the name
    given = Given(items, texts, lines, every, listen)
    form = AnswerForm("headstart", top, as_json=json_, as_csv=csv_)
    columns = ItemColumns(path_column, text_column)
    if out is not None:
        return write_given(classifier, given, form, out, columns=columns, threshold=threshold)
    return print_answers(classifier, given, form, columns=columns, threshold=threshold)
