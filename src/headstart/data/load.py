"""Loading an item from where a sample has it: the one place where items of a data set are read and decoded."""

from headstart.data.sources import SampleSource
from headstart.errors import refuse_machine_faults
from headstart.modalities.batch import InputSpec
from headstart.modalities.item import Decoded, UnreadableItem
from headstart.modalities.modality import get_modality


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
