"""Ways to transfer. Each makes arms: fitted on train, scored on validation, comparable photo by photo."""

from headstart.strategies.linear_probe import linear_probe
from headstart.strategies.strategy import Strategy

STRATEGIES: dict[str, Strategy] = {"linear-probe": linear_probe}

__all__ = ["STRATEGIES", "Strategy"]
