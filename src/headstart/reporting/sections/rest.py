"""The sections on slices, more data, cost, and how to repeat the run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headstart.diagnostics.learning_curve import PARTS
from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.inline import Plot, plots
from headstart.reporting.records import Records
from headstart.settings import FitSettings

UNSHOWN = ("out",)  #: the folder of the run is no setting that another run could share


@dataclass(frozen=True, slots=True)
class SliceRow:
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
class SlicesShown:
    """What the section shows."""

    n: int
    accuracy: float
    least: int
    rows: tuple[SliceRow, ...]
    worst: SliceRow | None
    charts: tuple[Plot, ...]


def slices_section(records: Records) -> SlicesShown:
    """What the section shows."""
    it = records.trust["slices"]
    names = [name for name in SliceRow.__slots__ if name != "index"]
    rows = tuple(SliceRow(index, **{name: row[name] for name in names}) for index, row in enumerate(it["slices"]))
    worst = it["worst"] and next(
        row for row in rows if (row.by, row.value) == (it["worst"]["by"], it["worst"]["value"])
    )
    return SlicesShown(it["n"], it["accuracy"], it["least"], rows, worst, plots(charts.slices, records))


@dataclass(frozen=True, slots=True)
class GainRow:
    """What more photos gave a class."""

    index: int  #: in trust.json
    name: str
    recall_half: float
    recall_all: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class More:
    """What the section shows."""

    charts: tuple[Plot, ...]
    gains: tuple[GainRow, ...]  #: most first
    most: GainRow | None  #: the class that gains most; None where none does
    least: int = PARTS  #: training photos of each class, no two of one group, that a learning curve takes


def more_section(records: Records) -> More:
    """What the section shows."""
    found = (records.trust["learning_curve"] or {}).get("gains", ())
    gains = sorted((GainRow(index, **it) for index, it in enumerate(found)), key=lambda row: -row.gain)
    most = gains[0] if gains and gains[0].gain > 0 else None
    return More((*plots(charts.learning_curve, records), *plots(charts.gains, records)), tuple(gains), most)


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the run."""

    name: str
    seconds: float
    share: float  #: of the longest


@dataclass(frozen=True)
class Costs:
    """What the section shows."""

    stages: tuple[Stage, ...]
    charts: tuple[Plot, ...]


def cost_section(records: Records) -> Costs:
    """What the section shows."""
    seconds: Mapping[str, float] = records.run["seconds"]
    longest = max(seconds.values(), default=0.0) or 1.0
    stages = tuple(Stage(name, took, took / longest) for name, took in seconds.items())
    return Costs(stages, plots(charts.cost, records))


@dataclass(frozen=True, slots=True)
class Setting:
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
class Repeat:
    """What the section shows."""

    settings: tuple[Setting, ...]
    facts: tuple[Fact, ...]

    @property
    def changed(self) -> tuple[Setting, ...]:
        """Those that differ from the defaults."""
        return tuple(it for it in self.settings if it.value != it.default)


def repeat_section(records: Records) -> Repeat:
    """What the section shows."""
    defaults = FitSettings.load().model_dump(mode="json")
    given: Mapping[str, Any] = records.run["settings"]
    settings = tuple(
        Setting(name, _in_toml(value), _in_toml(defaults.get(name)))
        for name, value in given.items()
        if name not in UNSHOWN
    )
    return Repeat(settings, tuple(_facts(records)))


def _in_toml(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _facts(records: Records) -> Iterator[Fact]:
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
