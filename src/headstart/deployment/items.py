"""Items that an export is proved on: the user's own, held out, and those that the modality draws."""

from collections.abc import Sequence
from dataclasses import dataclass

from headstart.deployment.item_proof import ProofItem
from headstart.deployment.validation import ValidationItems
from headstart_runtime.modalities.item import ItemLike
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.modalities.optional_facets import draw_items

MOST_ITEMS = 1000  #: of the user's own; more are spread evenly over


@dataclass(frozen=True, slots=True, eq=False)
class OwnItems:
    """The user's own items that an export is proved on, and, for int8, those it is calibrated and judged by."""

    items: Sequence[ProofItem] = ()
    source: str = ""  #: where they are from, for people: "the test photos of runs/beetles"; or why there are none
    training: Sequence[ItemLike] = ()
    validation: ValidationItems | None = None


def list_drawn(modality: Modality) -> list[ProofItem]:
    """Return the items that a modality draws."""
    return [ProofItem(name, content, drawn=True) for name, content in draw_items(modality).items()]


def spread(items: Sequence[ProofItem], most: int = MOST_ITEMS) -> Sequence[ProofItem]:
    """Return at most so many items, spread evenly over all."""
    if len(items) <= most:
        return items
    return [items[index * len(items) // most] for index in range(most)]
