"""The logistic head, its whole path with cross-validation, against scikit-learn doing the same.

    python benchmarks/heads.py                     # drawn features: 1000 x 1280, 2 classes; 1075 x 6192, 6 classes
    python benchmarks/heads.py FEATURES.npz ...    # arrays "features" (N, D) float32 and "labels" (N,)

scikit-learn gets what its own LogisticRegressionCV does: for each fold the C values that our path tried, each started
from the last, then one fit on all rows. To save time one fold is timed and multiplied by the number of folds (the
output says so). The last line is one JSON object.
"""

import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

import measuring
from headstart.heads.catalog import fit_head
from headstart.heads.folds import assign_folds
from headstart.heads.head import FitResult, TrainingSet
from headstart.settings import HeadSettings
from headstart_runtime.linalg import softmax


@dataclass(frozen=True)
class Comparison:
    """Two solvers on the same features; seconds for the whole job: standardise, path with folds, refit."""

    name: str
    rows: int
    columns: int
    classes: int
    points: int  #: C values tried before the path ended
    folds: int
    chosen: float  #: C
    cv_accuracy: float
    cv_log_loss: float
    seconds: float  #: median of the repeats
    sklearn_seconds: float  #: one fold timed, times the folds, and the refit
    ratio: float  #: sklearn_seconds / seconds
    apart: float  #: largest difference of a probability of the rows between the two heads at the chosen C


def draw(rows: int, columns: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features that hang together as a network's do: few strong directions, many weak ones."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=rows)
    strength = np.geomspace(1, 0.05, 100)[:, None]
    hidden = random.standard_normal((classes, 100))[labels] * 0.25 + random.standard_normal((rows, 100))
    features = hidden @ (random.standard_normal((100, columns)) * strength)
    features += 0.3 * random.standard_normal((rows, columns))
    return np.maximum(features, -1).astype(np.float32), labels


def fit(features: np.ndarray, labels: np.ndarray, head: str = "logistic") -> FitResult:
    training_set = TrainingSet(
        features, labels.astype(np.int64), int(labels.max()) + 1, np.arange(len(labels)), False, 0
    )
    return fit_head(head, training_set, HeadSettings())


def compare(name: str, features: np.ndarray, labels: np.ndarray, repeats: int = 3) -> Comparison:
    times = []
    for _ in range(repeats):
        began = perf_counter()
        fitted = fit(features, labels)
        times.append(perf_counter() - began)
    C = fitted.chosen["C"]
    chosen = next(trial for trial in fitted.path if trial.value == C)
    folds = HeadSettings().folds
    theirs, chance = _sklearn(features, labels, [trial.value for trial in fitted.path], C, folds)
    ours = float(np.median(times))
    return Comparison(
        name,
        *features.shape,
        int(labels.max()) + 1,
        len(fitted.path),
        folds,
        C,
        chosen.score,
        chosen.loss,
        ours,
        theirs,
        theirs / ours,
        float(np.abs(chance - softmax(fitted.head.logits(features))).max()),
    )


def _sklearn(
    features: np.ndarray, labels: np.ndarray, path: list[float], C: float, folds: int
) -> tuple[float, np.ndarray]:
    """Seconds, and the probabilities of a head at ``C`` solved to the end (which is not timed)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    warnings.simplefilter("ignore", ConvergenceWarning)
    began = perf_counter()
    rows = StandardScaler().fit_transform(features)
    scaling = perf_counter() - began
    inside = assign_folds(labels, np.arange(len(labels)), folds, 0) != 0
    model = LogisticRegression(max_iter=1000, warm_start=True)
    began = perf_counter()
    for value in path:
        model.set_params(C=value).fit(rows[inside], labels[inside])
    one_fold = perf_counter() - began
    began = perf_counter()
    LogisticRegression(max_iter=1000, C=C).fit(rows, labels)
    refit = perf_counter() - began
    exact = LogisticRegression(max_iter=10_000, tol=1e-8, C=C).fit(rows.astype(np.float64), labels)
    return scaling + folds * one_fold + refit, exact.predict_proba(rows.astype(np.float64))


def main() -> None:
    given = measuring.arguments(
        __doc__ or "", ("files", {"nargs": "*", "type": Path}), ("--repeats", {"type": int, "default": 3})
    )
    if given.files:
        drawn_sets = [(path.stem, *(np.load(path)[key] for key in ("features", "labels"))) for path in given.files]
    else:
        drawn_sets = [("drawn", *draw(1000, 1280, 2)), ("drawn", *draw(1075, 6192, 6))]
    found = []
    for name, features, labels in drawn_sets:
        result = compare(name, np.ascontiguousarray(features, np.float32), labels, given.repeats)
        found.append(result)
        print(
            f"{name} {result.rows} x {result.columns}, {result.classes} classes: {result.points} C x {result.folds} "
            f"folds and refit in {result.seconds:.3f} s; scikit-learn {result.sklearn_seconds:.1f} s (one fold timed, "
            f"times {result.folds}): {result.ratio:.0f} x; probabilities differ by at most {result.apart:.1e}",
            flush=True,
        )
    measuring.finish(__file__, {"results": [asdict(result) for result in found]}, keep=given.keep)


if __name__ == "__main__":
    main()
