"""``headstart``: the verbs, loaded only when called so that ``--help`` answers at once, and the exit codes."""

import sys
import warnings

from cyclopts import App
from cyclopts.exceptions import CycloptsError

from headstart import __version__
from headstart.errors import HeadstartError

FINE, OUR_FAULT, YOUR_INPUT, STOPPED = 0, 1, 2, 130

app = App(
    name="headstart",
    help="From a folder of labelled photos to a tested classifier, by transfer learning.",
    version=__version__,
    result_action="return_value",
)
for _verb, _help in {
    "fit": "Make a tested classifier from labelled photos.",
    "predict": "Say what photos show, with a saved classifier.",
    "evaluate": "Score a saved classifier on labelled photos.",
    "check": "Look photos over before anything is fitted: counts, sizes, problems.",
    "models": "List backbones: size, licence, where their weights are.",
    "cache": "Show what is stored of earlier runs, and prune it to a size.",
    "demo": "Run the whole job on handwritten digits.",
}.items():
    app.command(f"headstart.cli.{_verb}:{_verb}", name=_verb, help=_help)


def main() -> None:
    """The entry point of the command line; ends the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command and gives its exit code: 0 well, 1 our fault, 2 your input, 130 stopped by Ctrl-C."""
    warnings.filterwarnings("ignore", module="PIL")  # what Pillow warns of stands in the ledger
    try:
        return app(arguments, exit_on_error=False, print_error=False) or FINE
    except CycloptsError as error:
        return _failed(f"{_one_line(error)}; see headstart {arguments[0] if arguments else ''} --help", YOUR_INPUT)
    except HeadstartError as error:
        return _failed(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _failed("stopped; what was computed is kept: the same command goes on from there", STOPPED)
    except BrokenPipeError:  # the reader of a pipe has had enough
        sys.stderr.close()
        return FINE
    except (OSError, MemoryError) as error:
        return _failed(f"{type(error).__name__}: {error}", OUR_FAULT)


def _one_line(error: CycloptsError) -> str:
    return " ".join(str(error).split())


def _failed(message: str, code: int) -> int:
    print(f"headstart: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
