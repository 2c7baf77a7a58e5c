"""Parts of modalities and tasks that only fitting asks for; they stand in the package ``headstart``."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from headstart_runtime.errors import UserError


def is_fitting_installed() -> bool:
    """Return whether the package ``headstart`` is there."""
    return find_spec("headstart") is not None


def import_fitting_part(place: str) -> Any:
    """Return what stands at a place such as "headstart.modalities.text.statistics:TextStatistics", or a module.

    It is named, not imported by name, so that predicting goes without the package that fits.

    Raises:
        UserError: the package ``headstart`` is not installed.
    """
    module, _, attribute = place.partition(":")
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        if error.name != "headstart":
            raise
        refusal = "this needs what fitting needs, and only predicting is installed; pip install headstart"
        raise UserError(refusal) from None
    return getattr(found, attribute) if attribute else found
