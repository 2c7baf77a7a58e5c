"""``headstart``: the verbs, loaded only when called so that ``--help`` answers at once, and the exit codes."""

import gc
import inspect
import io
import os
import re
import sys
import warnings
from contextlib import suppress
from importlib import import_module

from cyclopts import App
from cyclopts.exceptions import CycloptsError, MissingArgumentError, UnusedCliTokensError

from headstart import __version__
from headstart.cli.help import HELP_ALL, SPELT_VERBS, GroupedHelp, spell_flags
from headstart.cli.streams import occupy_descriptors, provide_streams
from headstart.process import set_passive_waiting
from headstart_runtime.errors import HeadstartError, bounded, is_disk_full
from headstart_runtime.stderr import print_to_stderr

FINE, OUR_FAULT, YOUR_INPUT, STOPPED = 0, 1, 2, 130

VERBS = {
    "fit": "Make a tested classifier from labelled data.",
    "compare": "Try several ways to transfer on one split, and compare them.",
    "advise": "Say which way to transfer to expect the most of, from a look at 200 samples.",
    "predict": "Say what new items show, with a saved classifier.",
    "serve": "Answer over HTTP with saved classifiers.",
    "explain": "Show where a saved classifier looked.",
    "evaluate": "Score a saved classifier on labelled data.",
    "check": "Look data over before anything is fitted: counts, sizes, problems.",
    "features": "Write what a frozen network says of data, as numbers for other tools.",
    "report": "Make the report of a run anew, or set two runs side by side.",
    "export": "Write a saved classifier for another way of running, proved to answer the same.",
    "models": "List backbones: size, licence, where their weights are.",
    "cache": "Show what is stored of earlier runs, and prune it to a size.",
    "demo": "Run the whole job on drawn digits.",
}


def main() -> None:
    """The entry point of the command line; ends the process with its exit code.

    At once, without taking the interpreter down: that takes two seconds where PyTorch was imported, and by now every
    file is closed and every thread has ended.
    """
    occupy_descriptors()
    set_passive_waiting()
    # Importing PyTorch and timm makes millions of objects and no garbage: looking for some took a third of the time.
    gc.set_threshold(200_000, 50, 50)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files that are no valid text are shown as escapes
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # a closed pipe takes no more, and there may be no stream
            stream.flush()
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code: 0 well, 1 our fault, 2 your input, 130 stopped by Ctrl-C."""
    warnings.filterwarnings("ignore", module="PIL")  # what Pillow warns of stands in the ledger
    with provide_streams():
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    verb = arguments[0] if arguments and arguments[0] in VERBS else ""
    everything = bool(verb) and HELP_ALL in arguments
    if everything:
        arguments = [verb, "--help"]
    try:
        app = make_app(verb, everything=everything)
        spelt = spell_flags(arguments) if verb in SPELT_VERBS else arguments
        code = app(spelt, exit_on_error=False, print_error=False) or FINE
        sys.stdout.flush()
        return int(code)
    except CycloptsError as error:
        if isinstance(error, MissingArgumentError) and (joined := _join_negative_values(arguments)) != arguments:
            return _run(joined)
        return _failed(f"{_describe(error)}; see headstart {f'{verb} ' if verb else ''}--help", YOUR_INPUT)
    except HeadstartError as error:
        return _failed(str(error), error.exit_code)
    except KeyboardInterrupt:
        kept = (
            "; what was computed is kept: the same command goes on from there"
            if verb in ("fit", "compare", "demo")
            else ""
        )
        return _failed(f"stopped{kept}", STOPPED)
    except BrokenPipeError:  # the reader of a pipe has had enough; Python's last flush must not trip over it again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except (OSError, MemoryError) as error:
        if is_disk_full(error):
            return _failed(f"no space left on a disk ({error}); free some and run the same command again", OUR_FAULT)
        return _failed(f"{type(error).__name__}: {error}", OUR_FAULT)


def make_app(verb: str, *, everything: bool = False) -> App:
    """Return the command line; the verb that is called brings its own, longer help.

    Args:
        verb: the verb that is called; "" for none.
        everything: its help shows all settings.
    """
    app = App(
        name="headstart",
        help="From a folder of labelled data to a tested classifier, by transfer learning.",
        version=__version__,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        help_formatter=GroupedHelp(verb, everything=everything),
    )
    for name, help_ in VERBS.items():
        own = {"help_epilogue": _examples(name)} if name == verb else {"help": help_}
        app.command(f"headstart.cli.{name}:{name}", name=name, **own)
    return app


def _examples(verb: str) -> str:
    """Return the examples in a verb's docstring as a block of code: cyclopts takes no notice of them."""
    doc = inspect.getdoc(getattr(import_module(f"headstart.cli.{verb}"), verb)) or ""
    block = doc.partition("Examples:\n")[2].partition("\n\n")[0]
    return f"Examples:\n```\n{inspect.cleandoc(block)}\n```" if block else ""


def _describe(error: CycloptsError) -> str:
    from pydantic import ValidationError

    from headstart.settings import describe_validation_error

    if isinstance(error.__cause__, ValidationError):
        return describe_validation_error(error.__cause__)
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"{error.unused_tokens[0]!r} is one argument too many"
    if isinstance(error, MissingArgumentError) and error.argument is not None and not _was_typed(error):
        return f"{error.argument.name} is missing"
    return str(error).strip().removesuffix(".")


def _join_negative_values(arguments: list[str]) -> list[str]:
    """Return arguments with each value such as -5m, which looks like a flag, joined to the flag before it."""
    joined: list[str] = []
    for argument in arguments:
        if re.match(r"-\d", argument) and joined and joined[-1].startswith("--") and "=" not in joined[-1]:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _was_typed(error: MissingArgumentError) -> bool:
    """Return whether an option that has no value was typed; an argument without a name is never."""
    assert error.argument is not None
    return not error.argument.name.startswith("--") or error.keyword is not None or bool(error.argument.tokens)


def _failed(message: str, code: int) -> int:
    print_to_stderr(f"headstart: {bounded(' '.join(message.split()))}")
    return code


if __name__ == "__main__":
    main()
