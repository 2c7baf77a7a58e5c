"""Items that would take too much memory once they are decoded, few bytes as they have: refused by their headers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from headstart_runtime.inference.batch_worker import BatchWorker
from headstart_runtime.modalities.item import BrokenItem, NamedItem
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.modalities.optional_facets import MeasuredModality
from headstart_runtime.tasks.task import OutputRule


def refuse_large(item: Any, modality: Modality, most: float) -> Any:
    """Return an item, or in its place one of the same name that says why it is not decoded.

    Args:
        item: of a call.
        modality: of the model that is asked.
        most: megabytes that it may take.
    """
    content = item.value if isinstance(item, NamedItem) else item
    if not (isinstance(content, bytes) and isinstance(modality, MeasuredModality)):
        return item
    try:
        size = modality.measure_decoded(content) / 1e6
    except BrokenItem:  # its decoder says so again
        return item
    if size <= most:
        return item
    reason = f"too large: about {size:,.0f} MB while it is decoded, and {most:,g} are taken here; save it smaller"
    return NamedItem(item.name if isinstance(item, NamedItem) else "item", BrokenItem(reason))


def limit_sizes(worker: BatchWorker, modality: Modality, most: float) -> BatchWorker:
    """Return a worker that answers items that are too large with an error, without decoding them."""

    def predict(rules: Sequence[OutputRule], items: Sequence[Any]) -> list[Any]:
        return worker.predict(rules, [refuse_large(item, modality, most) for item in items])

    return replace(worker, predict=predict)
