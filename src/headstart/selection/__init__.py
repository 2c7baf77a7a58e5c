"""Ways to transfer. Each makes arms: fitted on train, scored on validation, comparable sample by sample."""

from collections.abc import Mapping
from functools import cache

from headstart.plugins import load_plugins
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

GROUP = "headstart.strategies"  #: of the entry points by which other packages add strategies


@cache
def list_strategies() -> Mapping[str, Strategy]:
    """Return the strategies by name: those of this package, and those that other packages register behind them."""
    return {**STRATEGIES, **dict(load_plugins(GROUP, STRATEGIES))}


__all__ = ["STRATEGIES", "Strategy", "list_strategies"]
