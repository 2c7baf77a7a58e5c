"""What each strategy takes on a set of photos: from what is known already, or from a timed trial."""

import json
from collections.abc import Sequence

from headstart.backbones.backbone import PIXELS, middle
from headstart.data.samples import Part
from headstart.strategies.finetune import full_finetune, partial_finetune
from headstart.strategies.material import Material
from headstart.strategies.probes import intermediate_probe, linear_probe
from headstart.strategies.strategy import Planned
from headstart.training.augment_presets import smallest_window, view_size
from headstart.training.cost import EXPORTED, TRIAL_VERSION, trained_per_second, trial_file


def predicted_seconds(material: Material, *, timed: bool = False) -> dict[str, float | None]:
    """Seconds by strategy, once features are stored; None where nothing is known of this machine.

    Args:
        material: what would be learnt from.
        timed: time the training of a few batches where no earlier trial is kept; imports PyTorch.
    """
    probes = {"linear-probe": linear_probe, "intermediate-probe": intermediate_probe}
    seconds: dict[str, float | None] = {name: _sum(plan(material)) for name, plan in probes.items()}
    if timed:
        trained = {"partial-finetune": partial_finetune, "full-finetune": full_finetune}
        return seconds | {name: _sum(plan(material)) for name, plan in trained.items()}
    names = [layer.name for layer in material.backbone.layers]
    boundary = names[names.index(middle(names)) - 1]
    return seconds | {
        "partial-finetune": _from_trial(material, boundary),
        "full-finetune": _from_trial(material, PIXELS),
    }


def _sum(planned: Sequence[Planned]) -> float:
    return sum(it.cost().seconds for it in planned)


def _from_trial(material: Material, boundary: str) -> float | None:
    """The epochs of a training and its export; decoding and the frozen part come on top, so it is a lower bound."""
    settings = material.settings
    try:
        size = view_size(settings, material.backbone.contract.size)
        kept = json.loads((material.backbone.folder / trial_file(settings, boundary, size)).read_text("utf-8"))
        if kept.pop("version") != TRIAL_VERSION:
            return None
        whole = smallest_window(settings) == 1
        speeds = [
            (float(trained_per_second(it["photos"], it["windowed"], whole=whole)), float(it["scored"]))
            for it in kept.values()
            if isinstance(it, dict)
        ]
        trained, scored = max(speeds)
        per_epoch = len(material.of(Part.TRAIN)) / trained + len(material.of(Part.VALIDATION)) / scored
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None
    return settings.epochs_for(len(material.of(Part.TRAIN))) * per_epoch + EXPORTED
