"""Ways to transfer. Each makes arms: fitted on train, scored on validation, comparable sample by sample."""

from headstart.selection.arm import Strategy
from headstart.selection.finetune import full_finetune, partial_finetune, scratch
from headstart.selection.probes import intermediate_probe, linear_probe

#: Cheap to dear.
STRATEGIES: dict[str, Strategy] = {
    "linear-probe": linear_probe,
    "intermediate-probe": intermediate_probe,
    "partial-finetune": partial_finetune,
    "full-finetune": full_finetune,
    "scratch": scratch,
}

__all__ = ["STRATEGIES", "Strategy"]
