"""Loading an item from where a sample has it: the one place where items of a data set are read and decoded."""

from collections.abc import Sequence
from typing import Any, overload

from headstart.data.sources import FileSource, SampleSource
from headstart_runtime.errors import refuse_machine_faults
from headstart_runtime.modalities.batch import InputSpec
from headstart_runtime.modalities.item import BrokenItem, Decoded, ItemLike, UnreadableItem
from headstart_runtime.modalities.modality import get_modality


def get_item(source: SampleSource) -> ItemLike:
    """Return an item as a caller would give it to a saved classifier: the path of its file, or what it is made of."""
    return source.path if isinstance(source, FileSource) else source.read()


def try_item(source: SampleSource) -> ItemLike | BrokenItem:
    """Return an item as ``get_item`` does; of one that cannot be read, as where its file was cut off, why."""
    try:
        return get_item(source)
    except BrokenItem as error:
        return error
    except OSError as error:
        refuse_machine_faults(error, "to read items")
        return UnreadableItem(f"cannot be read: {error.strerror or error}")


def load_item(source: SampleSource, spec: InputSpec) -> Decoded:
    """Return an item, decoded for a spec of its modality.

    Raises:
        BrokenItem: it cannot be read or decoded; the message is the reason.
    """
    modality = get_modality(spec.kind)
    try:
        raw = source.read()
    except OSError as error:
        refuse_machine_faults(error, f"to read {modality.noun.many}")
        raise UnreadableItem(f"cannot be read: {error.strerror or error}") from error
    return modality.decode(raw, spec)


class DecodedItems(Sequence[Any]):
    """The items of N places, each read and decoded when it is asked for, and not kept."""

    def __init__(self, sources: Sequence[SampleSource], spec: InputSpec) -> None:
        self._sources, self._spec = sources, spec

    def __len__(self) -> int:
        return len(self._sources)

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> "DecodedItems": ...

    def __getitem__(self, index: int | slice) -> Any:
        """Return a decoded item, or the items of some places.

        Raises:
            BrokenItem: it cannot be read or decoded any more.
        """
        if isinstance(index, slice):
            return DecodedItems(self._sources[index], self._spec)
        return load_item(self._sources[index], self._spec).value
