"""``--backbone auto``: backbones, cheap to dear, each measured on some of the training samples.

A published score says how well a network knows ImageNet, not these samples: on the whole the order holds, but what
raises the score can make frozen features worse (Kornblith et al. 2019, CVPR, "Do Better ImageNet Models Transfer
Better?"). So each candidate gets the task's default head on its last layer, cross-validated, and a dearer candidate has
to beat the cheaper ones sample by sample.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.data.samples import Sample, Samples
from headstart.engines.engine import Engine
from headstart.engines.parity import EngineChoice
from headstart.extraction.extract import extract, load_batch
from headstart.heads.folds import assign_folds, count_folds, make_fold_groups
from headstart.heads.head import TrainingSet
from headstart.heads.threads import limit_to_idle_threads
from headstart.selection.budget import Budget
from headstart.selection.context import make_targets
from headstart.selection.failures import describe_failure
from headstart.selection.rule import ArmChoice, choose_winner
from headstart.selection.sampling import stratified_sample
from headstart.settings import FitSettings
from headstart.storage.store import Store
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import BackboneError, DataError, EngineError
from headstart_runtime.hardware import count_cores
from headstart_runtime.modalities.batch import count_parts, take
from headstart_runtime.modalities.item import SAMPLE, Noun
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.task import Measure, TargetSpace, Task

MEASURED = 400  #: training samples that a candidate is measured on, at most
FOLDS = 3
ENOUGH = 2  #: candidates in a row that were not better end a tier
SHARE = 0.5  #: of the time left: what extracting all samples may take
LAYER = "final"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backbone that was tried."""

    name: str
    seconds: float  #: that trying it took
    samples_per_second: float | None = None  #: decoding and the whole network; None where it does not run
    score: float | None = None  #: cross-validated, in the task's measure; None where it was not measured
    loss: float | None = None  #: likewise
    dropped: str | None = None  #: why; None for the one that is used


@dataclass(frozen=True)
class BackboneSearch:
    """The outcome of a search: the backbone to use, and what was tried."""

    chosen: str  #: the backbone to use
    candidates: tuple[Candidate, ...]  #: in the order tried
    samples: int  #: that they were measured on
    choice: ArmChoice | None  #: among those that were measured; None where none was
    noun: Noun  #: of these samples


def select_backbone(
    train: Sequence[Sample],
    samples: Samples,
    obtain: Callable[[str], Backbone],
    choose: Callable[[Backbone], EngineChoice],
    store: Store,
    settings: FitSettings,
    budget: Budget,
    tiers: Iterable[Sequence[str]],
    listener: events.Listener = events.ignore,
) -> BackboneSearch:
    """Try backbones until dearer ones no longer pay; features that are computed stay in the store.

    A tier ends after two candidates in a row that were not better than the best cheaper one; the search ends where the
    features of all samples would take more than half of the time left.

    Args:
        train: samples of the train part; no other part is looked at.
        samples: of all subsets, which the winner's features will be computed for; their task scores.
        obtain: a name -> its backbone.
        choose: a backbone -> its engine, checked.
        store: where features go.
        settings: how heads are fitted, the seed, the workers.
        budget: of the run.
        tiers: names, each tier cheap to dear; see ``candidates.list_tiers``.
        listener: is told of each candidate.

    Raises:
        BackboneError: no candidate could be used.
    """
    searcher = _Searcher(
        stratified_sample(train, MEASURED, least_per_class=2),
        samples,
        obtain,
        choose,
        store,
        settings,
        budget,
        listener,
    )
    for tier in tiers:
        searcher.try_tier(tier)
        if searcher.out_of_time:
            break
    return searcher.result()


@dataclass
class _Searcher:
    samples: list[Sample]  #: that are measured on
    whole: Samples  #: of all subsets
    obtain: Callable[[str], Backbone]
    choose: Callable[[Backbone], EngineChoice]
    store: Store
    settings: FitSettings
    budget: Budget
    listener: events.Listener
    candidates: list[Candidate] = field(default_factory=list)
    answers: dict[str, Floats] = field(default_factory=dict)  #: (N, K) of each candidate, held out
    slowest: float = 0.0  #: seconds a sample, of the dearest candidate so far
    out_of_time: bool = False
    noun: Noun = SAMPLE  #: of what the last backbone that was obtained reads

    def try_tier(self, names: Sequence[str]) -> None:
        """Try the backbones of a tier, until dearer ones no longer pay."""
        worse = 0
        for name in names:
            if worse == ENOUGH or self.out_of_time or (self.candidates and not self._fits(name, self.slowest, 0.0)):
                return
            before = self._winner
            self._try(name)
            if name in self.answers:
                worse = 0 if self._winner == name != before else worse + 1

    def _try(self, name: str) -> None:
        began = time.perf_counter()
        try:
            backbone = self.obtain(name)
            self.noun = get_modality(backbone.spec.kind).noun
            engine = self.choose(backbone).engine
            pace = seconds_per_sample(self.samples, backbone, engine)
            if self.answers and not self._fits(name, pace, time.perf_counter() - began):
                return
            self.slowest = max(self.slowest, pace)
            outputs = self._measure(backbone, engine)
        except (BackboneError, EngineError, RuntimeError, MemoryError) as error:
            dropped = str(error) if isinstance(error, BackboneError) else describe_failure(error)
            self._add(Candidate(name, time.perf_counter() - began, dropped=dropped))
            return
        self.answers[name] = outputs
        found = self.task.scoring.score("train", make_targets(self.samples, self.task), outputs, self.whole.space)
        self._add(Candidate(name, time.perf_counter() - began, 1 / pace, found.score, found.loss))

    def _fits(self, name: str, pace: float, seconds: float) -> bool:
        """Return whether the features of all samples would be ready in time; where not, the search is over."""
        wanted, allowed = len(self.whole) * pace, SHARE * max(0.0, self.budget.left)
        if wanted <= allowed:
            return True
        self.out_of_time = True
        most = "" if seconds else "at least "  # before it was obtained, all that is known is that it is no cheaper
        reason = f"{self.noun.count(len(self.whole))} would take {most}{wanted:.0f} s, {allowed:.0f} s are allowed"
        self._add(Candidate(name, seconds, 1 / pace if seconds else None, dropped=reason))
        return False

    def _measure(self, backbone: Backbone, engine: Engine) -> Floats:
        """Return held-out outputs of a head on the last layer, (N, K)."""
        done = extract(
            self.samples, backbone, engine, self.store, workers=self.settings.workers, listener=self.listener
        )
        self._drop_broken({digest for digest, finding in done.issues.items() if finding.broken})
        rows = self.store.read(done.space, [sample.digest for sample in self.samples], LAYER)
        targets, space = make_targets(self.samples, self.task), self.whole.space
        balanced, outputs = self.task.heads.is_balanced(self.settings), self.task.count_outputs(space)
        training_set = TrainingSet(rows, targets.values, outputs, targets.groups, balanced, self.settings.seed)
        return nested_cross_val_predict(training_set, self.settings, self.task, space)

    def _drop_broken(self, broken: set[str]) -> None:
        """Leave out samples that do not decode, or could not be read now, from what was measured too.

        Raises:
            DataError: none is left.
        """
        sound = np.array([sample.digest not in broken for sample in self.samples])
        if not sound.any():
            raise DataError(f"none of {len(sound)} training {self.noun.many} decodes; run headstart check to see why")
        self.answers = {name: rows[sound] for name, rows in self.answers.items()}
        self.samples = [sample for sample, good in zip(self.samples, sound, strict=True) if good]

    def _add(self, candidate: Candidate) -> None:
        self.candidates.append(candidate)
        pace = f"{candidate.samples_per_second:.0f} {self.noun.many}/s" if candidate.samples_per_second else ""
        scored = "" if candidate.score is None else self.task.measure.describe(candidate.score)
        text = candidate.dropped or f"{scored} on {self.noun.count(len(self.samples))}, {pace}"
        self.listener(events.Finished("candidate", candidate.seconds, f"{candidate.name}: {text}"))

    @property
    def task(self) -> Task:
        """The task that scores."""
        return self.whole.task

    @property
    def _winner(self) -> str | None:
        return self._choice().winner if self.answers else None

    def _choice(self) -> ArmChoice:
        targets = make_targets(self.samples, self.task)
        return choose_winner(targets, self.answers, None, self.settings.seed, task=self.task, noun=self.noun)

    def result(self) -> BackboneSearch:
        """Return the outcome, with a reason for every candidate but the winner.

        Raises:
            BackboneError: no candidate could be used.
        """
        if not self.answers:
            reasons = "; ".join(f"{candidate.name}: {candidate.dropped}" for candidate in self.candidates)
            raise BackboneError(f"no backbone can be used ({reasons}); name one with --backbone")
        choice = self._choice()
        return BackboneSearch(
            choice.winner,
            tuple(_with_reason(candidate, choice, self.task.measure) for candidate in self.candidates),
            len(self.samples),
            choice,
            self.noun,
        )


def _with_reason(candidate: Candidate, choice: ArmChoice, measure: Measure) -> Candidate:
    """Return a candidate with the reason why it is not used."""
    if candidate.dropped is not None or candidate.name == choice.winner:
        return candidate
    worse = next((pair.difference for pair in choice.pairs if pair.b == candidate.name and pair.exceeds_one_se), None)
    if worse is None:
        return replace(candidate, dropped=f"cannot be told from {choice.winner}, which is cheaper")
    apart = f"{100 * worse:.1f} points" if measure.share else f"{worse:.3g} in {measure.name}"
    return replace(candidate, dropped=f"{apart} {'below' if measure.share else 'worse than'} {choice.best}")


def nested_cross_val_predict(
    training_set: TrainingSet, settings: FitSettings, task: Task, space: TargetSpace
) -> Floats:
    """Return raw outputs of the task's default head for rows that it was not fitted on, (N, K); groups stay together.

    Its penalty is chosen inside each fold's training rows. Where nothing can be held out, they are those of logits 0:
    of classes, all are alike.
    """
    strata = task.targets.stratify(space, training_set.targets).numbers
    together = make_fold_groups(strata, training_set.groups).groups
    folds = count_folds(strata, together, FOLDS)
    answers = task.activate(np.zeros((len(training_set), training_set.outputs), np.float32))
    if not folds:
        return answers
    fold = assign_folds(strata, together, folds, training_set.seed)
    inner = settings.model_copy(update={"folds": FOLDS})
    task.heads.check(training_set)
    fit = task.heads.heads[task.heads.default]
    for number in range(folds):
        out = fold == number
        if out.all() or not out.any():
            continue
        inside = training_set.take(~out)
        with limit_to_idle_threads(inside.features.size):
            head = fit(inside, inner, None).head
        answers[out] = task.activate(head.logits(training_set.features[out]))
    return answers


def seconds_per_sample(samples: Sequence[Sample], backbone: Backbone, engine: Engine) -> float:
    """Return the seconds that decoding and the network take for a sample, over all streams, timed on one batch.

    The first run, which takes longer, is not timed.
    """
    began = time.perf_counter()
    batch = load_batch(samples, backbone.spec, engine.batch)
    count = count_parts(batch)
    decoding = (time.perf_counter() - began) / max(1, count)
    whole = take(batch, np.resize(np.arange(count), engine.batch if count else 0).tolist())
    engine.forward(whole)
    began = time.perf_counter()
    engine.forward(whole)
    forward = (time.perf_counter() - began) / max(1, count_parts(whole))
    return decoding / max(engine.streams, count_cores()) + forward / engine.streams


def describe_search(search: BackboneSearch) -> str:
    """Return what was chosen, among how many, in one line."""
    tried = sum(candidate.score is not None for candidate in search.candidates)
    return f"{search.chosen} of {tried} backbones measured on {search.samples} training {search.noun.many}"
