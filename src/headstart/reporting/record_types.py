"""The records of a run's folder as types: ``run.json``, ``comparison.json`` and ``trust.json``.

What a run wrote as a dataclass is read back as that dataclass; the types here are the frames around these. Keys of the
files that no report needs are not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headstart.diagnostics.group_check import GroupCheck
from headstart.diagnostics.issues import DatasetIssues
from headstart.diagnostics.leakage import Leak, LeakScores
from headstart.diagnostics.learning_curve import LearningCurve
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.diagnostics.shortcuts import Shortcut
from headstart.diagnostics.slices import Slices
from headstart.engines.parity import ParityCheck
from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.coverage import Coverage
from headstart.evaluation.intervals import Proportion
from headstart.evaluation.label_noise import LabelNoise
from headstart.evaluation.reliability import Reliability
from headstart.selection.advisor import AdviceOutcome
from headstart.selection.arm import DepthPoint
from headstart.selection.compare import SkippedArm
from headstart.selection.leaderboard import LeaderboardRow
from headstart.selection.rule import ArmChoice
from headstart.tasks.classification.label_issues import LabelIssue
from headstart.training.curves import Epoch


@dataclass(frozen=True, slots=True)
class BackboneRecord:
    """A backbone that a run used."""

    name: str
    architecture: str
    parameters: int
    weights: str
    weights_sha256: str
    licence: str


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """The engine that computed a run's features."""

    name: str
    precision: str


@dataclass(frozen=True, slots=True)
class SubsetSizes:
    """Samples of each subset."""

    train: int
    validation: int
    test: int

    @property
    def total(self) -> int:
        """Samples of all subsets."""
        return self.train + self.validation + self.test


@dataclass(frozen=True, slots=True)
class ArmRecord:
    """An arm of a run: one way that was tried."""

    name: str
    strategy: str
    backbone: str
    depth: tuple[DepthPoint, ...]  #: by layer; empty where it did not compare layers
    curves: tuple[Epoch, ...]  #: by epoch; empty where no network was trained
    best_epoch: int
    notes: tuple[str, ...]
    rate_curve: Mapping[str, Any] | None = None  #: the fields of ``RateCurve``, whose module needs PyTorch


@dataclass(frozen=True, slots=True)
class AdviceRecord:
    """The advisor's expectation and how it came out."""

    reason: str
    gain: str
    outcome: AdviceOutcome


@dataclass(frozen=True, slots=True)
class RunRecord:
    """``run.json``."""

    headstart: str  #: the version that made the run
    date: str
    source: str
    settings: Mapping[str, Any]
    backbones: tuple[BackboneRecord, ...]
    split: SubsetSizes
    engine: EngineRecord
    proofs: tuple[ParityCheck, ...]
    arms: tuple[ArmRecord, ...]
    winner: str
    task: str  #: its name
    classes: tuple[str, ...]  #: the names of the outputs: classes, labels, columns of numbers
    modality: str  #: the name of the kind of data
    packages: Mapping[str, str]  #: of others, which brought "modality" or "task", each with its version
    seconds: Mapping[str, float]  #: by stage
    notes: tuple[str, ...]
    versions: Mapping[str, str]
    machine: Mapping[str, str]
    refitted: bool = False  #: the winner was fitted once more, on training and validation samples together
    advice: AdviceRecord | None = None
    test_from_bytes: int = 0  #: test samples answered from their bytes; stored features answered the rest. 0: not known
    training_obstacle: str = ""  #: why no network can be trained; "" where one can
    training_extra: str = ""  #: that is not installed, and for want of which alone no network could be trained
    took: float | None = None  #: seconds from the beginning to the last result
    target_facts: Mapping[str, Any] = field(default_factory=dict)  #: that the task keeps of targets: units, an order


@dataclass(frozen=True, slots=True)
class TestComparison:
    """The test samples in a comparison of arms."""

    pairs: tuple[PairedTest, ...]
    smallest_difference: float | None  #: in accuracy that the test samples can show; None: none


@dataclass(frozen=True, slots=True)
class ComparisonRecord:
    """``comparison.json``."""

    arms: tuple[LeaderboardRow, ...]
    left_out: tuple[SkippedArm, ...]
    choice: ArmChoice
    test: TestComparison

    @property
    def opened_test(self) -> bool:
        """Whether losing arms were scored on test too."""
        return any(row.test_score is not None and not row.winner for row in self.arms)


@dataclass(frozen=True, slots=True)
class DuplicatesRecord:
    """Near-duplicates among all samples."""

    pairs: tuple[DuplicatePair, ...]
    note: str  #: why there may be more than could be found; "" where all was compared
    sets: tuple[tuple[str, ...], ...]  #: ids of samples that show the same
    seconds: float


@dataclass(frozen=True, slots=True)
class FoundLeaks:
    """Held-out samples that show the same as samples that were learned from."""

    leaks: tuple[Leak, ...]
    scores: Any = None  #: on test with the samples that leaked and without them, as the task has them


@dataclass(frozen=True, slots=True)
class LeaksRecord(FoundLeaks):
    """The same of a classifier."""

    scores: LeakScores | None = None


@dataclass(frozen=True, slots=True)
class LabelsRecord:
    """Labels that look wrong: how many by estimate, the strongest of them and what was corrected."""

    noise: LabelNoise
    issues: tuple[LabelIssue, ...]
    corrected_in_test: int
    untouched: Proportion | None  #: accuracy on the test samples whose labels were not corrected


@dataclass(frozen=True, slots=True)
class CalibrationRecord:
    """The calibration that was chosen, and how the probabilities did on test without and with it."""

    kind: str
    held_out: str  #: the samples that it was chosen on: "validation", or training samples, cross-validated
    n: int  #: of these samples
    tried: Mapping[str, float]  #: kind -> cross-validated log loss, nats
    before: Reliability
    after: Reliability
    reason: str = ""  #: why this kind was taken, a sentence


@dataclass(frozen=True, slots=True)
class PredictionSetsRecord:
    """Prediction sets and how they did on test."""

    kind: str
    coverage: float  #: wanted
    held_out_n: int  #: samples that the threshold is from
    test: Coverage


@dataclass(frozen=True, slots=True)
class NoveltyRecord:
    """The novelty score and how it did on test."""

    kind: str
    layers: tuple[str, ...]
    ood_acceptance: float  #: wanted
    accepted: Proportion  #: test samples below the threshold


@dataclass(frozen=True, slots=True)
class DiskRecord:
    """Bytes on the disk."""

    run: int
    store: int


@dataclass(frozen=True, slots=True)
class StrataRecord:
    """Samples of each subset by the strata that the split spread evenly."""

    noun: str  #: of a stratum: "class", "quarter"
    names: tuple[str, ...]  #: S
    train: tuple[int, ...]  #: (S,) samples
    validation: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExplainedRecord:
    """Samples with a preview of what spoke for their answers."""

    method: str
    ids: tuple[str, ...]
    legend: str = ""  #: what these previews show
    labels: Mapping[str, str] = field(default_factory=dict)  #: by id, the label or number that is explained


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTrust:
    """``trust.json`` as any task has it: what was found about the data and about how far the answers can be trusted."""

    names: Mapping[str, str]  #: of samples, by id
    classes_of: Mapping[str, Any]  #: the targets, by id: of classes their indices
    duplicates: DuplicatesRecord
    leaks: FoundLeaks
    learning_curve: LearningCurve | None
    novelty: NoveltyRecord | None
    neighbours: Mapping[str, tuple[tuple[str, float], ...]]  #: id -> ids and cosines of the most alike training samples
    explained: ExplainedRecord
    memory: int | None  #: bytes at the peak
    disk: DiskRecord
    command: str  #: that makes the same run again
    data_digest: str
    strata: StrataRecord | None = None
    groups: GroupCheck | None = None  #: that nobody named


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRecord(RunTrust):
    """``trust.json`` of a classifier."""

    classes_of: Mapping[str, int]  #: the true classes, by id
    leaks: LeaksRecord
    labels: LabelsRecord
    issues: DatasetIssues
    slices: Slices
    shortcuts: tuple[Shortcut, ...]
    calibration: CalibrationRecord
    prediction_sets: PredictionSetsRecord | None
