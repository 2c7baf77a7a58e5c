"""Facets that a task may leave out: what training, postprocessing, diagnostics and reports ask of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from headstart_runtime.arrays import Bools, Doubles, Floats
from headstart_runtime.tasks.task import Postprocessor, TargetArray, TargetSpace

if TYPE_CHECKING:
    from torch import Tensor

    from headstart.data.samples import Samples
    from headstart.evaluation.grouping import Targets
    from headstart.heads.number_targets import TargetScale
    from headstart_runtime.modalities.item import Noun


class Objective(Protocol):
    """The loss of a training and the scores that are followed, in PyTorch: logits (B, K), targets (B, ...)."""

    def encode(self, targets: "Tensor") -> "Tensor":
        """Return targets as floats (B, ...), of which two can be mixed; smoothed as the settings say."""

    def compute_loss(self, logits: "Tensor", encoded: "Tensor") -> "Tensor":
        """Return the mean loss that a step minimises."""

    def sum_losses(self, logits: "Tensor", targets: "Tensor") -> "Tensor":
        """Return the sum of these losses, without mixing."""

    def score(self, logits: "Tensor", targets: "Tensor") -> tuple[float, float]:
        """Return mean loss, without weights or smoothing, and mean score; both in the task's measures."""

    def score_step(self, logits: "Tensor", targets: "Tensor") -> tuple[float, float]:
        """Return the same for a batch of a step, but the sum of the scores."""

    def score_epoch(self, logits: "Tensor", targets: TargetArray) -> Doubles:
        """Return the losses (N,) of validation rows by which the epoch that is kept is chosen."""


class NetworkTraining(Protocol):
    """Training of networks."""

    setting_names: tuple[str, ...]  #: settings of the task's chapter that an objective depends on

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """The values that a search of hyperparameters tries, of settings of the task's chapter."""

    def scale_outputs(self, targets: TargetArray) -> "TargetScale | None":
        """Return the scale on which outputs are trained, for steps are as long whatever the unit of a number is.

        None where they are trained as they are. What is saved gives outputs as they are, and so objectives see them.

        Args:
            targets: of the training items, (N, ...).
        """

    def make_objective(self, targets: TargetArray, outputs: int, settings: Any, device: Any) -> Objective:
        """Return the objective of a training.

        Args:
            targets: of the training items, (N, ...).
            outputs: how many a head gives, K.
            settings: of the fit.
            device: PyTorch's, where logits are.
        """


@dataclass(frozen=True)
class FittedPostprocessor:
    """A postprocessor, and how it was fitted."""

    postprocessor: Postprocessor
    facts: Mapping[str, Any]  #: plain values for the record of a run
    summary: str  #: what was fitted, in a few words
    changes_answers: bool  #: whether scores of the rows that it was fitted on flatter
    refusal: str = ""  #: why something that the settings promise cannot be kept, for a person; "" where all can be


class Postprocessing(Protocol):
    """Fitting of a postprocessor on predictions for items that the model was not fitted on."""

    def check(self, targets: "Targets", space: TargetSpace, settings: Any) -> Sequence[str]:
        """Return what is to be said of the settings before the long work begins.

        Args:
            targets: of all items that may be held out.
            space: of these.
            settings: of the fit.

        Raises:
            UserError: they name what there is not, or promise what so few items cannot keep.
        """

    def fit(self, targets: "Targets", raw: Floats, space: TargetSpace, settings: Any) -> FittedPostprocessor:
        """Return the postprocessor for raw outputs (N, K) of held-out items."""


class TaskDiagnostics(Protocol):
    """Findings about labels and answers."""

    def diagnose(self, context: Any, test: Any, duplicates: Any, items: Any) -> Any:
        """Return what there is to find out, as a record of the task's own.

        Args:
            context: the ``FitContext`` of the first backbone.
            test: the ``TestResult`` of the saved model.
            duplicates: the ``NearDuplicates`` among all samples.
            items: the modality's ``ItemFindings``, of which slices and shortcuts are made.
        """

    def describe(self, findings: Any) -> Sequence[str]:
        """Return sentences for a person."""

    def score_leaks(self, test: Any, leaked: Bools, space: TargetSpace) -> Any:
        """Return the score on test with the samples that leaked and without them; None where it is not told."""

    def review_labels(
        self, samples: "Samples", layers: Sequence[str], rows: Callable[[str], Floats], settings: Any
    ) -> Any:
        """Return labels held against answers of heads that had not seen their samples: a ``LabelReview``.

        Args:
            samples: N samples.
            layers: names of all layers of a network, from the input on.
            rows: gives features (N, D) of a layer, in the samples' order.
            settings: of the fit.
        """

    def list_ids(self, findings: Any) -> Sequence[str]:
        """Return the ids of the samples that findings speak of, as far as they are shown."""

    def to_record(self, findings: Any, context: Any, fitted: Any, test: Any) -> Mapping[str, Any]:
        """Return records by the key that they have in ``trust.json``; ``fitted`` is the run's ``Postprocessed``."""

    def describe_record(self, record: Mapping[str, Any], noun: "Noun") -> Sequence[str]:
        """Return how far answers can be trusted, a sentence each, from the records of ``to_record``."""


@dataclass(frozen=True, slots=True)
class RunPages:
    """The pages that are made from a run's records."""

    report: str  #: HTML in one file
    card: str | None  #: the model card, Markdown; None where there is none


class TaskReport(Protocol):
    """The pages and figures of a run; ``TaskPages`` of ``reporting`` makes them of what a task describes as data."""

    def render(self, folder: Path) -> RunPages:
        """Return the pages of a run from the records in its folder.

        Raises:
            UserError: a file of it is missing or damaged.
        """

    def compare(self, first: Path, second: Path) -> str:
        """Return the page of two runs, HTML in one file.

        Raises:
            UserError: a file of a run is missing or damaged.
        """

    def plot(self, folder: Path) -> Any:
        """Return the figures of a run, a method for each: ``run.plot``.

        Raises:
            UserError: a file of it is missing or damaged.
        """
