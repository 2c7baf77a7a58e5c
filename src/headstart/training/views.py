"""Views of training samples by the augmentation of their modality; one without augmentation trains on plain parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from headstart.data.load import load_item
from headstart.data.samples import Sample
from headstart_runtime.errors import TrainingError
from headstart_runtime.modalities.batch import AnySpec, Batch, InputSpec, Part
from headstart_runtime.modalities.checks import collate_parts
from headstart_runtime.modalities.facets import Augmenter
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.task import Task


@dataclass(frozen=True, slots=True)
class ViewLoader:
    """The loader of samples' changed views, as the frozen part sees them."""

    spec: AnySpec
    augmenter: Augmenter
    seed: int

    @property
    def plain(self) -> bool:
        """Whether every view is the sample as it is predicted on."""
        return self.augmenter.identity

    def load(self, sample: Sample, numbers: Iterable[int]) -> list[Part]:
        """Return some views of a sample, which is decoded once."""
        value = load_item(sample.source, self.spec).value
        change = self.augmenter.make_view
        return [change(value, self.spec, seed=self.seed, digest=sample.digest, number=number) for number in numbers]

    def collate(self, views: Sequence[Part]) -> Batch:
        """Return views as one batch."""
        return collate_parts(get_modality(self.spec.kind), views, self.spec)

    @property
    def fingerprint(self) -> str:
        """Changes when the views of a spec would."""
        return "plain" if self.plain else f"{self.augmenter.fingerprint} {self.seed}"


class PlainParts:
    """The augmenter of a modality without augmentation: an item's one part, as it is predicted on."""

    identity = True
    fingerprint = "plain"

    def describe(self) -> str:
        """Return the changes in one line for a person."""
        return "nothing is changed"

    def make_view(self, value: Any, spec: AnySpec, *, seed: int, digest: str, number: int) -> Part:
        """Return the one part of a decoded item.

        Raises:
            TrainingError: it has several, and answers are made of all of them.
        """
        modality = get_modality(spec.kind)
        parts = modality.make_parts(value, spec)
        if len(parts) != 1:
            noun = modality.noun
            raise TrainingError(
                f"{noun.a_one} has {len(parts)} parts for this network, and only a network that sees each {noun.one} "
                "in one part can be trained; use the probes on it, or another backbone"
            )
        return parts[0]


def make_augmenter(settings: Any, spec: InputSpec, task: Task) -> Augmenter:
    """Return the changes of training views that the settings ask for; by default those that keep a task's answer."""
    facet = get_modality(spec.kind).augmentation
    return PlainParts() if facet is None else facet.make_augmenter(settings, task.invariances)


def make_plain(spec: InputSpec) -> Augmenter:
    """Return what changes nothing, for views that are validated on."""
    facet = get_modality(spec.kind).augmentation
    return PlainParts() if facet is None else facet.make_plain()


def fit_view_spec(settings: Any, spec: InputSpec, task: Task) -> InputSpec:
    """Return the spec of the views that the settings ask to train on; the spec itself without augmentation."""
    facet = get_modality(spec.kind).augmentation
    return spec if facet is None else facet.fit_view_spec(settings, spec, task.invariances)


def find_smallest_window(settings: Any, spec: InputSpec, task: Task) -> float:
    """Return the least share of a map's edge that a step of training sees; 1, the whole, without augmentation."""
    facet = get_modality(spec.kind).augmentation
    return 1.0 if facet is None else facet.smallest_window(settings, task.invariances)


def explain_views(settings: Any, modality: str, task: Task) -> list[str]:
    """Return what is left out of changed views for a task, and what is done in spite of it, a sentence each."""
    facet = get_modality(modality).augmentation
    clauses = [] if facet is None else list(facet.explain_kept(settings, task.invariances))
    if settings.mixup and "*" not in task.invariances:
        clauses.append("--mixup is done as asked for, though a mix may have another answer than the mean of two")
    return [f"{task.title}: {clause}" for clause in clauses]
