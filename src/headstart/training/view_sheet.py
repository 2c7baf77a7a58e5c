"""A sheet of changed views: some samples, each plain and as training changes it."""

from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from headstart.data.load import load_item
from headstart.data.samples import Sample, Samples
from headstart.storage.atomic import replace_bytes
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.modalities.batch import InputSpec
from headstart_runtime.modalities.facets import AugmentationFacet, SheetItem, Thumbnail
from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.modalities.modality import Modality, all_modalities, get_modality


def check_sheet_file(file: Path) -> None:
    """Refuse a file for a sheet that cannot be written, before anything is read.

    Raises:
        SettingError: an ending that no modality's sheet has, or a file that is there already.
    """
    facets = filter(None, map(_find_facet, all_modalities()))
    _refuse_suffix(file, dict.fromkeys(suffix for facet in facets for suffix in facet.sheet_suffixes))
    if file.exists():
        raise SettingError(f"sheet {str(file)!r} is there already and is not overwritten; name another, or remove it")


def write_view_sheet(file: Path, samples: Samples, settings: Any, *, seed: int = 0) -> None:
    """Write a sheet of some samples of every class, as a network that is trained for their task sees them.

    Args:
        file: where.
        samples: of any modality that has changed views.
        settings: of the changes.
        seed: of the changes.

    Raises:
        SettingError: the file cannot be written, or is there already; the modality has no sheets.
        DataError: no sample decodes.
    """
    check_sheet_file(file)
    facet = _find_facet(get_modality(samples.modality))
    if facet is None:
        raise SettingError(f"there is no sheet of changed {samples.noun.many}; leave it out")
    _refuse_suffix(file, dict.fromkeys(facet.sheet_suffixes))
    sheet = _draw(facet, samples, facet.make_sheet_spec(), settings, seed=seed, suffix=file.suffix.lower())
    if sheet is None:
        raise DataError(
            f"{samples.root} has no {samples.noun.one} that decodes, so there is nothing to draw; run headstart check"
        )
    try:
        replace_bytes(file, sheet.content)
    except OSError as error:
        raise SettingError(f"sheet {str(file)!r} cannot be written: {error.strerror}; name another") from None


def draw_view_sheet(samples: Samples, spec: InputSpec, settings: Any, *, seed: int) -> Thumbnail | None:
    """Return a sheet for a report; None where no sample decodes or the modality has no sheets.

    Args:
        samples: some of them are shown.
        spec: of the views.
        settings: of the changes.
        seed: of the changes.
    """
    facet = _find_facet(get_modality(samples.modality))
    return None if facet is None else _draw(facet, samples, spec, settings, seed=seed, suffix="")


def interleave_strata(samples: Samples) -> list[Sample]:
    """Return all samples, classes in turn, those of a class by their digests: adding samples changes little."""
    strata = samples.stratify()
    by_stratum: list[list[Sample]] = [[] for _ in strata.names]
    numbered = zip(samples.samples, strata.numbers.tolist(), strict=True)
    for sample, stratum in sorted(numbered, key=lambda pair: pair[0].digest):
        by_stratum[stratum].append(sample)
    return [sample for sample in chain.from_iterable(zip_longest(*by_stratum)) if sample is not None]


def _find_facet(modality: Modality) -> AugmentationFacet | None:
    """Return the changed views of a modality; None where it has none, or another package's draw no sheets."""
    facet = modality.augmentation
    return facet if facet is not None and hasattr(facet, "sheet_suffixes") else None


def _draw(
    facet: AugmentationFacet, samples: Samples, spec: InputSpec, settings: Any, *, seed: int, suffix: str
) -> Thumbnail | None:
    augmenter = facet.make_augmenter(settings, samples.task.invariances)
    return facet.draw_sheet(_load_items(samples, spec), spec, augmenter, seed=seed, suffix=suffix)


def _load_items(samples: Samples, spec: InputSpec) -> Iterator[SheetItem]:
    """Yield samples that decode, spread over the classes."""
    for sample in interleave_strata(samples):
        try:
            value = load_item(sample.source, spec).value
        except BrokenItem:
            continue
        yield SheetItem(samples.describe(sample), sample.digest, value)


def _refuse_suffix(file: Path, wanted: dict[str, None]) -> None:
    if file.suffix.lower() not in wanted:
        raise SettingError(f"sheet {str(file)!r} ends in {file.suffix!r}; wanted one of {', '.join(wanted)}")
