"""The section on the positive class: what is found and missed, at which threshold, and what that is worth."""

from dataclasses import dataclass

from headstart.evaluation.intervals import Proportion
from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.inline import InlineChart, draw_charts
from headstart.reporting.records import Records
from headstart.tasks.classification.screening import Area, Screening

#: Fields of ``Screening``, how a table calls them, and what they are, with a place for the class and for items.
SHARES = {
    "sensitivity": "found, of all {many} of it",
    "specificity": "left alone, of all others",
    "precision": "right, of all alarms",
    "negative_predictive_value": "right, of all that were left alone",
}
AREAS = {"roc_area": "area under the ROC curve", "average_precision": "average precision"}


@dataclass(frozen=True, slots=True)
class ShownShare:
    """A share in the table."""

    key: str
    term: str  #: of the glossary
    meaning: str
    value: Proportion | None


@dataclass(frozen=True, slots=True)
class ShownArea:
    """An area in the table."""

    key: str
    term: str  #: of the glossary
    value: Area | None


@dataclass(frozen=True)
class ScreeningSection:
    """The contents of the section."""

    found: Screening
    wish: str  #: as the user wrote it; "" where there was none
    shares: tuple[ShownShare, ...]
    areas: tuple[ShownArea, ...]
    curves: tuple[InlineChart, ...]
    thresholds: tuple[InlineChart, ...]


def build_screening_section(records: Records) -> ScreeningSection | None:
    """Return how well the positive class is predicted on test; None where none is looked for."""
    found = records.test.screening
    if found is None:
        return None
    fill = records.noun.fill
    return ScreeningSection(
        found=found,
        wish="" if found.wish is None else str(found.wish),
        shares=tuple(
            ShownShare(key, key.replace("_", " "), fill(meaning), getattr(found, key))
            for key, meaning in SHARES.items()
        ),
        areas=tuple(ShownArea(key, term, getattr(found, key)) for key, term in AREAS.items()),
        curves=(
            *draw_charts(charts.positive_roc_chart, records),
            *draw_charts(charts.positive_precision_chart, records),
        ),
        thresholds=(
            *draw_charts(charts.threshold_rates_chart, records),
            *draw_charts(charts.decision_curve_chart, records),
        ),
    )
