"""Targets of a step."""

import torch

from headstart.training.losses import place_targets


def test_numbers_go_to_a_device_as_float32_and_indices_as_they_are() -> None:
    """The device "meta" has no memory, and stands for one that has no float64."""
    numbers, classes = torch.zeros(3, 2, dtype=torch.float64), torch.zeros(3, dtype=torch.int64)
    assert place_targets(numbers, "meta").dtype == torch.float32
    assert place_targets(numbers, "meta").device.type == "meta"
    assert place_targets(classes, "cpu").dtype == torch.int64
