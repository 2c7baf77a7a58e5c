"""``headstart-predict MODEL ITEM|FOLDER|-...``: answers of a saved classifier, where nothing else is installed."""

import argparse
import io
import sys
from collections.abc import Sequence
from typing import get_args

from headstart_runtime.command.answering import AnswerForm, Given, check_every, print_answers
from headstart_runtime.command.stdin_items import LineForm
from headstart_runtime.command.writing import write_given
from headstart_runtime.errors import HeadstartError, SettingError
from headstart_runtime.inference.classifier import load
from headstart_runtime.inference.predictors import CHOICES
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.stderr import print_to_stderr

NAME = "headstart-predict"


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer items, a line each.

    Args:
        arguments: of the command; those of this process where none are given.

    Returns:
        The exit code: 0, 1 for a fault, 2 where something could not be read, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":  # names of files may be no text
            stream.reconfigure(errors="backslashreplace")
    given = _make_parser().parse_args(arguments)
    try:
        return _predict(given)
    except HeadstartError as error:
        print_to_stderr(f"{NAME}: {error}")
        return error.exit_code
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
    parser.add_argument(
        "--text-column",
        help="the key of a JSON object, or the column of a table, with the text; several are joined (commas between)",
    )
    parser.add_argument("--path-column", help="the column of a table with the items or their paths")
    parser.add_argument("--every", type=float, help="of recordings: answer each stretch of so many seconds for itself")
    parser.add_argument("--listen", action="store_true", help="of recordings: answer what the microphone hears")
    parser.add_argument(
        "--out",
        help="write the answers as Parquet: into a folder, in parts that are whole at every moment, or a file that "
        "ends in .parquet; the same command goes on where it was ended",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a JSON object per line")
    form.add_argument("--csv", action="store_true", help="a table with a header line")
    parser.add_argument("--engine", choices=CHOICES, default="auto", help="what answers")
    parser.add_argument("--threshold", type=float, help="predict the positive class from this probability on")
    return parser


def _predict(given: argparse.Namespace) -> int:
    if given.top < 1:
        raise SettingError(f"top is {given.top}; wanted 1 or more")
    form = AnswerForm(NAME, given.top, as_json=given.json, as_csv=given.csv)
    check_every(given.every)
    items = Given(given.items, given.text, given.lines, given.every, given.listen)
    columns = ItemColumns(given.path_column, given.text_column)
    classifier = load(given.model, given.engine)
    if given.out is not None:
        return write_given(classifier, items, form, given.out, columns=columns, threshold=given.threshold)
    return print_answers(classifier, items, form, columns=columns, threshold=given.threshold)


if __name__ == "__main__":
    raise SystemExit(main())
