"""Measurements for advice: how many samples there are, how familiar they are, which layer tells classes or labels.

Some of the training samples are looked at, no more; validation and test stay shut.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from headstart.backbones.pretrained import read_pretrained_classifier
from headstart.data.groups import encode_groups
from headstart.data.samples import Sample, Subset
from headstart.extraction.extract import extract
from headstart.heads.catalog import fit_head
from headstart.heads.head import FitResult, TrainingSet
from headstart.heads.threads import limit_to_idle_threads
from headstart.selection.context import FitContext
from headstart.selection.domain_similarity import LEAST_CLASSES, DomainSimilarity, Similarity, measure_similarity
from headstart.selection.probes import ALL, LAYER, find_chosen_trial
from headstart.selection.sampling import stratified_sample
from headstart.tasks.facets import Strata
from headstart_runtime.errors import HeadstartError
from headstart_runtime.modalities.item import CLASS

DatasetSize = Literal["small", "middle", "large"]

SMALL, LARGE = 100, 1000  #: training samples per class, median; between them lies the rule's grey zone
SAMPLE = 200  #: training samples that are looked at
LEAST_PER_CLASS = 2  #: of the sample, on average, to leave one out and still learn something
HEAD = "ridge"  #: leaves each sample out in closed form: tenths of a second for all layers


@dataclass(frozen=True, slots=True)
class LayerScore:
    """Cross-validated scores of a quick head on a layer, each sample left out once."""

    layer: str  #: a layer's name, or "all" of them joined
    accuracy: float  #: of classes; of labels the score of their task, a share too
    log_loss: float  #: nats per sample


@dataclass(frozen=True, slots=True)
class DatasetStats:
    """Measurements on training samples alone."""

    samples: int  #: of train
    classes: int  #: C, or labels
    per_class_min: int  #: training samples of the rarest
    per_class_median: float
    domain: DomainSimilarity | None  #: of the pretrained classifier; None where it cannot be asked
    layers: tuple[LayerScore, ...]  #: from the input upwards, then "all"; none where there are too few samples
    layered: int  #: samples that the layers were scored on
    unknown: tuple[str, ...]  #: what could not be measured, and why
    noun: str = CLASS.one  #: of what is counted: "class", "label"
    measure: str = "accuracy"  #: the name of the layers' scores

    @property
    def nouns(self) -> str:
        """Several of what is counted."""
        return CLASS.many if self.noun == CLASS.one else f"{self.noun}s"

    @property
    def size(self) -> DatasetSize:
        """The size of the set, by the median of its classes."""
        return "small" if self.per_class_median < SMALL else "large" if self.per_class_median > LARGE else "middle"

    @property
    def best_layer(self) -> LayerScore | None:
        """The place with the lowest log loss."""
        return min(self.layers, key=lambda layer: layer.log_loss, default=None)

    @property
    def earlier_layer(self) -> LayerScore | None:
        """The earlier layer that beats the last one by more than a standard error of its accuracy, if one does."""
        last = next((it for it in self.layers if it.layer == LAYER), None)
        if last is None:
            return None
        error = float(np.sqrt(last.accuracy * (1 - last.accuracy) / self.layered))
        earlier = [it for it in self.layers if it.layer not in (LAYER, ALL) and it.log_loss < last.log_loss]
        ahead = [it for it in earlier if it.accuracy > last.accuracy + error]
        return min(ahead, key=lambda layer: layer.log_loss, default=None)

    @property
    def similarity(self) -> Similarity:
        """From the pretrained answers; an earlier layer that tells the classes better moves it a step away."""
        steps: tuple[Similarity, ...] = ("similar", "between", "different")
        earlier = self.earlier_layer is not None
        if self.domain is None:
            return "different" if earlier else "between"
        return steps[min(steps.index(self.domain.similarity) + earlier, 2)]


def measure_dataset(context: FitContext) -> DatasetStats:
    """Measure the training samples; features that the store lacks are computed, of those only.

    Raises:
        HeadstartError: features cannot be computed or stored.
    """
    train = context.samples_in(Subset.TRAIN)
    task, space = context.task, context.samples.space
    strata = task.targets.stratify(space, context.target_values(Subset.TRAIN))
    answers = [place for place, name in enumerate(strata.names) if name in space.names]  # not "none of them"
    counts = strata.membership[:, answers].sum(axis=0)
    unique = list({sample.digest: sample for sample in train}.values())  # equal bytes count once
    sample = _keep_decodable(context, stratified_sample(unique, SAMPLE))
    asked, unknown = _measure_similarity(context, sample)
    layers = _score_layers(context, sample, strata)
    stats = DatasetStats(
        samples=len(train),
        classes=len(counts),
        per_class_min=int(counts.min()),
        per_class_median=float(np.median(counts)),
        domain=asked,
        layers=layers,
        layered=len(sample) if layers else 0,
        unknown=unknown,
        noun=strata.noun,
        measure="accuracy" if strata.required else task.measure.name,
    )
    if layers:
        return stats
    few = f"{context.noun.count(len(sample))} are too few for {len(counts)} {stats.nouns}"
    return replace(stats, unknown=(*unknown, f"which layer tells the {stats.nouns}: {few}"))


def _keep_decodable(context: FitContext, samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples that have features, after computing those that the store lacks."""
    done = extract(
        samples,
        context.backbone,
        context.engine,
        context.store,
        workers=context.settings.workers,
        listener=context.log,
    )
    return [it for it in samples if not (it.digest in done.issues and done.issues[it.digest].broken)]


def _measure_similarity(
    context: FitContext, sample: Sequence[Sample]
) -> tuple[DomainSimilarity | None, tuple[str, ...]]:
    """Return how familiar the samples are to the pretrained classifier, or why it cannot be asked."""
    name = context.backbone.name
    try:
        classifier = read_pretrained_classifier(context.backbone)
    except (HeadstartError, OSError) as error:
        return None, (f"similarity to what {name} was pretrained on: its classifier cannot be had ({error})",)
    if classifier is None:
        return None, (f"similarity to what {name} was pretrained on: it brings no classifier that is a linear layer",)
    if classifier.classes < LEAST_CLASSES:
        few = f"{CLASS.count(classifier.classes)}; wanted {LEAST_CLASSES} or more"
        return None, (f"similarity to what {name} was pretrained on: its classifier has {few}",)
    if not sample:
        return None, (f"similarity to what {name} was pretrained on: none of the {context.noun.many} drawn decodes",)
    return measure_similarity(classifier, context.load_features(context.branch(LAYER), sample)), ()


def _score_layers(context: FitContext, sample: Sequence[Sample], strata: Strata) -> tuple[LayerScore, ...]:
    """Return a head's left-out scores on each layer and on all joined; none where there is too little to leave out.

    Of samples that are of one class each, in an order or not, the head is ``HEAD``; else it is the task's own.
    """
    classes = len(context.samples.classes)
    groups = encode_groups(sample)
    if len(sample) < LEAST_PER_CLASS * classes or len(set(groups)) < 2:
        return ()
    task = context.task
    targets = task.targets.stack([one.target for one in sample])
    outputs = classes if strata.required else task.count_outputs(context.samples.space)
    rows = {layer.name: context.load_features(context.branch(layer.name), sample) for layer in context.backbone.layers}
    rows[ALL] = np.concatenate(list(rows.values()), axis=1)
    scores = []
    for place, features in rows.items():
        training_set = TrainingSet(features, targets, outputs, groups, balanced=False, seed=0)
        trial = find_chosen_trial(_fit_quickly(context, training_set, classes=strata.required))
        if trial is not None:
            scores.append(LayerScore(place, trial.score, trial.loss))
    return tuple(scores)


def _fit_quickly(context: FitContext, training_set: TrainingSet, *, classes: bool) -> FitResult:
    if classes:
        return fit_head(HEAD, training_set, context.settings)
    heads = context.task.heads
    heads.check(training_set)
    with limit_to_idle_threads(training_set.features.size):
        return heads.heads[heads.default](training_set, context.settings, None)
