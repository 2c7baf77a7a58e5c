"""The command line of an export's ``predict.py``: an answer for each item, as a line of JSON."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from headstart_runtime.errors import DataError, HeadstartError
from headstart_runtime.exported.golden import check_golden, list_golden
from headstart_runtime.exported.host import ExportRunner, Host
from headstart_runtime.modalities.item import NamedItem
from headstart_runtime.stderr import print_to_stderr

USAGE = "usage: python predict.py ITEM... | --check"


class HostedRunner(ExportRunner, Protocol):
    """A running export whose code is Python."""

    host: Host


def answer_item(runner: HostedRunner, item: Any) -> dict[str, Any]:
    """Return the answer for an item as plain values; one that cannot be read has an ``error``."""
    host = runner.host
    opened = host.open(item)
    try:
        return host.describe(opened, runner.answer(item))
    except DataError as error:
        return dict(host.record.task.make_failure(opened, error, host.record.space).to_json())


def run_command(start: Any, arguments: Sequence[str], folder: Path) -> int:
    """Answer the items that are named, or check the golden ones; return the exit code.

    Args:
        start: makes the ``HostedRunner`` of the folder.
        arguments: paths of files, or ``--check``.
        folder: of the export.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print_to_stderr(USAGE)
        return 0 if arguments else 2
    try:
        runner: HostedRunner = start(folder)
        if list(arguments) == ["--check"]:
            faults = check_golden(runner, folder)
            for fault in faults:
                print_to_stderr(fault)
            print(f"{len(list_golden(folder)) - len(faults)} of {len(list_golden(folder))} golden items answered alike")
            return 1 if faults else 0
        failed = False
        for name in arguments:
            found = answer_item(runner, NamedItem(name, Path(name)))
            failed = failed or found.get("error") is not None
            print(json.dumps(found, ensure_ascii=False), flush=True)
        return 2 if failed else 0
    except HeadstartError as error:
        print_to_stderr(f"predict.py: {error}")
        return error.exit_code


def main(start: Any, folder: Path) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run_command(start, sys.argv[1:], folder))
