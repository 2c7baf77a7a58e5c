"""``headstart-serve MODEL...``: the service, where nothing else of headstart is installed."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from headstart_runtime.errors import HeadstartError
from headstart_runtime.extras import require_extra
from headstart_runtime.service.settings import ServiceSettings, describe_settings
from headstart_runtime.stderr import print_to_stderr

SERVE = "headstart-serve"


def serve_models(models: Sequence[str], settings: ServiceSettings) -> int:
    """Serve models until the process is told to end; return the exit code.

    Raises:
        UserError: something is missing, or cannot be used.
    """
    require_extra("serve", "serving a model")
    from headstart_runtime.service.server import serve

    return serve(models, settings, print_to_stderr)


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Serve models.

    Args:
        arguments: of the command; those of this process where none are given.

    Returns:
        The exit code: 0, 1 for a fault, 2 where something cannot be used.
    """
    given = vars(_make_serve_parser().parse_args(arguments))
    models = given.pop("models")
    try:
        return serve_models(models, ServiceSettings(**given))
    except HeadstartError as error:
        print_to_stderr(f"{SERVE}: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _make_serve_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(SERVE, description="Answer over HTTP with classifiers that headstart saved.")
    parser.add_argument("models", nargs="+", help="folders of saved classifiers, each perhaps as NAME=FOLDER")
    told = describe_settings()
    for one in fields(ServiceSettings):
        flag, help_ = f"--{one.name.replace('_', '-')}", told[one.name].replace("%", "%%")
        default: Any = one.default
        if isinstance(default, bool):
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=help_)
        else:
            kind = Path if default is None else type(default)
            shown = "" if default is None else f" (default: {default:g})" if kind is float else f" (default: {default})"
            parser.add_argument(flag, type=kind, default=default, metavar=kind.__name__.upper(), help=help_ + shown)
    return parser


if __name__ == "__main__":
    raise SystemExit(run_command())
