"""The contents of a task's pages as data: texts with numbers in them, tables, charts, items.

A task says with these what a run of it shows beyond what every run shows (``TaskContents``); templates lay it out and
escape whatever is in it. Every number that is shown has a name, by which it stands in the page's JSON block.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from headstart.evaluation.intervals import Interval
from headstart.reporting.charts.spec import Chart
from headstart.reporting.embedded_previews import HEAT
from headstart.reporting.item_tiles import ItemTile


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """A number in a text."""

    name: str  #: in the page's JSON block: ``test.score``
    value: float | None  #: None, or not a number: a dash is shown
    form: str = "count"  #: one of ``shown_numbers.FORMS``
    unit: str = ""  #: that follows it: "g"


@dataclass(frozen=True, slots=True)
class ShownRange:
    """Two numbers in a text, from the lower to the higher one."""

    name: str  #: they are called ``NAME.low`` and ``NAME.high``
    low: float | None
    high: float | None
    form: str = "percent"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TermLink:
    """A word that the glossary explains."""

    term: str  #: a key of ``glossary.TERMS``
    words: str = ""  #: of the link, where they are not the term itself


@dataclass(frozen=True, slots=True)
class GivenText:
    """A text of the user's: the name of a label, a file, a column."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class CodeText:
    """A command, or what else a person types."""

    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    """A part of a text that stands out."""

    parts: "Text"


@dataclass(frozen=True, slots=True)
class Tag:
    """A mark behind a text, such as "unlike training"."""

    text: str
    worse: bool = False  #: it is a warning


TextPart: TypeAlias = str | ShownNumber | ShownRange | TermLink | GivenText | CodeText | Emphasis | Tag
Text: TypeAlias = tuple[TextPart, ...]  #: what stands in one line or cell


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    kind: ClassVar[str] = "paragraph"
    text: Text
    small: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    heading: Text
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class ContentTable:
    """A table; the first cell of a row is its heading."""

    kind: ClassVar[str] = "table"
    title: str  #: in few words, for those who do not see it and for the model card
    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    caption: Text = ()
    in_card: bool = False  #: it stands in the model card too
    marked: int = -1  #: the row that stands out; -1 for none


@dataclass(frozen=True, slots=True)
class ChartRow:
    """Charts side by side; a matrix among them is laid out as a table."""

    kind: ClassVar[str] = "charts"
    charts: tuple[Chart, ...]


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item with its preview and what is said of it."""

    id: str
    name: str
    alt: str  #: the preview in words, for those who do not see it
    lines: tuple[Text, ...]
    neighbours: tuple[ItemTile, ...] = ()  #: the training samples most like it

    @property
    def heat(self) -> str:
        """The key of the preview of what spoke for its answer."""
        return f"{HEAT}{self.id}"


@dataclass(frozen=True, slots=True)
class ItemList:
    """Items one beside the other; past ``most`` they are folded away."""

    kind: ClassVar[str] = "items"
    items: tuple[ShownItem, ...]
    one: str  #: the word for one of them: "photo", "mistake"
    many: str
    most: int = 6
    detailed: bool = True  #: with room for heat maps and neighbours; else small tiles


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are shown when they are asked for."""

    kind: ClassVar[str] = "fold"
    summary: Text
    blocks: tuple["Block", ...]


Block: TypeAlias = Paragraph | ContentTable | ChartRow | ItemList | Fold


@dataclass(frozen=True, slots=True)
class Subsection:
    """A part of a section with its heading."""

    id: str  #: its anchor, unique in the page
    heading: Text
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class HeadingFact:
    """A fact of the first screen."""

    name: str
    text: Text


@dataclass(frozen=True, slots=True)
class HeadingWarning:
    """Something to look at first."""

    anchor: str  #: of the subsection that says more
    lead: Text  #: the link's text
    more: Text = ()  #: what follows it


@dataclass(frozen=True, slots=True)
class OwnScore:
    """A score on test by which people judge a model of the task: for the model card and for two runs side by side."""

    key: str  #: in names of numbers; of two runs those of one key stand side by side
    name: str
    value: float | None
    form: str
    interval: Interval | None = None
    term: str = ""  #: of the glossary, that the name links to
    unit: str = ""


@dataclass(frozen=True)
class TaskContents:
    """All that a task shows of a run beyond what every run shows."""

    heading: str  #: of the page: "Predicts weight (g)"
    answers: Text  #: for the model card, after "It takes a photo and gives"
    unit: str = ""  #: of the score: "g"
    reference: Text = ()  #: what a guess would score, sentences
    reference_score: float | None = None  #: its score, for the thin line; None: none is drawn
    facts: tuple[HeadingFact, ...] = ()
    postprocessing: tuple[HeadingFact, ...] = ()  #: how outputs become answers, for the model card: calibration, sets
    warnings: tuple[HeadingWarning, ...] = ()  #: the gravest first
    counts: ContentTable | None = None  #: samples of each target in each subset; None: by strata
    labels: tuple[Block, ...] = ()  #: suspicious labels; empty: they were not looked into
    checked: tuple[str, ...] = ()  #: what was looked at and would be warned of: "labels"
    intro: Text = ()  #: of the section on test
    test: tuple[Subsection, ...] = ()
    scores: tuple[OwnScore, ...] = ()  #: beside the task's measure and its loss
    limits: tuple[str, ...] = ()  #: caveats for the model card, sentences
    attributes: tuple[str, ...] = ()  #: of an answer in Python, for the model card

    def previews(self) -> Iterator[str]:
        """Yield the keys of the previews that are shown."""
        for block in self.labels:
            yield from list_previews(block)
        for subsection in self.test:
            for block in subsection.blocks:
                yield from list_previews(block)

    def tables(self) -> Iterator[ContentTable]:
        """Yield the tables that stand in the model card."""
        for subsection in self.test:
            for block in subsection.blocks:
                if isinstance(block, ContentTable) and block.in_card:
                    yield block


def list_previews(block: Block) -> Iterator[str]:
    """Yield the keys of the previews that a block shows."""
    if isinstance(block, Fold):
        for inner in block.blocks:
            yield from list_previews(inner)
    elif isinstance(block, ItemList):
        for item in block.items:
            yield item.id
            if block.detailed:
                yield from (item.heat, *(near.id for near in item.neighbours))
