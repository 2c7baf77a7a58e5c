"""Several labels, grades and numbers of texts: each strategy of headstart beside scikit-learn on the same features.

    python benchmarks/text_tasks.py [--texts 1500] [--seed 0] [--backbone minilm] [--keep]

Reviews are drawn of sentences in which single words decide (``drawn/reviews.py``): which things they speak of (several
labels), how many stars they give (grades), how many points (a number). Each strategy is fitted by headstart, and
scikit-learn on what the strategy reads, features of layers or weighed terms, with the strength that headstart chose:
``OneVsRestClassifier(LogisticRegression)``, ``LogisticRegression`` that answers with the median grade, ``Ridge``. For
each: the score on test of both (mean average precision; mean distance in grades; mean absolute error), how far they are
apart, and of labels and numbers, where the head is the same, ``apart`` has to be within .005 and 1 % of the error. The
head of grades knows their order and is to be no worse. The last line is one JSON object.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import average_precision_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

import headstart
import measuring
from drawn.reviews import Review, draw_reviews, write_reviews
from headstart.label_text import split_cells
from headstart.selection.terms import LENGTH
from headstart.verbs.features import Features
from headstart_runtime.modalities.text.terms import load_vocabulary, split_terms, weigh_texts

STRATEGIES = ("linear-probe", "intermediate-probe", "tfidf")
STEPS = 5000


@dataclass(frozen=True)
class Rows:
    """What scikit-learn reads: rows of train and validation, and of test, with their labels."""

    seen: Any
    fresh: Any
    labels: Sequence[str]
    fresh_labels: Sequence[str]


def main() -> None:
    """Run the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("--texts", {"type": int, "default": 1500}),
        ("--seed", {"type": int, "default": 0}),
        ("--backbone", {"default": "minilm"}),
    )
    reviews = draw_reviews(options.texts, options.seed)
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        for task, (answer, compare) in TASKS.items():
            table = write_reviews(Path(name) / f"{answer}.csv", reviews, answer)
            for strategy in STRATEGIES:
                settings = {"task": task, "seed": options.seed, "backbone": options.backbone}
                run = headstart.fit(
                    table, out=Path(name) / f"{task}-{strategy}", strategy=strategy, report=False, **settings
                )
                found = headstart.features(table, layer="all", progress=False, **settings)
                (arm,) = run.record["arms"]
                own, other = compare(run, arm["chosen"], _gather(found, arm, reviews))
                results.setdefault(task, {})[strategy] = {
                    "headstart": round(own, 4),
                    "scikit_learn": round(other, 4),
                    "apart": round(own - other, 4),
                    "layer": arm["layer"],
                }
                print(f"{task}, {strategy}: {results[task][strategy]}", flush=True)
    measuring.finish(__file__, {"texts": options.texts, "results": results}, keep=options.keep)


def _gather(found: Features, arm: Mapping[str, Any], reviews: Sequence[Review]) -> Rows:
    """Return the rows that an arm read: features of its layers, or weighed terms."""
    test = np.array([subset == "test" for subset in found.subsets])
    labels = [[found.labels[place] for place in np.flatnonzero(own)] for own in (~test, test)]
    if arm["strategy"] == "tfidf":
        numbers = [int(name.removeprefix("row ")) - 2 for name in found.names]
        texts = [reviews[number].text for number in numbers]
        return Rows(
            *_weigh([texts[at] for at in np.flatnonzero(~test)], [texts[at] for at in np.flatnonzero(test)]), *labels
        )
    layers = list(found.layers) if arm["layer"] == "all" else [arm["layer"]]
    rows = np.concatenate([found.layers[layer] for layer in layers], axis=1)
    return Rows(rows[~test], rows[test], *labels)


def _weigh(seen: Sequence[str], fresh: Sequence[str]) -> tuple[Any, Any]:
    content, rows = weigh_texts(seen)
    scale = np.sqrt(LENGTH / (np.square(rows.values).sum() / len(rows)))
    vocabulary = load_vocabulary(content)
    each = [vocabulary.weigh(Counter(split_terms(text))) for text in fresh]
    starts = np.cumsum([0, *(len(places) for places, _ in each)])
    values, places = (np.concatenate([one[at] for one in each]) for at in (1, 0))
    known = csr_matrix((rows.values * scale, rows.places, rows.starts), shape=(len(rows), rows.width))
    return known, csr_matrix((values * scale, places, starts), shape=(len(fresh), rows.width))


def _standardise(rows: Rows) -> tuple[Any, Any]:
    """Return features with a mean of 0 and a spread of 1; terms as they are."""
    if not isinstance(rows.seen, np.ndarray):
        return rows.seen, rows.fresh
    scaler = StandardScaler().fit(rows.seen)
    return scaler.transform(rows.seen), scaler.transform(rows.fresh)


def _compare_labels(run: headstart.Run, chosen: Mapping[str, float], rows: Rows) -> tuple[float, float]:
    names = run.classifier.classes
    there, fresh = (
        np.array([[name in split_cells(label) for name in names] for label in labels], np.int64)
        for labels in (rows.labels, rows.fresh_labels)
    )
    seen, asked = _standardise(rows)
    model = OneVsRestClassifier(LogisticRegression(C=chosen["C"], max_iter=STEPS)).fit(seen, there)
    return run.test.mean_average_precision, float(average_precision_score(fresh, model.predict_proba(asked)))


def _compare_grades(run: headstart.Run, chosen: Mapping[str, float], rows: Rows) -> tuple[float, float]:
    grades, fresh = (np.array(list(map(int, labels))) for labels in (rows.labels, rows.fresh_labels))
    seen, asked = _standardise(rows)
    model = LogisticRegression(C=chosen["class_strength"], max_iter=STEPS).fit(seen, grades)
    medians = model.classes_[(model.predict_proba(asked).cumsum(axis=1) < 0.5).sum(axis=1)]
    return run.test.mae, float(np.abs(medians - fresh).mean())


def _compare_numbers(run: headstart.Run, chosen: Mapping[str, float], rows: Rows) -> tuple[float, float]:
    numbers, fresh = (np.array(list(map(float, labels))) for labels in (rows.labels, rows.fresh_labels))
    said = Ridge(alpha=chosen["penalty"], solver="auto").fit(rows.seen, numbers).predict(rows.fresh)
    return run.test.mean_absolute_error, float(np.abs(said - fresh).mean())


#: Task -> which answer of a review it asks for, and the scores on test of headstart and of scikit-learn.
TASKS: dict[str, tuple[str, Callable[[headstart.Run, Mapping[str, float], Rows], tuple[float, float]]]] = {
    "multilabel": ("things", _compare_labels),
    "ordinal": ("stars", _compare_grades),
    "regression": ("points", _compare_numbers),
}


if __name__ == "__main__":
    main()
