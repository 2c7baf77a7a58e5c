"""Types of the settings' keywords. Made by docs/generate.py from the chapters: change these, then run it."""

from pathlib import Path
from typing import Literal, TypedDict

from headstart.modalities.image.settings import AugmentPolicy, AugmentSettings
from headstart.modalities.sound.settings import ClipPreset, SoundSettings
from headstart.modalities.text.settings import LongTexts, TextSettings
from headstart.settings.chapters import (
    ClassPlace,
    CompareSettings,
    DataSettings,
    HeadName,
    HeadSettings,
    LabelCells,
    PathPart,
    RunSettings,
    StrategyName,
    TrustSettings,
)
from headstart.settings.training import Precision, TrainSettings
from headstart.tasks.classification.settings import ClassificationSettings
from headstart.tasks.multilabel.settings import MultilabelSettings
from headstart.tasks.ordinal.settings import OrdinalSettings
from headstart.tasks.regression.settings import RegressionSettings


class RunOptions(TypedDict, total=False):
    """Keywords of the chapter ``run``."""

    out: str | Path | None
    strategy: StrategyName
    backbone: str | None
    seed: int
    budget: str | None
    test_share: float
    validation_share: float
    split_from: str | Path | None
    precision: Precision
    engine: str
    workers: int
    store: str | Path | None


class DataOptions(TypedDict, total=False):
    """Keywords of the chapter ``data``."""

    modality: str
    task: str
    classes_from: ClassPlace | None
    class_pattern: str | None
    group_from: PathPart | None
    group_pattern: str | None
    path_column: str | None
    text_column: str | None
    number_shift: int | None
    label_column: str | None
    label_cells: LabelCells
    label_separator: str | None
    order: str | None
    split_column: str | None
    group_column: str | None
    min_samples: int
    encoding: str | None


class HeadsOptions(TypedDict, total=False):
    """Keywords of the chapter ``heads``."""

    head: HeadName
    folds: int
    c_low: float
    c_high: float
    c_points: int
    mlp_units: int
    mlp_dropout: float
    mlp_epochs: int
    mlp_rate: float


class TrainOptions(TypedDict, total=False):
    """Keywords of the chapter ``train``."""

    unfreeze: str
    epochs: int | None
    batch_size: int
    optimiser: Literal["adamw", "sgd"]
    rate: float | None
    start: Literal["auto", "probe", "blank"]
    momentum: float
    weight_decay: float
    warmup: float
    layer_decay: float
    mixup: float
    clip: float
    ema: float
    patience: int
    batchnorm: Literal["frozen", "update"]
    views: int
    cache_budget: str
    training_precision: Precision
    find_rate: bool
    search: int
    optimizer: Literal["adamw", "sgd"]


class AugmentOptions(TypedDict, total=False):
    """Keywords of the chapter ``augment``."""

    augmentation: ClipPreset
    keeps: str | None
    rotation: float | None
    shift_width: float | None
    shift_height: float | None
    shear: float | None
    zoom: float | None
    flip_horizontal: bool | None
    flip_vertical: bool | None
    crop_scale: float | None
    colour_jitter: float | None
    erasing: float | None
    policy: AugmentPolicy | None
    window: float | None
    view_size: float | None
    color_jitter: float | None


class TextsOptions(TypedDict, total=False):
    """Keywords of the chapter ``texts``."""

    max_tokens: int | None
    long_texts: LongTexts


class SoundOptions(TypedDict, total=False):
    """Keywords of the chapter ``sound``."""

    clip_window: float | None
    clip_hop: float | None
    clip_changes: ClipPreset
    clip_shift: float | None
    clip_gain: float | None
    clip_noise: float | None
    time_masks: int | None
    band_masks: int | None


class ClassificationOptions(TypedDict, total=False):
    """Keywords of the chapter ``classification``."""

    class_weights: Literal["none", "balanced"]
    label_smoothing: float
    calibration: Literal["auto", "none", "temperature", "mixture", "isotonic"]
    positive: str | None
    operating_point: str | None


class MultilabelOptions(TypedDict, total=False):
    """Keywords of the chapter ``multilabel``."""

    label_weights: Literal["none", "balanced"]
    label_loss: Literal["binary", "asymmetric"]
    label_calibration: Literal["auto", "none", "temperature", "platt"]
    label_threshold: Literal["f1", "precision", "recall"]
    label_wanted: float


class OrdinalOptions(TypedDict, total=False):
    """Keywords of the chapter ``ordinal``."""

    rank_weights: Literal["none", "balanced"]
    rank_calibration: Literal["auto", "none", "temperature", "mixture"]


class RegressionOptions(TypedDict, total=False):
    """Keywords of the chapter ``regression``."""

    intervals: Literal["auto", "constant", "scaled"]
    huber: float


class CompareOptions(TypedDict, total=False):
    """Keywords of the chapter ``compare``."""

    arms: str
    prefer: Literal["auto", "accuracy", "speed"]
    reveal_test: bool
    refit: Literal["auto", "always", "never"]


class TrustOptions(TypedDict, total=False):
    """Keywords of the chapter ``trust``."""

    near_duplicates: Literal["group", "report"]
    relabel: str | Path | None
    acceptance: float
    coverage: float
    report: bool


class FitOptions(
    RunOptions,
    DataOptions,
    HeadsOptions,
    TrainOptions,
    AugmentOptions,
    TextsOptions,
    SoundOptions,
    ClassificationOptions,
    MultilabelOptions,
    OrdinalOptions,
    RegressionOptions,
    CompareOptions,
    TrustOptions,
    total=False,
):
    """Keywords of ``fit``: flat or by chapter."""

    run: RunOptions | RunSettings
    data: DataOptions | DataSettings
    heads: HeadsOptions | HeadSettings
    train: TrainOptions | TrainSettings
    augment: AugmentOptions | AugmentSettings
    texts: TextsOptions | TextSettings
    sound: SoundOptions | SoundSettings
    classification: ClassificationOptions | ClassificationSettings
    multilabel: MultilabelOptions | MultilabelSettings
    ordinal: OrdinalOptions | OrdinalSettings
    regression: RegressionOptions | RegressionSettings
    compare: CompareOptions | CompareSettings
    trust: TrustOptions | TrustSettings
