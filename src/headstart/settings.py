"""Every knob once: default, range, help. The CLI's flags, the settings file, the docs and saved runs come from here.

A TOML file with the same names is read with ``--config FILE``; a flag given beside it wins.
"""

import json
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from headstart.errors import SettingError, nearest

HeadName = Literal["logistic", "lda", "ridge", "mlp", "auto"]
StrategyName = Literal["auto", "linear-probe"]
Precision = Literal["auto", "bf16", "f32"]
EngineName = Literal["auto", "openvino", "pytorch"]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class RunSettings(_Settings):
    """What is learnt, on what, where it goes."""

    out: Path | None = Field(None, description="Folder of the run; runs/NAME-TIME when not given. Never overwritten.")
    strategy: StrategyName = Field("auto", description="How to transfer; auto means linear-probe for now.")
    backbone: str = Field(
        "efficientnet_lite0",
        description="efficientnet_lite0, _lite1 or _lite2 (offline), timm:NAME (hub), timm:NAME@FILE (checkpoint).",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="Decides the split, the folds and the mlp.")
    budget: str | None = Field(None, description="Time that may be spent, such as 90s, 10m or 2h; none by default.")
    test_share: Annotated[float, Field(gt=0, lt=0.9)] = Field(0.2, description="Share of the photos kept for the test.")
    validation_share: Annotated[float, Field(gt=0, lt=0.9)] = Field(
        0.15, description="Share of the photos kept for choosing; of the train part where a test part is given."
    )
    split_from: Path | None = Field(None, description="A run whose split is kept; only new photos are placed.")
    precision: Precision = Field("auto", description="Arithmetic of the forward pass; auto: bf16 where the CPU has it.")
    engine: EngineName = Field("auto", description="What runs the backbone; auto picks the fastest that proves itself.")
    workers: Annotated[int, Field(ge=0, le=1024)] = Field(0, description="Threads for decoding; 0 means one per core.")
    store: Path | None = Field(None, description="Folder of computed features; default HEADSTART_STORE or a cache.")


class HeadSettings(_Settings):
    """How heads are fitted."""

    head: HeadName = Field(
        "logistic",
        description="What is fitted on the features; auto tries logistic, lda and ridge, validation decides.",
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced weighs rare classes up, so that each class counts the same."
    )
    folds: Annotated[int, Field(ge=2, le=20)] = Field(5, description="Folds of the cross-validation inside train.")
    c_low: Annotated[float, Field(gt=0)] = Field(1e-5, description="Smallest C (inverse of the penalty) of the path.")
    c_high: Annotated[float, Field(gt=0)] = Field(1e3, description="Largest C of the path.")
    c_points: Annotated[int, Field(ge=1, le=100)] = Field(17, description="Values of C on the path, evenly in log C.")
    mlp_units: Annotated[int, Field(ge=1, le=65536)] = Field(512, description="Units of the mlp's hidden layer.")
    mlp_dropout: Annotated[float, Field(ge=0, lt=1)] = Field(0.5, description="Dropout before the mlp's last layer.")
    mlp_epochs: Annotated[int, Field(ge=1, le=10000)] = Field(60, description="Most epochs the mlp is trained for.")
    mlp_rate: Annotated[float, Field(gt=0, le=1)] = Field(1e-3, description="The mlp's learning rate (Adam).")


class FitSettings(HeadSettings, RunSettings):
    """Everything ``fit`` can be told."""

    @classmethod
    def of(cls, config: Path | None = None, **given: Any) -> Self:
        """Settings from a TOML file and keyword arguments; the latter win.

        Raises:
            SettingError: an unknown name, a value out of range, a file that cannot be read. All problems at once.
        """
        merged = {**(_read_toml(config) if config else {}), **given}
        unknown = [name for name in merged if name not in cls.model_fields]
        if unknown:
            raise SettingError(f"unknown setting {unknown[0]!r}; {nearest(unknown[0], sorted(cls.model_fields))}")
        try:
            settings = cls(**merged)
        except ValidationError as error:
            raise SettingError(in_words(error)) from None
        if settings.c_low > settings.c_high:
            raise SettingError(f"c_low {settings.c_low:g} is above c_high {settings.c_high:g}; swap them")
        if settings.test_share + settings.validation_share >= 0.95:
            raise SettingError(
                f"test_share {settings.test_share:g} and validation_share {settings.validation_share:g} leave "
                "less than 5 % to train on; make them smaller"
            )
        seconds(settings.budget)
        return settings

    def to_toml(self) -> str:
        """The settings as a TOML file for ``--config``, without ``out``: the next run has a folder of its own."""
        values = self.model_dump(mode="json", exclude_none=True, exclude={"out"})
        return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())


def seconds(budget: str | None) -> float | None:
    """A budget such as "90s", "10m" or "2h" in seconds; None for None.

    Raises:
        SettingError: another form.
    """
    if budget is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600}
    try:
        value = float(budget[:-1]) * units[budget[-1:]]
    except (ValueError, KeyError):
        value = 0.0
    if not 0 < value < float("inf"):
        raise SettingError(f"budget {budget!r} is not a time; wanted a number and s, m or h, such as 90s, 10m or 2h")
    return value


def store_folder(given: Path | None = None) -> Path:
    """Where the store lies: the argument, HEADSTART_STORE, or the platform's cache folder.

    Raises:
        SettingError: that is a file.
    """
    named = given or os.environ.get("HEADSTART_STORE")
    if not named:
        import platformdirs

        return Path(platformdirs.user_cache_dir("headstart", appauthor=False))
    folder = Path(named).expanduser()
    if folder.exists() and not folder.is_dir():
        raise SettingError(
            f"store {str(folder)!r} is a file; wanted a folder; choose another with --store or HEADSTART_STORE"
        )
    return folder


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return {name.replace("-", "_"): value for name, value in tomllib.loads(path.read_text("utf-8")).items()}
    except OSError as error:
        raise SettingError(f"settings file {str(path)!r} cannot be read: {error.strerror}; check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"settings file {str(path)!r} is not TOML: {error}; mend that line") from None


def in_words(error: ValidationError) -> str:
    """What pydantic found as one line: every setting that is wrong, what was seen, what is wanted."""
    return "; also: ".join(_problem_in_words(problem) for problem in error.errors())


def _problem_in_words(problem: ErrorDetails) -> str:
    name, seen = ".".join(map(str, problem["loc"])), problem["input"]
    field = FitSettings.model_fields.get(name)
    if problem["type"] == "literal_error" and isinstance(seen, str) and field is not None:
        return f"unknown {name} {seen!r}; {nearest(seen, list(get_args(field.annotation)))}"
    wanted = problem["msg"].removeprefix("Input should be ").removeprefix("Value error, ").partition(", unable")[0]
    return f"{name} is {seen!r}; wanted {wanted}"
