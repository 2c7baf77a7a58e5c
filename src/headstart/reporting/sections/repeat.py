"""The section on how to repeat the run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headstart.reporting.run_records import RunRecords
from headstart.settings import FitSettings

NOT_SHOWN = ("out",)  #: the folder of the run is no setting that another run could share


@dataclass(frozen=True, slots=True)
class SettingValue:
    """A setting of the run."""

    name: str
    value: str
    default: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A line on what the run was made with."""

    name: str
    value: str


@dataclass(frozen=True)
class RepeatSection:
    """The contents of the section."""

    settings: tuple[SettingValue, ...]
    facts: tuple[Fact, ...]

    @property
    def changed(self) -> tuple[SettingValue, ...]:
        """Settings that differ from the defaults."""
        return tuple(setting for setting in self.settings if setting.value != setting.default)


def build_repeat_section(records: RunRecords) -> RepeatSection:
    """Return the settings, versions, hashes and licences."""
    defaults = FitSettings.load().model_dump(mode="json")
    settings = tuple(
        SettingValue(name, format_setting(value), format_setting(defaults.get(name)))
        for name, value in records.run.settings.items()
        if name not in NOT_SHOWN
    )
    return RepeatSection(settings, tuple(_list_facts(records)))


def format_setting(value: Any) -> str:
    """Return a setting's value as TOML writes it."""
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _list_facts(records: RunRecords) -> Iterator[Fact]:
    noun = records.noun
    run = records.run
    yield Fact(noun.many, run.source)
    yield Fact(f"digest of the {noun.many}", records.trust.data_digest or "not recorded")
    for backbone in run.backbones:
        yield Fact("backbone", f"{backbone.name}: {backbone.architecture}, {backbone.parameters:,} parameters")
        yield Fact("its weights", backbone.weights)
        yield Fact("SHA-256 of the weights", backbone.weights_sha256)
        yield Fact("licence of the weights", backbone.licence or "unknown")
    yield Fact("ran on", f"{run.engine.name}, {run.engine.precision}")
    for check in run.proofs:
        yield Fact(
            "parity check of the engine",
            f"{check.engine} {check.precision} against {check.reference} on {check.samples} {noun.many}: least cosine "
            f"of a layer's features {min(check.cosine.values()):.4f}",
        )
    yield Fact("seed", str(run.settings["seed"]))
    yield Fact("headstart", run.headstart)
    yield Fact("libraries", ", ".join(f"{name} {number}" for name, number in run.versions.items()))
    yield Fact("machine", f"Python {run.machine['python']}, {run.machine['platform']}")
    yield Fact("made", run.date)
