"""A check of the names that settings choose, before anything is read."""

from headstart.backbones.catalog import check_backbone_name, split_names
from headstart.engines import choose
from headstart.heads import catalog
from headstart.pipeline.backbones import is_searched
from headstart.selection import REGISTRY as STRATEGIES
from headstart.selection.compare import requested_arms
from headstart.settings import FitSettings

AUTO = "auto"  #: the setting by which the program decides


def check_choices(settings: FitSettings) -> None:
    """Refuse a head, a strategy, an engine or a network that there is not, or whose package cannot be used.

    Modality and task are checked where settings are read.

    Raises:
        HeadstartError: an unknown name, or a package that cannot be used.
    """
    for registry, name in (
        (catalog.REGISTRY, settings.head),
        (STRATEGIES, settings.strategy),
        (choose.REGISTRY, settings.engine),
    ):
        if name != AUTO:
            registry.check_name(name)
    requested_arms(settings)
    if settings.backbone is not None and not is_searched(settings):
        for name in split_names(settings.backbone):
            check_backbone_name(name)
