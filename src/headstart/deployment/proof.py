"""The proof of an export: real and drawn items go both ways, from the bytes of files to answers, step by step.

The steps are those of the modality (such as decode and resize, or tokens), the network, the head, and postprocessing.
Where they differ by more than the format may, the error names the first step that does.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.deployment.item_proof import ComparedItem, ProofItem, compare_item
from headstart.deployment.margins import find_differing, measure_margins
from headstart.deployment.reference import Reference
from headstart.deployment.tolerance import Tolerance
from headstart_runtime.errors import DataError, SaveError
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.inference import model_format
from headstart_runtime.inference.classifier import Classifier

SCHEMA_VERSION = 1
NETWORK, HEAD, POSTPROCESSING = "network", "head", "postprocessing"


class ProofError(SaveError):
    """An export that answers otherwise than the saved classifier."""

    def __init__(self, step: str, reason: str):
        """Name the step and what differs there."""
        super().__init__(
            f"the export answers otherwise than the saved classifier, so nothing is written: {reason} (step: {step})"
        )
        self.step = step


@dataclass(frozen=True, slots=True)
class StepDifference:
    """The difference of one step, over all items that were answered."""

    step: str
    name: str  #: of the tensor or the output
    difference: float  #: mean; see ``TensorDifference``; of features one minus the cosine
    most: float  #: that it may be


@dataclass(frozen=True, slots=True)
class Agreement:
    """The likeness of the answers to some items."""

    items: int  #: that were answered
    refused: int  #: that neither way could read
    differing: int  #: answered otherwise, such as another likeliest class
    same_answers: float  #: share of those answered
    mean_difference: float  #: of the output that answers are read from, over its range
    largest_difference: float
    same_sets: float | None  #: share with equal prediction sets; None where there are none
    same_out_of_distribution: float | None  #: None where novelty is not judged
    largest_margin: float  #: most that the two answers of a differing item lay apart, 0 where none differs


@dataclass(frozen=True, slots=True)
class Proof:
    """The differences of all that was compared."""

    held_out: Agreement | None  #: of the user's own items; None where there were none
    drawn: Agreement | None  #: of those that the modality draws
    steps: tuple[StepDifference, ...]
    milliseconds: float  #: for an item, one at a time: median
    reference_milliseconds: float  #: of the saved classifier in ONNX Runtime
    unread: Mapping[str, int]  #: of the user's items left out, since the export does not read their kind: "TIFF" -> 2

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}


def prove(
    classifier: Classifier,
    runner: ExportRunner,
    items: Sequence[ProofItem],
    tolerance: Tolerance,
    *,
    judge: bool = True,
) -> Proof:
    """Answer items by the saved classifier and by an export, and compare.

    Args:
        classifier: that was exported.
        runner: the export.
        items: held out, drawn, or both.
        tolerance: how far they may be apart.
        judge: whether features and answers have to agree too; False for an export whose answers are scored instead.

    Raises:
        ProofError: they are further apart; the message names the step.
        DataError: neither way can read any of the items.
    """
    record, reference = classifier.record, Reference(classifier)
    features = [model_format.features_name(index) for index in range(len(record.branches))]
    outputs = list_outputs(classifier)
    found = [compare_item(item, reference, runner, outputs, features) for item in items]
    for one in found:
        if one.refusal:
            raise ProofError(record.modality.noun.phrases.decode_step, f"{one.item.name}: {one.refusal}")
    answered = [one for one in found if one.answered]
    if not answered:
        raise DataError(f"none of the {record.modality.noun.many} that the export is proved on can be read")
    steps = _judge_steps(classifier, answered, tolerance, judge)
    _check_outputs(classifier, runner, answered, outputs)
    steps += _judge_outputs(classifier, answered, tolerance, judge)
    held_out, drawn = (
        _agree(classifier, [one for one in found if one.item.drawn is kind], answered, outputs)
        for kind in (False, True)
    )
    if judge:
        for agreement in (held_out, drawn):
            _judge_answers(classifier, agreement, tolerance)
    seconds = np.median([one.seconds for one in answered], axis=0)
    unread = dict(sorted(Counter(one.unread for one in found if one.unread and not one.item.drawn).items()))
    return Proof(held_out, drawn, tuple(steps), float(seconds[1] * 1000), float(seconds[0] * 1000), unread)


def list_outputs(classifier: Classifier) -> list[str]:
    """Return the names of a classifier's outputs, those of novelty last."""
    record = classifier.record
    task = [name for name, *_ in record.task.graph.list_outputs(record.postprocessor, record.space)]
    novelty = [] if record.novelty is None else [model_format.NOVELTY, model_format.OUT_OF_DISTRIBUTION]
    return [*task, *novelty]


def _judge_steps(
    classifier: Classifier, answered: Sequence[ComparedItem], tolerance: Tolerance, judge: bool
) -> list[StepDifference]:
    """Return the differences up to the features, in their order; the first that is too large is an error."""
    record = classifier.record
    phrases = record.modality.noun.phrases
    graph = record.modality.graph
    decoded = [] if graph is None else [name for name, *_ in graph.inputs()]
    steps = []
    for name in dict.fromkeys(name for one in answered for name in one.seen):
        having = [one for one in answered if name in one.seen]
        step = phrases.decode_step if name in decoded else phrases.parts_step
        mean = float(np.mean([one.seen[name].value for one in having]))
        most = tolerance.get_most(having[0].seen[name].kind, decoded=name in decoded)
        worst = max(having, key=lambda one: one.seen[name].value)
        largest = worst.seen[name].value
        if not mean <= most or not largest <= tolerance.worst * most:
            apart = f"by {mean:.3g} on average and {largest:.3g}" if np.isfinite(largest) else "in their shape"
            raise ProofError(step, f"{name} differ {apart} in {worst.item.name}")
        steps.append(StepDifference(step, name, mean, most))
    for name in dict.fromkeys(name for one in answered for name in one.cosines):
        cosine = float(np.mean([one.cosines[name] for one in answered if name in one.cosines]))
        if judge and not cosine >= tolerance.cosine:
            raise ProofError(NETWORK, f"{name} differ, mean cosine {cosine:.4f}")
        steps.append(StepDifference(NETWORK, name, 1 - cosine, 1 - tolerance.cosine))
    return steps


def _check_outputs(
    classifier: Classifier, runner: ExportRunner, answered: Sequence[ComparedItem], outputs: Sequence[str]
) -> None:
    """Raise a ProofError where outputs are missing or of another shape, or have other names."""
    for one in answered:
        for name in outputs:
            wanted, given = one.reference[name], one.found.get(name)
            if given is None or given.shape != wanted.shape:
                seen = "is missing" if given is None else f"has the shape {given.shape}, wanted {wanted.shape}"
                raise ProofError(POSTPROCESSING, f"{name} {seen}, as of {one.item.name}")
    if (names := tuple(runner.names)) != classifier.record.space.names:
        odd = next((pair for pair in zip(names, classifier.record.space.names, strict=False) if len(set(pair)) > 1), ())
        shown = " in place of ".join(map(repr, odd)) or f"{len(names)} of {len(classifier.record.space.names)}"
        raise ProofError(POSTPROCESSING, f"the names of the answers are others: {shown}")


def _stack(answered: Sequence[ComparedItem], side: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    return {name: np.stack([getattr(one, side)[name] for one in answered]) for name in names}


def _judge_outputs(
    classifier: Classifier, answered: Sequence[ComparedItem], tolerance: Tolerance, judge: bool
) -> list[StepDifference]:
    """Return the differences of outputs, in the order in which they are made.

    Where one that answers are read from, or one made of it, differs by too much the first that does is the error.
    """
    names = list_outputs(classifier)
    wanted, found = _stack(answered, "reference", names), _stack(answered, "found", names)
    steps, errors, judged = list[StepDifference](), list[ProofError](), False
    for place, output in enumerate(classifier.task.graph.list_compared(wanted)):
        step = HEAD if place == 0 else POSTPROCESSING
        apart = float(np.mean(np.abs(found[output.name].astype(np.float64) - wanted[output.name]) / output.scale))
        if not apart <= tolerance.mean:
            reason = f"{output.words} differ by {apart:.3g} on average, wanted at most {tolerance.mean:g}"
            errors.append(ProofError(step, reason))
        judged = judged or output.name == classifier.task.answer
        if judge and judged and errors:
            raise errors[0]
        steps.append(StepDifference(step, output.name, apart, tolerance.mean))
    return steps


def _agree(
    classifier: Classifier, some: Sequence[ComparedItem], all_answered: Sequence[ComparedItem], outputs: Sequence[str]
) -> Agreement | None:
    """Return how alike the answers to some of the items are; None where none of these is answered.

    Numbers are divided by their range over all items.
    """
    task = classifier.task
    answered = [one for one in some if one.answered]
    if not answered:
        return None
    wanted, found = _stack(answered, "reference", outputs), _stack(answered, "found", outputs)
    whole = _stack(all_answered, "reference", outputs)
    compared = next(one for one in task.graph.list_compared(whole) if one.name == task.answer)
    apart = np.abs(found[task.answer].astype(np.float64) - wanted[task.answer]) / compared.scale
    differing = find_differing(task, wanted, found)
    sets = [name for name in outputs if wanted[name].dtype == bool and name != model_format.OUT_OF_DISTRIBUTION]
    equal = np.ones(len(answered), bool)
    for name in sets:
        equal &= (wanted[name] == found[name]).reshape(len(answered), -1).all(axis=1)
    flags = (model_format.OUT_OF_DISTRIBUTION in outputs) and (
        wanted[model_format.OUT_OF_DISTRIBUTION] == found[model_format.OUT_OF_DISTRIBUTION]
    )
    margins = measure_margins(task, wanted, found, apart.reshape(len(answered), -1), differing)
    return Agreement(
        items=len(answered),
        refused=sum(not one.answered and not one.unread for one in some),
        differing=int(differing.sum()),
        same_answers=float(1 - differing.mean()),
        mean_difference=float(apart.mean()),
        largest_difference=float(apart.max()),
        same_sets=float(equal.mean()) if sets else None,
        same_out_of_distribution=None if flags is False else float(np.mean(flags)),
        largest_margin=float(margins.max(initial=0.0)),
    )


def _judge_answers(classifier: Classifier, agreement: Agreement | None, tolerance: Tolerance) -> None:
    """Raise a ProofError where too many answers, sets or flags are others."""
    if agreement is None:
        return
    many = classifier.record.modality.noun.many
    allowed, flags = tolerance.count_differing(agreement.items), tolerance.count_flags(agreement.items)
    if agreement.differing > allowed:
        raise ProofError(
            POSTPROCESSING,
            f"{agreement.differing} of {agreement.items} {many} are answered otherwise, wanted at most {allowed}",
        )
    if tolerance.margin is not None and agreement.largest_margin > tolerance.margin:
        raise ProofError(
            POSTPROCESSING,
            f"an answer differs whose candidates lie {agreement.largest_margin:.3g} apart, wanted at most "
            f"{tolerance.margin:g}",
        )
    for share, what in (
        (agreement.same_sets, "another prediction set"),
        (agreement.same_out_of_distribution, "another side of the threshold of novelty"),
    ):
        others = 0 if share is None else round((1 - share) * agreement.items)
        if others > flags:
            raise ProofError(POSTPROCESSING, f"{others} of {agreement.items} {many} get {what}, wanted at most {flags}")
