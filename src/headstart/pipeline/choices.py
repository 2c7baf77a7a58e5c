"""A check of the names that settings choose, before anything is read."""

from headstart.backbones.catalog import check_backbone_name, split_names
from headstart.engines import choose
from headstart.heads import catalog
from headstart.pipeline.backbones import is_searched
from headstart.selection import REGISTRY as STRATEGIES
from headstart.selection.arm_specs import requested_arms
from headstart.selection.ensembles import ENSEMBLES
from headstart.settings import FitSettings
from headstart.training.obstacle import TRAINING
from headstart_runtime.extras import PYTORCH, require_extra

AUTO = "auto"  #: the setting by which the program decides


def check_choices(settings: FitSettings) -> None:
    """Refuse a head, a strategy, an engine or a network that there is not, or whose package cannot be used.

    Modality and task are checked where settings are read.

    Raises:
        HeadstartError: an unknown name, or a package that cannot be used or is not installed.
    """
    for registry, name in (
        (catalog.REGISTRY, settings.head),
        (STRATEGIES, settings.strategy),
        (choose.REGISTRY, settings.engine),
    ):
        if name != AUTO:
            registry.check_name(name)
    _check_extras(settings)
    if settings.backbone is not None and not is_searched(settings):
        for name in split_names(settings.backbone):
            check_backbone_name(name)


def _check_extras(settings: FitSettings) -> None:
    """Refuse arms that all need what is not installed; where some do, those are left out and a note says so.

    Raises:
        MissingExtra: PyTorch for arms that all train a network, Optuna for a search.
    """
    names = [spec.name for spec in requested_arms(settings) if spec.name not in ENSEMBLES]
    if all(name in TRAINING for name in names):
        require_extra("train", names[0], *PYTORCH)
    if settings.search and any(name in TRAINING for name in names):
        require_extra("train", "a search for hyperparameters", *PYTORCH, "optuna")
