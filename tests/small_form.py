"""The command line as where no extra is installed: ``python -m tests.small_form PACKAGES VERB ... [+ VERB ...]``.

The packages, joined by commas, cannot be imported, as where they are not installed. Several commands are run in one
process, one after the other; each prints its exit code to standard error.
"""

import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec

from headstart_runtime.extras import EXTRAS

#: What the small form does not install, and what comes with it.
REFUSED = (
    *(package for extra in EXTRAS.values() for package in extra.packages),
    *("huggingface_hub", "sqlalchemy", "sympy", "pandas"),
)


class Absent:
    """A finder that finds none of some packages and lets no other look for them."""

    def __init__(self, packages: Sequence[str]) -> None:
        self.packages = frozenset(packages)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] in self.packages:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def split_commands(arguments: Sequence[str]) -> Iterator[list[str]]:
    """Yield the commands between the signs +."""
    command: list[str] = []
    for argument in arguments:
        if argument == "+":
            yield command
            command = []
        else:
            command.append(argument)
    yield command


def main() -> None:
    sys.meta_path.insert(0, Absent(sys.argv[1].split(",")))
    from headstart.cli.main import run

    for command in split_commands(sys.argv[2:]):
        print(f"exit code {run(command)} of {command[0]}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
