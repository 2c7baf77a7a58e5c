"""The chapters of the settings: every setting once, with its default, its range and its help.

The flags of the command line, the settings file, the documents and the records of runs come from here. A modality or a
task brings a chapter of its own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from headstart.settings.chapter import Chapter
from headstart.settings.class_pattern import read_class_pattern, read_group_pattern
from headstart.settings.training import Precision
from headstart_runtime.errors import nearest
from headstart_runtime.modalities import modality
from headstart_runtime.plugins import Registry, list_plugin_names
from headstart_runtime.tasks import task

HeadName = Literal["logistic", "lda", "ridge", "mlp", "auto"]
StrategyName = Literal[
    "auto", "linear-probe", "intermediate-probe", "tfidf", "partial-finetune", "full-finetune", "scratch"
]
#: One list everywhere: backbones are run by openvino or pytorch, saved classifiers by openvino or onnxruntime.
BUILT_IN_ENGINES = ("auto", "openvino", "onnxruntime", "pytorch")

PathPart = Literal["folder", "parent", "name"]
ClassPlace = Literal["folder", "parent", "name", "table"]
LabelCells = Literal["auto", "several", "whole"]


def _check_engine(name: str) -> str:
    """Return the name of an engine of this package or of another; anything else is refused as pydantic wants it."""
    known = [*BUILT_IN_ENGINES, *list_plugin_names("headstart.engines")]
    if name not in known:
        raise PydanticCustomError(
            "unknown_name", "{text}", {"text": f"unknown engine {name!r}; {nearest(name, known)}"}
        )
    return name


def _check_pattern(read: Callable[[str], object]) -> AfterValidator:
    """Return a check that a pattern can be read; any other is refused as pydantic wants it."""

    def check(text: str) -> str:
        try:
            read(text)
        except ValueError as error:
            raise PydanticCustomError("class_pattern", "{text}", {"text": str(error)}) from None
        return text

    return AfterValidator(check)


def _check_modality(name: str) -> str:
    """Return the name of a modality; anything else is refused as pydantic wants it."""
    return _check_registered(name, modality.REGISTRY)


def _check_task(name: str) -> str:
    """Return the name of a task; anything else is refused as pydantic wants it."""
    return _check_registered(name, task.REGISTRY)


def _check_registered(name: str, registry: Registry[Any]) -> str:
    """Return "auto" or a name in a registry.

    Raises:
        PluginError: its package cannot be used.
    """
    known = ["auto", *registry.names()]
    if name not in known:
        text = f"unknown {registry.kind} {name!r}; {nearest(name, known)}; a package may bring others"
        raise PydanticCustomError("unknown_name", "{text}", {"text": text})
    if name != "auto":
        registry.get(name)
    return name


class DataSettings(Chapter):
    """Reading of items and labels."""

    chapter_name = "data"
    chapter_title = "Data and labels"
    chapter_first: ClassVar[tuple[str, ...]] = ("task", "group_from")

    modality: Annotated[str, AfterValidator(_check_modality)] = Field(
        "auto",
        description="Kind of data; auto: by the names of the files, or the shape of the array.",
    )
    task: Annotated[str, AfterValidator(_check_task)] = Field(
        "auto", description="Kind of question that is learnt, such as classification; auto: by the labels."
    )
    classes_from: ClassPlace | None = Field(
        None,
        description="Where the class of a sample stands: folder, the first one; parent, the one right above the file; "
        "name, the file's name; table, the table in the folder. Found out when not given.",
    )
    class_pattern: Annotated[str, _check_pattern(read_class_pattern)] | None = Field(
        None,
        description="Regular expression that reads the class off the file's name, such as '^([a-z]+)_', and perhaps "
        "the group: '(?P<group>s[0-9]+)_(?P<label>[a-z]+)'. With a slash in it, off the path under the source.",
    )
    group_from: PathPart | None = Field(
        None,
        description="Where the group of a sample stands, such as its patient, which stays on one side of the split.",
    )
    group_pattern: Annotated[str, _check_pattern(read_group_pattern)] | None = Field(
        None,
        description="Regular expression that reads the group off the name of the file, such as '^([^_]+)_': its part "
        "in brackets, such as the speaker. With a slash in it, off the path under the source, or of the table's row.",
    )
    path_column: str | None = Field(
        None,
        description="Column of a table that has the paths or ids of the files; found by names and cells if not given.",
    )
    text_column: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Column of a table whose cells are texts to learn from, or several with commas between, such as "
        "title,body, which are joined with their names; found by names and cells if not given.",
    )
    number_shift: int | None = Field(
        None,
        description="Number that is added to those at the end of a table's paths or ids to get those of the files, "
        "such as 1 where rows count from 0 and files from 1; 0 takes them as they stand.",
    )
    label_column: str | None = Field(
        None,
        description="Column of a table that has the labels, or several with commas between, such as length,width; "
        "found by names and by what they hold when not given.",
    )
    label_cells: LabelCells = Field(
        "auto",
        description="Whether cells such as NA, ? or none are rows without a label, and such as a;b have several labels "
        "(auto), each cell has several labels, an empty one none of them (several), or each cell is a class as it "
        "stands (whole).",
    )
    label_separator: Annotated[str, Field(min_length=1, max_length=8)] | None = Field(
        None, description="Text between the labels in a cell that has several, such as '|'; found when not given."
    )
    order: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Labels from the lowest to the highest with commas between, such as bad,fair,good, for a task of "
        "ordered classes.",
    )
    split_column: str | None = Field(
        None,
        description="Column of a table that says the part of each row: train, val, test, true or false, or a fold; "
        "none takes none.",
    )
    group_column: str | None = Field(
        None,
        description="Column of a table with the group of each row, such as its patient; found by its name and by what "
        "it holds when not given; none leaves rows apart.",
    )
    min_samples: Annotated[int, Field(ge=0)] = Field(
        0,
        description="Classes with fewer usable samples than this, in train where parts are given, are left out with a "
        "note; 3 leaves out those that cannot be split.",
    )
    encoding: str | None = Field(
        None,
        description="Encoding of a text table or of names in an archive that are not UTF-8, such as gbk; found or "
        "asked for when not given.",
    )

    def given(self) -> dict[str, str]:
        """Return what is said of the data, by name."""
        values = {name: (getattr(self, name), field.default) for name, field in DataSettings.model_fields.items()}
        return {name: value for name, (value, default) in values.items() if value != default}


class RunSettings(Chapter):
    """The job: what is learnt, on what, and where it goes."""

    chapter_name = "run"
    chapter_title = "The job"
    chapter_first: ClassVar[tuple[str, ...]] = ("out", "backbone", "strategy", "budget", "seed", "split_from")

    out: Path | None = Field(None, description="Folder of the run; runs/NAME-TIME when not given. Never overwritten.")
    strategy: StrategyName = Field(
        "auto",
        description="How to transfer; auto tries the probes, and with a budget trains the network too if it fits.",
    )
    backbone: str | None = Field(
        None,
        description="The network; that of the modality when not given. efficientnet_lite0, _lite1 or _lite2 (offline); "
        "VGG16, ResNet50 and the like or timm:NAME (hub); NAME@FILE (checkpoint); several, separated by commas; auto "
        "tries several on a sample.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="Decides the split, the folds and the mlp.")
    budget: str | None = Field(
        None,
        description="Time that may be spent, such as 90s, 10m or 2h; none by default. It decides what is trained: "
        "reading, features, probes, test and export count in it but are never cut short; the report comes on top.",
    )
    test_share: Annotated[float, Field(gt=0, lt=0.9)] = Field(
        0.2, description="Share of the samples kept for the test."
    )
    validation_share: Annotated[float, Field(gt=0, lt=0.9)] = Field(
        0.15, description="Share of the samples kept for choosing; of the train part where a test part is given."
    )
    split_from: Path | None = Field(None, description="A run whose split is kept; only new samples are placed.")
    precision: Precision = Field(
        "auto",
        description="Arithmetic of the forward pass; auto: bf16 where the CPU has it, and f32 for numbers and several "
        "labels, which bf16 would move.",
    )
    engine: Annotated[str, AfterValidator(_check_engine)] = Field(
        "auto", description="What runs the backbone: openvino or pytorch; auto picks the fastest that proves itself."
    )
    workers: Annotated[int, Field(ge=0, le=1024)] = Field(0, description="Threads for decoding; 0 means one per core.")
    store: Path | None = Field(None, description="Folder of computed features; default HEADSTART_STORE or a cache.")


class HeadSettings(Chapter):
    """Fitting of heads."""

    chapter_name = "heads"
    chapter_title = "The head"
    chapter_first: ClassVar[tuple[str, ...]] = ("head",)

    head: HeadName = Field(
        "logistic",
        description="What is fitted on the features; auto tries logistic and ridge, validation decides.",
    )
    folds: Annotated[int, Field(ge=2, le=20)] = Field(5, description="Folds of the cross-validation inside train.")
    c_low: Annotated[float, Field(gt=0)] = Field(1e-5, description="Smallest C (inverse of the penalty) of the path.")
    c_high: Annotated[float, Field(gt=0)] = Field(1e3, description="Largest C of the path.")
    c_points: Annotated[int, Field(ge=1, le=100)] = Field(17, description="Values of C on the path, evenly in log C.")
    mlp_units: Annotated[int, Field(ge=1, le=65536)] = Field(512, description="Units of the mlp's hidden layer.")
    mlp_dropout: Annotated[float, Field(ge=0, lt=1)] = Field(0.5, description="Dropout before the mlp's last layer.")
    mlp_epochs: Annotated[int, Field(ge=1, le=10000)] = Field(60, description="Most epochs the mlp is trained for.")
    mlp_rate: Annotated[float, Field(gt=0, le=1)] = Field(1e-3, description="The mlp's learning rate (Adam).")


class CompareSettings(Chapter):
    """Arms that are compared, and what is told of them."""

    chapter_name = "compare"
    chapter_title = "Comparing"

    arms: str = Field(
        "",
        description="Arms to compare instead of those of --strategy, separated by commas: names of strategies, "
        "partial-finetune:LAYER, average, vote, concat, concat-all.",
    )
    prefer: Literal["auto", "accuracy", "speed"] = Field(
        "auto",
        description="Which arm wins: accuracy, the one with the lowest loss, cross-validated where that is known; "
        "speed, the cheapest that cannot be told from the best; auto: accuracy with a budget, speed without.",
    )
    reveal_test: bool = Field(False, description="Score the losing arms on test too; the run records that it did.")
    refit: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Fit the winner once more on train and validation together: never; always; auto: a trained network "
        "where the median class has 1000 training samples or fewer, a probe always. Within the budget.",
    )


class TrustSettings(Chapter):
    """Checks of data and answers: near-duplicates, corrected labels, novelty, the report."""

    chapter_name = "trust"
    chapter_title = "Trust"
    chapter_first: ClassVar[tuple[str, ...]] = ("relabel",)

    near_duplicates: Literal["group", "report"] = Field(
        "group",
        description="What is done with samples that show the same (re-encoded, resized, cropped, brightened, mirrored, "
        "shot in a burst): group keeps them in one part, report only says so.",
    )
    relabel: Path | None = Field(
        None,
        description="A table that corrects labels, as headstart check --labels writes it.",
    )
    acceptance: Annotated[float, Field(ge=0.5, le=1)] = Field(
        0.95,
        description="Share of samples like those of training that shall not be declined as unfamiliar; 1: none is.",
    )
    coverage: Annotated[float, Field(ge=0.5, le=0.999)] = Field(
        0.9, description="Share of samples whose prediction set shall hold the right class, or interval the number."
    )
    report: bool = Field(True, description="Write report.html and model-card.md into the run's folder.")
