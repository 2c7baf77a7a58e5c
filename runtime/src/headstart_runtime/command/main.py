"""``headstart-predict MODEL ITEM|FOLDER|-...``: answers of a saved classifier, where nothing else is installed."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, get_args

from headstart_runtime.command.answers import (
    Form,
    format_csv_header,
    format_csv_lines,
    format_json_lines,
    format_text_lines,
)
from headstart_runtime.command.stdin_items import LineForm, name_line, read_stdin_items
from headstart_runtime.errors import HeadstartError, SettingError
from headstart_runtime.inference.classifier import BATCH_FROM, Classifier, load
from headstart_runtime.inference.predictors import CHOICES
from headstart_runtime.inference.streaming import Arrivals
from headstart_runtime.items import Expansion, expand_items, name_path, refuse_nothing, take_few
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.stderr import print_to_stderr

NAME = "headstart-predict"


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer items, a line each.

    Args:
        arguments: of the command; those of this process where none are given.

    Returns:
        The exit code: 0, 1 for a fault, 2 where something could not be read, 130 after Ctrl-C.
    """
    given = _make_parser().parse_args(arguments)
    try:
        return _predict(given)
    except HeadstartError as error:
        print_to_stderr(f"{NAME}: {error}")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who reads the answers has seen enough
        sys.stderr.close()
        return 1


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(NAME, description="Say what items show, with a classifier that headstart saved.")
    parser.add_argument("model", help="the folder of a saved classifier")
    parser.add_argument("items", nargs="*", help="files, folders, or - for a list on standard input")
    parser.add_argument("--text", action="append", default=[], help="a text to answer, where items are texts")
    parser.add_argument(
        "--lines",
        choices=get_args(LineForm),
        default="auto",
        help="what a line of standard input is: the name of a file, a text, or a JSON object with one",
    )
    parser.add_argument("--top", type=int, default=1, help="how many classes to give for each item")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a JSON object per line")
    form.add_argument("--csv", action="store_true", help="a table with a header line")
    parser.add_argument("--engine", choices=CHOICES, default="auto", help="what answers")
    parser.add_argument("--threshold", type=float, help="predict the positive class from this probability on")
    return parser


def _predict(given: argparse.Namespace) -> int:
    if given.top < 1:
        raise SettingError(f"top is {given.top}; wanted 1 or more")
    if not given.items and not given.text:
        raise SettingError("nothing to predict is given; name files, or give a text with --text")
    classifier = load(given.model, given.engine)
    modality = classifier.record.modality
    top = min(given.top, len(classifier.classes))
    columns = classifier.task.answer_columns(top, classifier.record.space)
    form: Form = partial(format_text_lines, top=top, noun=modality.noun)
    if given.json or given.csv:
        form = (
            partial(format_json_lines, top=top) if given.json else partial(format_csv_lines, top=top, columns=columns)
        )
    met = Expansion(alone=len(given.items) == 1)
    if given.csv:
        print(format_csv_header(columns))
    seen = failed = 0
    for line, bad in form(classifier.stream(_list_items(classifier, given, met), threshold=given.threshold)):
        print(line, flush=True)  # who feeds standard input may wait for the answer
        seen, failed = seen + 1, failed + bad
    for note in met.notes:
        print_to_stderr(f"{NAME}: {note}")
    if not seen and "-" not in given.items:
        refuse_nothing(modality, ", ".join(given.items), met.skipped)
    if failed:
        print_to_stderr(f"{NAME}: {failed} of {seen} {modality.noun.many} could not be read; their rows say why")
    return 2 if failed else 0


def _list_items(classifier: Classifier, given: argparse.Namespace, met: Expansion) -> Iterable[Any]:
    """Return the items meant: a list of a few, for that is answered sooner, or what gives them one by one."""
    modality = classifier.record.modality
    if given.text and not takes_texts(modality):
        many = modality.noun.many
        raise SettingError(f"--text is for classifiers of texts, and this one reads {many}; give the files of {many}")

    def read() -> Iterator[Any]:
        yield from map(name_line, given.text)
        for item in given.items:
            if item == "-":
                yield from read_stdin_items(modality, given.lines, None)
            else:
                yield from expand_items(modality, [name_path(item)], met)

    return Arrivals(read()) if "-" in given.items else take_few(read(), BATCH_FROM)


if __name__ == "__main__":
    raise SystemExit(main())
