"""Ways to transfer. Each makes arms: fitted on train, scored on validation, comparable sample by sample."""

from collections.abc import Mapping

from headstart.selection.arm import Strategy
from headstart.selection.ensembles import ENSEMBLES
from headstart.selection.finetune import full_finetune, partial_finetune, scratch
from headstart.selection.probes import intermediate_probe, linear_probe
from headstart.selection.terms import tfidf
from headstart_runtime.plugins import Registry
from headstart_runtime.protocol_checks import expect_function

#: Cheap to dear.
STRATEGIES: dict[str, Strategy] = {
    "linear-probe": linear_probe,
    "intermediate-probe": intermediate_probe,
    "tfidf": tfidf,
    "partial-finetune": partial_finetune,
    "full-finetune": full_finetune,
    "scratch": scratch,
}

GROUP = "headstart.strategies"  #: of the entry points by which other packages add strategies
REGISTRY: Registry[Strategy] = Registry(
    GROUP, "strategy", STRATEGIES, expect_function("context", "detail"), reserved=("auto", *ENSEMBLES)
)


def list_strategies() -> Mapping[str, Strategy]:
    """Return the strategies by name: those of this package, and those that other packages register behind them."""
    return REGISTRY.all()


__all__ = ["STRATEGIES", "Strategy", "list_strategies"]
