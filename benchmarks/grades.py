"""Ordered classes beside classes without an order: how many ranks their answers are off, and ranges that hold.

    python benchmarks/grades.py [--photos 400] [--fresh 400] [--seeds 10] [--off 0.1]

For each seed dials of five grades are drawn, a tenth of their labels off by one, and fitted with ``--task ordinal`` and
``--task classification``: the same split, the same features of lite0, a head on the last layer each. Both answer other
dials. ``mae`` is how many ranks the answers are off the grade that was drawn, ``mae_as_labelled`` off a label that is
as often wrong as those that were learnt from; ``plain_median`` is the classifier's too, answering with the median of
its probabilities in place of the likeliest class. ``better`` counts the seeds in which the ordinal answer is nearer.
``coverage`` is how often a range holds such a label, of the 90 % that are promised; ``not_ranges`` counts sets with a
hole, of both tasks. The last line is one JSON object.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

import headstart
import measuring
from drawn.dials import draw_dials, shift_labels

GRADES = 5
Sets = NDArray[np.bool_]


def main() -> None:
    """Run the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("--photos", {"type": int, "default": 400}),
        ("--fresh", {"type": int, "default": 400}),
        ("--seeds", {"type": int, "default": 10}),
        ("--off", {"type": float, "default": 0.1}),
        ("--backbone", {"default": "efficientnet_lite0"}),
    )
    seeds = [_run_seed(seed, options) for seed in range(options.seeds)]
    means = {name: float(np.mean([one[name] for one in seeds])) for name in seeds[0]}
    result = {
        **means,
        "better": sum(one["mae"] < one["plain_mae"] for one in seeds),
        "seeds": options.seeds,
        "not_ranges": int(sum(one["not_ranges"] for one in seeds)),
        "plain_not_ranges": int(sum(one["plain_not_ranges"] for one in seeds)),
        "by_seed": [{name: round(value, 4) for name, value in one.items()} for one in seeds],
    }
    measuring.finish(__file__, result, keep=options.keep)


def _run_seed(seed: int, options: Any) -> dict[str, float]:
    photos, drawn = draw_dials(options.photos, GRADES, 2 * seed)
    labels = shift_labels(drawn, GRADES, options.off, 2 * seed)
    fresh, true = draw_dials(options.fresh, GRADES, 2 * seed + 1)
    given = shift_labels(true, GRADES, options.off, 2 * seed + 1)
    answers = {name: _fit_and_ask(name, photos, labels, fresh, seed, options.backbone) for name in ("ordinal", "plain")}
    (said, inside), (plain, plain_sets) = answers["ordinal"], answers["plain"]
    ranks, likeliest, median = _find_medians(said), plain.argmax(axis=1), _find_medians(plain)
    print(
        f"seed {seed}: MAE {np.abs(ranks - true).mean():.3f}, plain {np.abs(likeliest - true).mean():.3f}", flush=True
    )
    return {
        "mae": float(np.abs(ranks - true).mean()),
        "plain_mae": float(np.abs(likeliest - true).mean()),
        "plain_median": float(np.abs(median - true).mean()),
        "mae_as_labelled": float(np.abs(ranks - given).mean()),
        "plain_mae_as_labelled": float(np.abs(likeliest - given).mean()),
        "kappa": float(cohen_kappa_score(true, ranks, weights="quadratic")),
        "plain_kappa": float(cohen_kappa_score(true, likeliest, weights="quadratic")),
        "accuracy": float((ranks == true).mean()),
        "plain_accuracy": float((likeliest == true).mean()),
        "coverage": float(inside[np.arange(len(given)), given].mean()),
        "size": float(inside.sum(axis=1).mean()),
        "plain_coverage": float(plain_sets[np.arange(len(given)), given].mean()),
        "plain_size": float(plain_sets.sum(axis=1).mean()),
        "not_ranges": float(_count_holes(inside)),
        "plain_not_ranges": float(_count_holes(plain_sets)),
    }


def _fit_and_ask(
    name: str, photos: NDArray[np.uint8], labels: NDArray[np.int64], fresh: NDArray[np.uint8], seed: int, backbone: str
) -> tuple[NDArray[np.float64], Sets]:
    """Return the probabilities (N, 5) and the prediction sets (N, 5) of fresh photos."""
    task = "ordinal" if name == "ordinal" else "classification"
    with tempfile.TemporaryDirectory() as folder:
        run = headstart.fit(
            photos,
            labels=labels,
            task=task,
            backbone=backbone,
            strategy="linear-probe",
            seed=seed,
            report=False,
            out=Path(folder) / name,
        )
        answers = run.classifier.predict(list(fresh))
        classes = [str(grade) for grade in range(GRADES)]
        order = [run.classifier.classes.index(grade) for grade in classes]
        probabilities = np.stack([answer.probabilities for answer in answers])[:, order].astype(np.float64)
        sets = np.array([[grade in answer.prediction_set for grade in classes] for answer in answers])
    return probabilities, sets


def _find_medians(probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    return (probabilities.cumsum(axis=1) < 0.5).sum(axis=1)


def _count_holes(inside: Sets) -> int:
    """Return how many sets (N, K) leave out a grade between two that are in."""
    changes = np.diff(inside.astype(np.int64), axis=1, prepend=0, append=0)
    return int(((changes == 1).sum(axis=1) > 1).sum())


if __name__ == "__main__":
    main()
