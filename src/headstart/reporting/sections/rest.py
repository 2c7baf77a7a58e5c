"""The sections on slices, more data, cost, and how to repeat the run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headstart.diagnostics.learning_curve import PARTS
from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.inline import InlineChart, draw_charts
from headstart.reporting.records import Records
from headstart.settings import FitSettings

UNSHOWN = ("out",)  #: the folder of the run is no setting that another run could share


@dataclass(frozen=True, slots=True)
class ShownSlice:
    """A kind of photo on test."""

    index: int  #: in trust.json
    by: str
    value: str
    n: int
    right: int
    accuracy: float
    low: float
    high: float
    adjusted: float
    worse: bool


@dataclass(frozen=True)
class SlicesSection:
    """What the section shows."""

    n: int
    accuracy: float
    least: int
    rows: tuple[ShownSlice, ...]
    worst: ShownSlice | None
    charts: tuple[InlineChart, ...]


def build_slices_section(records: Records) -> SlicesSection:
    """What the section shows."""
    it = records.trust["slices"]
    names = [name for name in ShownSlice.__slots__ if name != "index"]
    rows = tuple(ShownSlice(index, **{name: row[name] for name in names}) for index, row in enumerate(it["slices"]))
    worst = it["worst"] and next(
        row for row in rows if (row.by, row.value) == (it["worst"]["by"], it["worst"]["value"])
    )
    return SlicesSection(it["n"], it["accuracy"], it["least"], rows, worst, draw_charts(charts.slices_chart, records))


@dataclass(frozen=True, slots=True)
class ShownGain:
    """What more photos gave a class."""

    index: int  #: in trust.json
    name: str
    recall_half: float
    recall_all: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class MoreDataSection:
    """What the section shows."""

    charts: tuple[InlineChart, ...]
    gains: tuple[ShownGain, ...]  #: most first
    most: ShownGain | None  #: the class that gains most; None where none does
    least: int = PARTS  #: training photos of each class, no two of one group, that a learning curve takes


def build_more_data_section(records: Records) -> MoreDataSection:
    """What the section shows."""
    found = (records.trust["learning_curve"] or {}).get("gains", ())
    gains = sorted((ShownGain(index, **it) for index, it in enumerate(found)), key=lambda row: -row.gain)
    most = gains[0] if gains and gains[0].gain > 0 else None
    return MoreDataSection(
        (*draw_charts(charts.learning_curve_chart, records), *draw_charts(charts.gains_chart, records)),
        tuple(gains),
        most,
    )


@dataclass(frozen=True, slots=True)
class StageTime:
    """A part of the run."""

    name: str
    seconds: float
    share: float  #: of the longest


@dataclass(frozen=True)
class CostSection:
    """What the section shows."""

    stages: tuple[StageTime, ...]
    charts: tuple[InlineChart, ...]


def build_cost_section(records: Records) -> CostSection:
    """What the section shows."""
    seconds: Mapping[str, float] = records.run["seconds"]
    longest = max(seconds.values(), default=0.0) or 1.0
    stages = tuple(StageTime(name, took, took / longest) for name, took in seconds.items())
    return CostSection(stages, draw_charts(charts.cost_chart, records))


@dataclass(frozen=True, slots=True)
class SettingValue:
    """A knob of the run."""

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
    """What the section shows."""

    settings: tuple[SettingValue, ...]
    facts: tuple[Fact, ...]

    @property
    def changed(self) -> tuple[SettingValue, ...]:
        """Those that differ from the defaults."""
        return tuple(it for it in self.settings if it.value != it.default)


def build_repeat_section(records: Records) -> RepeatSection:
    """What the section shows."""
    defaults = FitSettings.load().model_dump(mode="json")
    given: Mapping[str, Any] = records.run["settings"]
    settings = tuple(
        SettingValue(name, _in_toml(value), _in_toml(defaults.get(name)))
        for name, value in given.items()
        if name not in UNSHOWN
    )
    return RepeatSection(settings, tuple(_list_facts(records)))


def _in_toml(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _list_facts(records: Records) -> Iterator[Fact]:
    run, trust = records.run, records.trust
    yield Fact("photos", run["source"])
    yield Fact("digest of the photos", trust["data_digest"] or "not recorded")
    for it in run["backbones"]:
        yield Fact("backbone", f"{it['name']}: {it['architecture']}, {it['parameters']:,} parameters")
        yield Fact("its weights", it["weights"])
        yield Fact("SHA-256 of the weights", it["weights_sha256"])
        yield Fact("licence of the weights", it["licence"] or "unknown")
    yield Fact("ran on", f"{run['engine']['name']}, {run['engine']['precision']}")
    for proof in run["proofs"]:
        least = min(proof["cosine"].values())
        yield Fact(
            "proof",
            f"{proof['engine']} {proof['precision']} against {proof['reference']} on {proof['photos']} photos: least "
            f"cosine of a layer's features {least:.4f}",
        )
    yield Fact("seed", str(run["settings"]["seed"]))
    yield Fact("headstart", run["headstart"])
    yield Fact("libraries", ", ".join(f"{name} {number}" for name, number in run["versions"].items()))
    yield Fact("machine", f"Python {run['machine']['python']}, {run['machine']['platform']}")
    yield Fact("made", run["date"])
