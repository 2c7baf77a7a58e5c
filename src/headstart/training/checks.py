"""Checks of a training: it starts as the probe ended, and what is frozen stays what it was."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.training.inputs import FineTuneSpec
from headstart.training.network import TrainableTop
from headstart.training.plan import ActivationSource
from headstart_runtime.errors import TrainingError

LEAST_COSINE = 0.98  #: between the top's features and the stored ones, before the first step


def check_start(network: TrainableTop, validation: ActivationSource, spec: FineTuneSpec, boundary: str) -> None:
    """Check that epoch 0 scores what the probe scored: the top gives the features that the head was solved on.

    Raises:
        TrainingError: it does not.
    """
    if spec.rows is None or not len(validation.targets):
        return
    network.eval()
    shown = np.arange(min(16, len(validation.targets)))
    with torch.inference_mode():
        seen = torch.cat([network.features(batch).cpu() for batch in validation.batches(0, shown, 16)])
    cosine = float(functional.cosine_similarity(seen, torch.from_numpy(spec.rows[shown])).mean())
    if not cosine >= LEAST_COSINE:
        raise TrainingError(
            f"the part of {spec.backbone.name} above {boundary} gives other features than the whole network (cosine "
            f"{cosine:.4f}, wanted {LEAST_COSINE}); use --precision f32 --training-precision f32"
        )


def check_frozen(before: dict[str, Tensor], after: dict[str, Tensor]) -> None:
    """Check that what is frozen was not changed by training.

    Raises:
        TrainingError: a tensor under the boundary is not bit for bit what was loaded.
    """
    changed = [
        name
        for name, value in before.items()
        if name not in after or value.shape != after[name].shape or not _same_bits(value, after[name])
    ]
    if changed:
        raise TrainingError(
            f"{len(changed)} of {len(before)} frozen tensors have changed in training, first {changed[0]}; nothing was "
            "saved: this is a fault of headstart, report it"
        )


def _same_bits(a: Tensor, b: Tensor) -> bool:
    a, b = a.detach().cpu().contiguous().view(-1), b.detach().cpu().contiguous().view(-1)
    return bool(torch.equal(a.view(torch.uint8), b.view(torch.uint8)))
