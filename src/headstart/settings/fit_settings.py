"""All settings of a fit: read from keywords and a file, seen flat or by chapter, and written again."""

import json
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import ValidationError

from headstart.errors import SettingError
from headstart.settings.chapters import (
    AugmentSettings,
    CompareSettings,
    DataSettings,
    HeadSettings,
    RunSettings,
    TrainSettings,
    TrustSettings,
)
from headstart.settings.keywords import CHAPTERS, flatten, read_toml
from headstart.settings.values import describe_validation_error, parse_duration, parse_size

Chapter = TypeVar(
    "Chapter", RunSettings, DataSettings, HeadSettings, TrainSettings, AugmentSettings, CompareSettings, TrustSettings
)


class FitSettings(
    TrustSettings, CompareSettings, TrainSettings, AugmentSettings, HeadSettings, DataSettings, RunSettings
):
    """All settings of ``fit``: flat as ``settings.rate``, by chapter as ``settings.train.rate``."""

    @classmethod
    def load(cls, config: Path | None = None, **options: Any) -> Self:
        """Return the settings of a TOML file and of keyword arguments, which win.

        Args:
            config: a file of settings, flat or in tables named after the chapters.
            **options: settings by name; or chapters by name, each a mapping or an instance of the chapter.

        Raises:
            SettingError: an unknown name, a setting given twice, a value out of range, a file that cannot be read.
                Values that are wrong are named all at once.
        """
        merged = {**(flatten(read_toml(config)) if config else {}), **flatten(options)}
        try:
            settings = cls(**merged)
        except ValidationError as error:
            raise SettingError(describe_validation_error(error)) from None
        if settings.c_low > settings.c_high:
            raise SettingError(f"c_low {settings.c_low:g} is above c_high {settings.c_high:g}; swap them")
        if settings.test_share + settings.validation_share >= 0.95:
            raise SettingError(
                f"test_share {settings.test_share:g} and validation_share {settings.validation_share:g} leave "
                "less than 5 % to train on; make them smaller"
            )
        if settings.engine == "onnxruntime":
            raise SettingError(
                "engine 'onnxruntime' answers with saved classifiers; a backbone is run by openvino or pytorch; "
                "choose one of them, or auto"
            )
        parse_duration(settings.budget)
        parse_size(settings.cache_budget)
        return settings

    @property
    def run(self) -> RunSettings:
        """Return the chapter of what is learnt, on what, and where it goes."""
        return self._chapter(RunSettings)

    @property
    def data(self) -> DataSettings:
        """Return the chapter of how photos and labels are read."""
        return self._chapter(DataSettings)

    @property
    def heads(self) -> HeadSettings:
        """Return the chapter of how heads are fitted."""
        return self._chapter(HeadSettings)

    @property
    def train(self) -> TrainSettings:
        """Return the chapter of how networks are trained."""
        return self._chapter(TrainSettings)

    @property
    def augment(self) -> AugmentSettings:
        """Return the chapter of how training photos are changed."""
        return self._chapter(AugmentSettings)

    @property
    def compare(self) -> CompareSettings:
        """Return the chapter of what is compared."""
        return self._chapter(CompareSettings)

    @property
    def trust(self) -> TrustSettings:
        """Return the chapter of what makes a result one that can be trusted."""
        return self._chapter(TrustSettings)

    def _chapter(self, kind: type[Chapter]) -> Chapter:
        given = self.model_fields_set & kind.model_fields.keys()
        values = {name: getattr(self, name) for name in kind.model_fields}
        return kind.model_construct(given, **values)

    def to_toml(self) -> str:
        """Return the settings as a TOML file, a table for each chapter, for ``config`` and ``--config``.

        Without ``out``: the next run has a folder of its own.
        """
        values = self.model_dump(mode="json", exclude_none=True, exclude={"out"})
        tables = []
        for name, kind in CHAPTERS.items():
            lines = [
                f"{key} = {json.dumps(values[key], ensure_ascii=False)}" for key in kind.model_fields if key in values
            ]
            if lines:
                tables.append("\n".join([f"[{name}]", *lines]) + "\n")
        return "\n".join(tables)
