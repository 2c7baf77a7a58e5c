"""Flipped labels of real photos: how many are among the first that are suspected, by several rankings.

    python benchmarks/labels.py ../shared/data [--only trash,brain_mri] [--seeds 5]

Of each folder's photos, the train part where parts are given, 5 % get another class at random, five times with other
seeds. Each photo is judged by a logistic head on lite0's last layer that was not fitted on it, as ``headstart check
--labels`` does but for grouping near-duplicates. Looked at are the first 1.2 times as many as were flipped.

Rankings: ``odds`` is ours; ``self-confidence``, ``normalised margin`` and ``prune by noise rate`` are those of
Northcutt et al. (2021). ``a tenth of C`` is ours with ten times the penalty. Ours ends with the last photo that another
class is likelier for. Labels that were wrong to begin with count against all. ``seconds`` are of all five folds at a
fixed C on trash: side by side, and one by one.
"""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import measuring
from headstart import events
from headstart.data.reading import read
from headstart.data.samples import Part
from headstart.features.extract import extract
from headstart.features.store import Store
from headstart.heads.crossfit import out_of_fold
from headstart.heads.folds import assign_folds
from headstart.heads.head import Task
from headstart.heads.linear import fit_logistic
from headstart.journal import Journal
from headstart.preparing import ready
from headstart.settings import FitSettings
from headstart.trust.labels import confident_joint, estimated_errors, suspects

SETS = ("hymenoptera", "cats_vs_dogs", "brain_mri", "trash")
SHARE, LOOKED_AT = 0.05, 1.2

Chances = NDArray[np.float32]


@dataclass(frozen=True)
class Found:
    """One folder; means over the seeds, and the least where it says so."""

    photos: int
    accuracy: float  #: of the judging heads, on labels as given
    errors_as_given: int  #: wrong labels by estimate before any was flipped
    flipped: int
    looked_at: int  #: first in each ranking
    found: dict[str, float]  #: flipped ones among them, by ranking
    fewest: dict[str, int]  #: likewise, the least of the seeds
    estimated_errors: float
    flagged: float
    flagged_and_flipped: float


def task_of(name: str, data: Path, store: Store) -> Task:
    log = Journal(events.ignore)
    settings = FitSettings.of()
    samples = read(data / name, listener=log)
    chosen = [it for it in samples.samples if it.part in (None, Part.TRAIN)]
    (it,) = ready([settings.backbone], chosen, store, settings, log)
    done = extract(chosen, it.backbone, it.chosen.engine, store)
    sound = [it for it in chosen if it.digest not in done.findings or not done.findings[it.digest].broken]
    return Task(
        store.read(done.space, [it.digest for it in sound], it.backbone.layers[-1].name),
        np.array([it.label for it in sound], np.int64),
        len(samples.classes),
        np.unique([it.group for it in sound], return_inverse=True)[1].astype(np.int64),
        balanced=False,
        seed=0,
    )


def flip(task: Task, seed: int) -> tuple[Task, NDArray[np.bool_]]:
    """The task with some labels changed, and which were."""
    random = np.random.default_rng(seed)
    rows = random.choice(len(task.labels), round(SHARE * len(task.labels)), replace=False)
    labels = task.labels.copy()
    labels[rows] = (labels[rows] + random.integers(1, task.classes, len(rows))) % task.classes
    flipped = np.isin(np.arange(len(labels)), rows)
    return Task(task.features, labels, task.classes, task.groups, balanced=False, seed=seed), flipped


def judged(task: Task, C: float) -> Chances:
    return out_of_fold(task, fit_logistic, FitSettings.of(), {"C": C}, folds=5)


def rankings(labels: NDArray[np.int64], chances: Chances, penalised: Chances) -> dict[str, list[int]]:
    """Rows by ranking, the most suspicious first."""
    rows = np.arange(len(labels))
    own = chances[rows, labels]
    others = chances.copy()
    others[rows, labels] = -1
    margin = own - others.max(axis=1)
    return {
        "odds": ours(labels, chances),
        "self-confidence": list(np.argsort(own, kind="stable")),
        "normalised margin": list(np.argsort(margin, kind="stable")),
        "prune by noise rate": list(np.lexsort((margin, ~pruned(labels, chances)))),
        "a tenth of C": ours(labels, penalised),
    }


def ours(labels: NDArray[np.int64], chances: Chances) -> list[int]:
    """The suspects; what would come after them is left out."""
    return [int(it.id) for it in suspects([str(row) for row in range(len(labels))], labels, chances)]


def pruned(labels: NDArray[np.int64], chances: Chances) -> NDArray[np.bool_]:
    """For each pair of classes, as many as the confident joint has there, with the largest difference of the two."""
    joint = np.rint(confident_joint(labels, chances)).astype(int)
    chosen = np.zeros(len(labels), bool)
    for given, true in zip(*np.nonzero(joint), strict=True):
        if given != true:
            rows = np.flatnonzero(labels == given)
            apart = chances[rows, true] - chances[rows, given]
            chosen[rows[np.argsort(-apart, kind="stable")[: joint[given, true]]]] = True
    return chosen


def measure(task: Task, seeds: int) -> Found:
    fitted = fit_logistic(task, FitSettings.of())
    plain = judged(task, fitted.chosen["C"])
    counts: dict[str, list[int]] = {}
    totals: list[tuple[int, int, int]] = []
    for seed in range(seeds):
        turned, flipped = flip(task, seed)
        C = fit_logistic(turned, FitSettings.of()).chosen["C"]
        chances = judged(turned, C)
        looked_at = round(LOOKED_AT * flipped.sum())
        for name, order in rankings(turned.labels, chances, judged(turned, C / 10)).items():
            counts.setdefault(name, []).append(int(flipped[order[:looked_at]].sum()))
        errors = estimated_errors(turned.labels, chances)
        flagged = ours(turned.labels, chances)[:errors]
        totals.append((errors, len(flagged), int(flipped[flagged].sum())))
    errors_, flagged_, right = np.mean(totals, axis=0)
    return Found(
        photos=len(task.labels),
        accuracy=round(float(np.mean(plain.argmax(axis=1) == task.labels)), 4),
        errors_as_given=estimated_errors(task.labels, plain),
        flipped=int(flipped.sum()),
        looked_at=looked_at,
        found={name: float(np.mean(its)) for name, its in counts.items()},
        fewest={name: min(its) for name, its in counts.items()},
        estimated_errors=float(errors_),
        flagged=float(flagged_),
        flagged_and_flipped=float(right),
    )


def timed(task: Task) -> dict[str, float]:
    """Seconds of the folds at a C that was chosen before, in turns; the ratio is the median of the turns'."""
    C = fit_logistic(task, FitSettings.of()).chosen["C"]
    fold = assign_folds(task.labels, task.groups, 5, task.seed)

    def one_by_one() -> None:
        for held in range(5):
            rest = fold != held
            part = Task(task.features[rest], task.labels[rest], task.classes, task.groups[rest], balanced=False, seed=0)
            fit_logistic(part, FitSettings.of(), {"C": C}).head.probabilities(task.features[~rest])

    judged(task, C)
    turns = [(measuring.seconds(lambda: judged(task, C)), measuring.seconds(one_by_one)) for _ in range(5)]
    return {
        "side_by_side": round(min(turn[0] for turn in turns), 4),
        "one_by_one": round(min(turn[1] for turn in turns), 4),
        "ratio": round(measuring.median([other / mine for mine, other in turns]), 4),
    }


def main() -> None:
    given = measuring.arguments(
        __doc__ or "",
        ("data", {"type": Path, "help": "folder with the sets of photos"}),
        ("--only", {"default": ",".join(SETS)}),
        ("--seeds", {"type": int, "default": 5}),
    )
    result: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as scratch, Store(Path(scratch), events.ignore) as store:
        for name in given.only.split(","):
            task = task_of(name, given.data, store)
            found = measure(task, given.seeds)
            result[name] = asdict(found)
            print(
                f"{name}: {found.flipped} of {found.photos} flipped; among the first {found.looked_at}: {found.found}"
            )
        result["seconds"] = timed(task)
    measuring.finish(__file__, result, keep=given.keep)


if __name__ == "__main__":
    main()
