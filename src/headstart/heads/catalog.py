"""All kinds of heads, by name."""

from collections.abc import Mapping

from headstart.heads.head import Fit, FitResult, TrainingSet
from headstart.heads.lda import fit_lda
from headstart.heads.logistic import fit_logistic
from headstart.heads.mlp import fit_mlp
from headstart.heads.ridge import fit_ridge
from headstart.heads.threads import limit_to_idle_threads
from headstart.settings import HeadSettings
from headstart_runtime.errors import DataError
from headstart_runtime.plugins import Registry
from headstart_runtime.protocol_checks import expect_function

SOLVED = ("logistic", "lda", "ridge")  #: heads of this package that are solved, in seconds, not trained

GROUP = "headstart.heads"  #: of the entry points by which other packages add heads
HEADS: dict[str, Fit] = {"logistic": fit_logistic, "lda": fit_lda, "ridge": fit_ridge, "mlp": fit_mlp}
REGISTRY: Registry[Fit] = Registry(
    GROUP, "head", HEADS, expect_function("training_set", "settings", "fixed"), reserved=("auto",)
)


def list_heads() -> Mapping[str, Fit]:
    """Return the heads by name: those of this package and those that other packages register."""
    return REGISTRY.all()


def list_solved() -> list[str]:
    """Return the heads that are solved in seconds, not trained: of other packages those whose function says so.

    Such a function has the attribute ``solved``, which is true: ``fit_centroids.solved = True``.
    """
    brought = (name for name, fit in list_heads().items() if name not in HEADS and getattr(fit, "solved", False))
    return [*SOLVED, *brought]


def fit_head(
    name: str, training_set: TrainingSet, settings: HeadSettings, fixed: Mapping[str, float] | None = None
) -> FitResult:
    """Fit the head called ``name``; ``fixed`` is the ``chosen`` of an earlier fit, which is then not chosen again.

    Raises:
        SettingError: an unknown name.
        PluginError: a head of another package that cannot be used.
        DataError: features that are not finite, or labels that do not belong to these.
    """
    fit = REGISTRY.get(name)
    check_classes(training_set)
    with limit_to_idle_threads(training_set.features.size):
        return fit(training_set, settings, fixed)


def check_classes(training_set: TrainingSet) -> None:
    """Raise a DataError where features, labels and groups do not belong together, or labels are no classes."""
    training_set.check()
    labels, classes = training_set.targets, training_set.outputs
    if labels.ndim != 1:
        raise DataError(f"labels have shape {labels.shape}; wanted (N,)")
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        raise DataError(f"labels run from {labels.min()} to {labels.max()}; wanted 0 to {classes - 1}")
