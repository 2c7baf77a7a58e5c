"""Parts of modalities and tasks that only fitting asks for; they stand in the package ``headstart``."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from headstart_runtime.errors import UserError


def import_fitting_part(place: str) -> Any:
    """Return what stands at a place such as "headstart.modalities.image.statistics:ImageStatistics", or a module.

    It is named, not imported by name, so that predicting goes without the package that fits.

    Raises:
        UserError: the package ``headstart`` is not installed.
    """
    if find_spec("headstart") is None:
        raise UserError("this needs what fitting needs, and only predicting is installed; pip install headstart")
    module, _, attribute = place.partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found
