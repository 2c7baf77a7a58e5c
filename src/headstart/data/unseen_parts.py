"""Parts of items that no network sees: a note, where the task does not say that cutting them off keeps its answer."""

from dataclasses import replace

from headstart.data.samples import Samples
from headstart_runtime.modalities.modality import get_modality


def note_unseen_parts(samples: Samples) -> Samples:
    """Return the samples with a note on what of them is not seen, where the answer may hang on it."""
    facet = get_modality(samples.modality).augmentation
    if facet is None or samples.task.invariances & {"crop", "*"}:
        return samples
    notes = facet.note_unseen([sample.properties for sample in samples.samples])
    return replace(samples, ledger=replace(samples.ledger, notes=(*samples.ledger.notes, *notes)))
