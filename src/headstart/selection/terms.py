"""``tfidf``: a linear head on the terms of items that are made of words, without a network.

Where single words decide, or examples are few and like each other in their words, this is better than any encoder, and
beside one in an average it knows what that does not. The head is solved on inner products (``heads.kernel_rows``), so
that each term has a weight of its own although there are more terms than items. It is saved as a network of one layer,
from weighed terms to outputs, with a head that changes nothing.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headstart import events
from headstart.arrays import Floats
from headstart.backbones.term_network import build_term_network
from headstart.data.load import DecodedItems
from headstart.data.samples import Sample, Subset
from headstart.engines.choose import choose_engine
from headstart.engines.parity import CONVERSION_SAMPLES, ParitySamples
from headstart.errors import SettingError
from headstart.export import FeatureBranch, FittedModel
from headstart.heads.head import Dense, FitResult, Head, TrainingSet
from headstart.heads.kernel_rows import KernelRows, as_features
from headstart.modalities.batch import Batch
from headstart.modalities.modality import get_modality
from headstart.modalities.terms import CountedTerms, get_term_modality
from headstart.selection.arm import Arm, ArmPlan, HeldOutAnswers, score_arm
from headstart.selection.context import DatasetContext, FitContext
from headstart.selection.probes import LAYER, build_model, fit_task_head
from headstart.training.cost import Cost

NAME = "tfidf"
HEAD = "logistic"
LEARNT = Subset.TRAIN, Subset.VALIDATION
MOST = 8192  #: items that it is fitted on: the inner products of more take too much memory
_LENGTH = 1280.0  #: squared length that rows are given, that of standardised features: strengths mean the same then
_PER_SECOND = 2e9  #: products a second of inner products, about


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
    if HEAD not in context.task.heads.heads:
        return _refuse(f"{NAME} has no head for {context.task.title}", named=named)
    rows = min(MOST, len(context.samples_in(Subset.TRAIN, Subset.VALIDATION)))
    cost = Cost(seconds=1 + 2000 * rows**2 / _PER_SECOND / 10, memory=16 * rows**2, disk=0)
    return [ArmPlan(NAME, NAME, lambda: cost, lambda: _fit(context), shared=True)]


def _refuse(reason: str, *, named: bool) -> Sequence[ArmPlan]:
    if named:
        raise SettingError(f"{reason}; leave it out")
    return []


@dataclass(frozen=True, eq=False)
class _Terms:
    """Items with their terms."""

    samples: Sequence[Sample]
    counted: CountedTerms
    scale: float  #: of the inner products

    @classmethod
    def count(cls, context: DatasetContext, samples: Sequence[Sample]) -> "_Terms":
        modality = get_modality(context.samples.modality)
        terms = get_term_modality(modality)
        assert terms is not None
        values = DecodedItems([sample.source for sample in samples], modality.default_spec)
        counted = terms.count_terms([values[at] for at in range(len(values))])
        length = float(np.square(counted.rows.values).sum()) / max(1, len(samples))
        return cls(samples, counted, _LENGTH / max(length, 1e-9))

    def make_rows(self) -> KernelRows:
        """Return the items as rows that a head is fitted on."""
        kernel = self.counted.rows.compute_kernel() * np.float32(self.scale)
        return KernelRows(kernel, np.arange(len(self.samples)))

    def make_layer(self, head: Head) -> Dense:
        """Return a head on inner products as a layer on terms."""
        (layer,) = head.layers
        weight = self.counted.rows.multiply_transposed(layer.weight) * np.float32(self.scale)
        return Dense(weight, layer.bias)


def _draw(samples: Sequence[Sample]) -> list[int]:
    """Return the places of those of very many samples that have the smallest digests, rising."""
    return sorted(sorted(range(len(samples)), key=lambda place: samples[place].digest)[:MOST])


@dataclass(eq=False)
class _Poser:
    """The items of some subsets as rows, made once for all who ask for the same ones in a row."""

    known: tuple[tuple[Subset, ...], bool, _Terms, TrainingSet] | None = None

    def pose(self, context: DatasetContext, *subsets: Subset, whole: bool = False) -> tuple[_Terms, TrainingSet]:
        """Return the terms of items and the rows that a head is fitted on.

        Args:
            context: of the run.
            subsets: whose items they are.
            whole: whether all are wanted, however many there are.
        """
        samples = context.samples_in(*subsets)
        whole = whole or len(samples) <= MOST
        if self.known is None or self.known[:2] != (subsets, whole):
            self.known = None  # the inner products of one are enough at a time
            places = list(range(len(samples))) if whole else _draw(samples)
            terms = _Terms.count(context, [samples[place] for place in places])
            asked = context.pose(np.empty((len(samples), 0), np.float32), *subsets).take(places)
            self.known = subsets, whole, terms, replace(asked, features=as_features(terms.make_rows()))
        return self.known[2:]


def _fit(context: FitContext) -> Arm:
    began = time.perf_counter()
    poser = _Poser()
    terms, training_set = poser.pose(context, Subset.TRAIN)
    samples = terms.samples
    fitted = fit_task_head(context, HEAD, training_set)
    total, few = len(context.samples_in(Subset.TRAIN)), len(context.samples_in(*LEARNT)) <= MOST
    notes = () if len(samples) == total else (f"fitted on {len(samples)} of {total} training {context.noun.many}",)
    arm = score_arm(
        context,
        _build_model(context, terms, fitted),
        NAME,
        strategy=NAME,
        backbone=NAME,
        layer=LAYER,
        head=HEAD,
        parameters=terms.counted.rows.width * len(fitted.head.layers[-1].bias),
        seconds=time.perf_counter() - began,
        refit=lambda own: _fit_again(own, context, poser, fitted.chosen),
        chosen=fitted.chosen,
        path=fitted.path,
        held_out=HeldOutAnswers(lambda own: _predict_held_out(own, poser, fitted.chosen)) if few else None,
        notes=notes,
    )
    for note in notes:
        context.log(events.Note(f"{NAME} is {note}"))
    return arm


def _fit_again(context: DatasetContext, own: FitContext, poser: _Poser, chosen: Mapping[str, float]) -> FittedModel:
    terms, training_set = poser.pose(context, *LEARNT)
    return _build_model(own, terms, fit_task_head(context, HEAD, training_set, fixed=chosen))


def _predict_held_out(context: DatasetContext, poser: _Poser, chosen: Mapping[str, float]) -> Floats:
    _, training_set = poser.pose(context, *LEARNT, whole=True)
    fixed = {name: float(value) for name, value in chosen.items()}
    return context.task.heads.predict_held_out(training_set, HEAD, context.settings, fixed)


def _build_model(context: FitContext, terms: _Terms, fitted: FitResult) -> FittedModel:
    """Return a head on terms as a model: a network of one layer, and a head that hands on what it gives."""
    layer = terms.make_layer(fitted.head)
    backbone = build_term_network(NAME, layer, terms.counted.spec, _folder(context))
    samples = _draw_parity(terms)
    engine = choose_engine(backbone, samples, engine="openvino", precision="f32", listener=context.log).engine
    context.features.add_engine(backbone, engine)
    branch = FeatureBranch(backbone, engine.name, engine.precision, (LAYER,))
    outputs = len(layer.bias)
    same = Dense(np.eye(outputs, dtype=np.float32), np.zeros(outputs, np.float32))
    return build_model(context, branch, Head(HEAD, (same,)))


def _folder(context: DatasetContext) -> Path:
    return context.store.folder / "networks"


def _draw_parity(terms: _Terms) -> ParitySamples:
    spec = terms.counted.spec
    modality = get_modality(spec.kind)

    def load() -> Batch:
        chosen = terms.samples[:: max(1, len(terms.samples) // CONVERSION_SAMPLES)][:CONVERSION_SAMPLES]
        items = DecodedItems([sample.source for sample in chosen], spec)
        parts = [modality.make_parts(items[at], spec)[0] for at in range(len(items))]
        return modality.collate(parts, spec)

    return ParitySamples(f"{NAME} {len(terms.samples)}", load)
