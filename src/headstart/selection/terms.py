"""``tfidf``: a linear head on the terms of items that are made of words, without a network.

Where single words decide, or examples are few and like each other in their words, this is better than any encoder, and
beside one in an average it knows what that does not. The head is solved on inner products (``heads.kernel_rows``), so
that each term has a weight of its own although there are more terms than items. Of very many items these stand nowhere
(``heads.sparse_kernel``): a draw of them chooses the hyperparameters, with which the head is fitted on all. It is saved
as a network of one layer, from weighed terms to outputs, with a head that changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.backbones.term_network import build_term_network, find_term_network
from headstart.data.load import DecodedItems
from headstart.data.samples import Sample, Subset
from headstart.engines.choose import choose_engine
from headstart.engines.parity import CONVERSION_SAMPLES, ParitySamples
from headstart.heads.folds import assign_folds
from headstart.heads.head import Dense, FitResult, Head, TrainingSet, Trial
from headstart.heads.kernel_rows import KernelRows, as_features, can_read_kernel_rows
from headstart.heads.sparse_kernel import SparseKernelRows
from headstart.heads.subsample import choose_tolerance
from headstart.saving import FeatureBranch, FittedModel
from headstart.selection.arm import Arm, ArmPlan, HeldOutAnswers, score_arm
from headstart.selection.context import DatasetContext, FitContext
from headstart.selection.probes import LAYER, build_model, fit_task_head
from headstart.selection.recall import Stopwatch, ask_of_rows, can_recall, is_ours, recall_array
from headstart.storage.results import Question, Result
from headstart.training.cost import Cost
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import SettingError
from headstart_runtime.modalities.batch import Batch, InputSpec
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.terms import CountedTerms, get_term_modality
from headstart_runtime.sparse import SparseRows

NAME = "tfidf"
LEARNT = Subset.TRAIN, Subset.VALIDATION
MOST = 8192  #: items whose inner products are held, all with all; of more a draw chooses the hyperparameters
LENGTH = 1280.0  #: squared length that rows are given, that of standardised features: strengths mean the same then
_PER_SECOND = 2e9  #: products a second of inner products, about
_TERMS, _TERM_BYTES, _PASSES = 300, 24, 200  #: of an item, about; of a term in memory; products over all terms
_TERMS_PER_SECOND = 2e8  #: that a product takes, about


def tfidf(context: FitContext, detail: str | None = None) -> Sequence[ArmPlan]:
    """Plan the one arm; none where items have no terms, or the task no head that is solved on them.

    Raises:
        SettingError: a detail, of which it takes none; or it was named, and nothing has terms.
    """
    if detail:
        raise SettingError(f"{NAME} takes no detail, seen {detail!r}; write {NAME} alone")
    named = NAME in {text.strip() for text in (context.settings.arms or context.settings.strategy).split(",")}
    if get_term_modality(get_modality(context.samples.modality)) is None:
        return _refuse(f"{NAME} counts words, and {context.noun.many} have none", named=named)
    head = _find_head(context)
    if head is None:
        return _refuse(f"{NAME} has no head for {context.task.title}", named=named)
    cost = _estimate_cost(len(context.samples_in(Subset.TRAIN, Subset.VALIDATION)))
    return [ArmPlan(NAME, NAME, lambda: cost, lambda: _fit(context, head), shared=True)]


def _find_head(context: DatasetContext) -> str | None:
    """Return the head of the task that reads inner products, its usual one first; None where none does."""
    known, usual = context.task.heads.heads, context.task.heads.default
    return next((name for name in dict.fromkeys([usual, *known]) if can_read_kernel_rows(known.get(name))), None)


def _estimate_cost(items: int) -> Cost:
    held = min(items, MOST)
    terms = _TERMS * items if items > MOST else 0
    seconds = 1 + 2000 * held**2 / _PER_SECOND / 10 + _PASSES * terms / _TERMS_PER_SECOND
    return Cost(seconds=seconds, memory=16 * held**2 + _TERM_BYTES * terms, disk=0)


def _refuse(reason: str, *, named: bool) -> Sequence[ArmPlan]:
    if named:
        raise SettingError(f"{reason}; leave it out")
    return []


@dataclass(eq=False)
class _Terms:
    """Items whose terms are counted when they are first asked for: what is known of them is not counted again."""

    context: DatasetContext
    samples: Sequence[Sample]
    asked: TrainingSet  #: without features

    @cached_property
    def counted(self) -> CountedTerms:
        """Their terms."""
        modality = get_modality(self.context.samples.modality)
        terms = get_term_modality(modality)
        assert terms is not None
        return terms.count_terms(DecodedItems([sample.source for sample in self.samples], modality.default_spec))

    @cached_property
    def scale(self) -> float:
        """Return what inner products are multiplied with."""
        length = float(np.square(self.counted.rows.values).sum()) / max(1, len(self.samples))
        return LENGTH / max(length, 1e-9)

    @cached_property
    def training_set(self) -> TrainingSet:
        """The items as rows that a head is fitted on."""
        every = np.arange(len(self.samples))
        table = self.counted.rows
        rows = SparseKernelRows(table, self.scale, every) if len(every) > MOST else _hold(table, self.scale)
        return replace(self.asked, features=as_features(rows))

    def can_recall(self, head: str) -> bool:
        """Return whether all is known that a head on these items depends on: who counts their terms, too."""
        # The modality counts them; of many, the task's strata draw some.
        parts = get_modality(self.context.samples.modality), self.context.task.targets
        return all(is_ours(type(part)) for part in parts) and can_recall(self.context, head, self.asked)

    def ask(self, name: str, head: str, fixed: Mapping[str, float] | None) -> Question:
        """Return the question for something that a head on these items gives."""
        spec = get_modality(self.context.samples.modality).default_spec
        digests = [sample.digest for sample in self.samples]
        return ask_of_rows(self.context, name, self.asked, [head, fixed, spec.to_json(), digests, MOST])

    def make_layer(self, head: Head) -> Dense:
        """Return a head on inner products as a layer on terms."""
        (layer,) = head.layers
        weight = self.counted.rows.combine(np.ascontiguousarray(layer.weight.T)).T * np.float32(self.scale)
        return Dense(np.ascontiguousarray(weight), layer.bias)


def _hold(rows: SparseRows, scale: float) -> KernelRows:
    """Return rows with the inner products of all of them."""
    kernel = rows.compute_kernel()
    kernel *= np.float32(scale)
    return KernelRows(kernel, np.arange(len(rows)))


@dataclass(eq=False)
class _Poser:
    """The items of some subsets, made once for all who ask for the same ones in a row."""

    known: tuple[tuple[Subset, ...], _Terms] | None = None

    def pose(self, context: DatasetContext, *subsets: Subset) -> _Terms:
        """Return the items of subsets."""
        if self.known is None or self.known[0] != subsets:
            self.known = None  # the inner products of one are enough at a time
            samples = context.samples_in(*subsets)
            asked = context.pose(np.empty((len(samples), 0), np.float32), *subsets)
            self.known = subsets, _Terms(context, samples, asked)
        return self.known[1]

    def forget(self) -> None:
        """Let go of the rows: of very many items terms and inner products take hundreds of megabytes."""
        self.known = None


@dataclass(frozen=True)
class _Fitted:
    """A head on terms, as a network of one layer."""

    backbone: Backbone
    kind: str  #: of the head
    chosen: Mapping[str, float]
    path: tuple[Trial, ...]

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return self.backbone.layer(LAYER).width


def _fit(context: FitContext, head: str) -> Arm:
    watch = Stopwatch(context)
    poser = _Poser()
    terms = poser.pose(context, Subset.TRAIN)
    few = len(context.samples_in(*LEARNT)) <= MOST
    fitted = _find_head_on_terms(context, head, terms)
    model = _build_model(context, terms.samples, fitted)
    poser.forget()  # train alone is not asked for again
    del terms
    return score_arm(
        context,
        model,
        NAME,
        strategy=NAME,
        backbone=NAME,
        layer=LAYER,
        head=head,
        parameters=fitted.backbone.parameters - fitted.outputs,
        seconds=watch.seconds,
        refit=lambda own: _fit_again(own, context, poser, head, fitted.chosen),
        chosen=fitted.chosen,
        path=fitted.path,
        # Of many items there are enough for validation to tell how sure answers are.
        held_out=HeldOutAnswers(lambda own: _predict_held_out(own, poser, head, fitted.chosen)) if few else None,
    )


def _find_head_on_terms(
    context: DatasetContext, head: str, terms: _Terms, fixed: Mapping[str, float] | None = None
) -> _Fitted:
    """Return a head on terms, known from before or fitted now; ``fixed`` as of ``fit_task_head``."""
    if not terms.can_recall(head):
        return _solve(context, head, terms, fixed)

    def make() -> Result:
        made = _solve(context, head, terms, fixed)
        known = {"kind": made.kind, "chosen": dict(made.chosen), "path": [asdict(trial) for trial in made.path]}
        return Result({}, {"network": made.backbone.folder.name, **known})

    facts = context.store.results.recall(terms.ask("terms", head, fixed), make).facts
    backbone = find_term_network(_folder(context) / facts["network"])
    if backbone is None:  # pruned
        return _solve(context, head, terms, fixed)
    return _Fitted(backbone, facts["kind"], facts["chosen"], tuple(Trial(**trial) for trial in facts["path"]))


def _solve(context: DatasetContext, head: str, terms: _Terms, fixed: Mapping[str, float] | None) -> _Fitted:
    training_set = terms.training_set
    if len(training_set) <= MOST:
        fitted = fit_task_head(context, head, training_set, fixed)
    elif fixed is None:
        fitted = _fit_many(context, head, terms, training_set)
    else:  # each step goes through all terms
        loose = replace(training_set, tolerance=choose_tolerance(len(training_set)))
        fitted = fit_task_head(context, head, loose, fixed)
    backbone = build_term_network(NAME, terms.make_layer(fitted.head), terms.counted.spec, _folder(context))
    chosen = {name: value if isinstance(value, int) else float(value) for name, value in fitted.chosen.items()}
    return _Fitted(backbone, fitted.head.kind, chosen, fitted.path)


def _fit_many(context: DatasetContext, head: str, terms: _Terms, training_set: TrainingSet) -> FitResult:
    """Return a head on very many items, whose hyperparameters a draw of them chose: priors on weights stay the same."""
    strata, folds = context.strata(Subset.TRAIN), -(-len(training_set) // MOST)
    drawn = np.flatnonzero(assign_folds(strata, training_set.groups, folds, training_set.seed) == 0)
    held = as_features(_hold(terms.counted.rows.take(drawn), terms.scale))
    tried = fit_task_head(context, head, replace(training_set.take(drawn), features=held))
    context.log(events.Note(f"{NAME}: {len(drawn)} of {len(training_set)} {context.noun.many} chose its penalty"))
    whole = replace(training_set, tolerance=choose_tolerance(len(training_set)))
    fitted = fit_task_head(context, head, whole, fixed=tried.chosen)
    return replace(fitted, path=tried.path, torn=tried.torn)


def _fit_again(
    context: DatasetContext, own: FitContext, poser: _Poser, head: str, chosen: Mapping[str, float]
) -> FittedModel:
    terms = poser.pose(context, *LEARNT)
    model = _build_model(own, terms.samples, _find_head_on_terms(context, head, terms, chosen))
    if len(terms.samples) > MOST:  # of fewer the held-out answers ask for them again
        poser.forget()
    return model


def _predict_held_out(context: DatasetContext, poser: _Poser, head: str, chosen: Mapping[str, float]) -> Floats:
    terms = poser.pose(context, *LEARNT)
    fixed = {name: float(value) for name, value in chosen.items()}

    def make() -> Floats:
        return context.task.heads.predict_held_out(terms.training_set, head, context.settings, fixed)

    if not terms.can_recall(head):
        return make()
    return recall_array(context, terms.ask("terms-held-out", head, fixed), make)


def _build_model(context: FitContext, items: Sequence[Sample], fitted: _Fitted) -> FittedModel:
    """Return a head on terms as a model: a network of one layer, and a head that hands on what it gives."""
    backbone = fitted.backbone
    samples = _draw_parity(items, backbone.spec)
    engine = choose_engine(backbone, samples, engine="openvino", precision="f32", listener=context.log).engine
    context.features.add_engine(backbone, engine)
    branch = FeatureBranch(backbone, engine.name, engine.precision, (LAYER,))
    outputs = fitted.outputs
    same = Dense(np.eye(outputs, dtype=np.float32), np.zeros(outputs, np.float32))
    return build_model(context, branch, Head(fitted.kind, (same,)))


def _folder(context: DatasetContext) -> Path:
    return context.store.folder / "networks"


def _draw_parity(items: Sequence[Sample], spec: InputSpec) -> ParitySamples:
    modality = get_modality(spec.kind)

    def load() -> Batch:
        chosen = items[:: max(1, len(items) // CONVERSION_SAMPLES)][:CONVERSION_SAMPLES]
        decoded = DecodedItems([sample.source for sample in chosen], spec)
        parts = [modality.make_parts(decoded[at], spec)[0] for at in range(len(decoded))]
        return modality.collate(parts, spec)

    return ParitySamples(f"{NAME} {len(items)}", load)
