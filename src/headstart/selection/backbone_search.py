"""``--backbone auto``: backbones, cheap to dear, each measured on some of the training samples.

A published score says how well a network knows ImageNet, not these samples: on the whole the order holds, but what
raises the score can make frozen features worse (Kornblith et al. 2019, CVPR, "Do Better ImageNet Models Transfer
Better?"). So each candidate gets a logistic head on its last layer, cross-validated, and a dearer candidate has to
beat the cheaper ones sample by sample.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.data.groups import encode_groups
from headstart.data.samples import Sample
from headstart.engines.engine import Engine
from headstart.engines.parity import EngineChoice
from headstart.errors import BackboneError, DataError, EngineError
from headstart.evaluation.metrics import log_loss
from headstart.extraction.extract import extract, load_batch
from headstart.hardware import count_cores
from headstart.heads.catalog import fit_head
from headstart.heads.folds import assign_folds, count_folds, make_fold_groups
from headstart.heads.head import TrainingSet
from headstart.modalities.batch import count_parts, take
from headstart.modalities.item import SAMPLE, Noun
from headstart.modalities.modality import get_modality
from headstart.selection.budget import Budget
from headstart.selection.context import make_targets
from headstart.selection.failures import describe_failure
from headstart.selection.rule import ArmChoice, choose_winner
from headstart.selection.sampling import stratified_sample
from headstart.settings import FitSettings
from headstart.storage.store import Store
from headstart.tasks.task import DEFAULT, get_task

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
    accuracy: float | None = None  #: cross-validated; None where it was not measured
    log_loss: float | None = None  #: nats per sample, likewise
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
    samples: Sequence[Sample],
    total: int,
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
        samples: of the train part; no other part is looked at.
        total: number of samples of all subsets, which the winner's features will be computed for.
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
        stratified_sample(samples, MEASURED, least_per_class=2),
        total,
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
    samples: list[Sample]
    total: int  #: samples of all subsets
    obtain: Callable[[str], Backbone]
    choose: Callable[[Backbone], EngineChoice]
    store: Store
    settings: FitSettings
    budget: Budget
    listener: events.Listener
    candidates: list[Candidate] = field(default_factory=list)
    answers: dict[str, NDArray[np.float32]] = field(default_factory=dict)  #: (N, C) of each candidate, held out
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
            probabilities = self._measure(backbone, engine)
        except (BackboneError, EngineError, RuntimeError, MemoryError) as error:
            dropped = str(error) if isinstance(error, BackboneError) else describe_failure(error)
            self._add(Candidate(name, time.perf_counter() - began, dropped=dropped))
            return
        self.answers[name] = probabilities
        right = probabilities.argmax(axis=1) == self.labels
        lost = log_loss(self.labels, probabilities)
        self._add(Candidate(name, time.perf_counter() - began, 1 / pace, float(right.mean()), lost))

    def _fits(self, name: str, pace: float, seconds: float) -> bool:
        """Return whether the features of all samples would be ready in time; where not, the search is over."""
        wanted, allowed = self.total * pace, SHARE * max(0.0, self.budget.left)
        if wanted <= allowed:
            return True
        self.out_of_time = True
        most = "" if seconds else "at least "  # before it was obtained, all that is known is that it is no cheaper
        reason = f"{self.noun.count(self.total)} would take {most}{wanted:.0f} s, {allowed:.0f} s are allowed"
        self._add(Candidate(name, seconds, 1 / pace if seconds else None, dropped=reason))
        return False

    def _measure(self, backbone: Backbone, engine: Engine) -> NDArray[np.float32]:
        """Return held-out probabilities of a logistic head on the last layer, (N, C)."""
        done = extract(
            self.samples, backbone, engine, self.store, workers=self.settings.workers, listener=self.listener
        )
        self._drop_broken({digest for digest, finding in done.issues.items() if finding.broken})
        rows = self.store.read(done.space, [sample.digest for sample in self.samples], LAYER)
        groups = encode_groups(self.samples)
        balanced = get_task(DEFAULT).heads.is_balanced(self.settings)
        training_set = TrainingSet(rows, self.labels, self.classes, groups, balanced, self.settings.seed)
        return nested_cross_val_predict(training_set, self.settings)

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
        text = candidate.dropped or f"{candidate.accuracy:.1%} on {self.noun.count(len(self.labels))}, {pace}"
        self.listener(events.Finished("candidate", candidate.seconds, f"{candidate.name}: {text}"))

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) of the samples that are measured on."""
        return np.array([sample.target for sample in self.samples], np.int64)

    @cached_property
    def classes(self) -> int:
        """As many as the samples began with."""
        return int(self.labels.max()) + 1

    @property
    def _winner(self) -> str | None:
        return self._choice().winner if self.answers else None

    def _choice(self) -> ArmChoice:
        task = get_task(DEFAULT)
        return choose_winner(
            make_targets(self.samples, task), self.answers, None, self.settings.seed, task=task, noun=self.noun
        )

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
            tuple(_with_reason(candidate, choice) for candidate in self.candidates),
            len(self.labels),
            choice,
            self.noun,
        )


def _with_reason(candidate: Candidate, choice: ArmChoice) -> Candidate:
    """Return a candidate with the reason why it is not used."""
    if candidate.dropped is not None or candidate.name == choice.winner:
        return candidate
    worse = next((pair.difference for pair in choice.pairs if pair.b == candidate.name and pair.exceeds_one_se), None)
    if worse is None:
        return replace(candidate, dropped=f"cannot be told from {choice.winner}, which is cheaper")
    return replace(candidate, dropped=f"{100 * worse:.1f} points below {choice.best}")


def nested_cross_val_predict(training_set: TrainingSet, settings: FitSettings) -> NDArray[np.float32]:
    """Return probabilities of a logistic head for rows that it was not fitted on, (N, C); groups stay together.

    Its penalty is chosen inside each fold's training rows. Where nothing can be held out, all classes are alike.
    """
    together = make_fold_groups(training_set.targets, training_set.groups).groups
    folds = count_folds(training_set.targets, together, FOLDS)
    answers = np.full((len(training_set.targets), training_set.outputs), 1 / training_set.outputs, np.float32)
    if not folds:
        return answers
    fold = assign_folds(training_set.targets, together, folds, training_set.seed)
    inner, activate = settings.model_copy(update={"folds": FOLDS}), get_task(DEFAULT).activate
    for number in range(folds):
        out = fold == number
        if out.all() or not out.any():
            continue
        inside = training_set.take(~out)
        answers[out] = activate(fit_head("logistic", inside, inner).head.logits(training_set.features[out]))
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
    tried = sum(candidate.accuracy is not None for candidate in search.candidates)
    return f"{search.chosen} of {tried} backbones measured on {search.samples} training {search.noun.many}"
