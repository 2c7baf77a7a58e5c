"""Images as a modality. What is behind a facet is imported when it is first asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.fitting_parts import import_fitting_part
from headstart_runtime.modalities import facets
from headstart_runtime.modalities.batch import Batch
from headstart_runtime.modalities.demonstration import Demonstration
from headstart_runtime.modalities.explanation_facet import ExplanationFacet
from headstart_runtime.modalities.image import decode as decoder
from headstart_runtime.modalities.image.decode import Pixels
from headstart_runtime.modalities.image.decoding.depth import (
    BitDepth,
    describe_depth,
    describe_scaling,
    fit_common_ranges,
    fit_range,
    summarise_depths,
)
from headstart_runtime.modalities.image.decoding.pictures import summarise_pages
from headstart_runtime.modalities.image.decoding.sizes import measure_decoded
from headstart_runtime.modalities.image.load import OpenedPhoto, is_one_photo, suggest_remedy
from headstart_runtime.modalities.image.recognition import HINTS, is_identified, may_be_identified
from headstart_runtime.modalities.image.spec import WHOLE_EDGE, ImageSpec
from headstart_runtime.modalities.image.wording import PHOTO
from headstart_runtime.modalities.item import BrokenItem, Decoded, Excerpt, ItemFacts, Raw, is_drawn
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.modalities.optional_facets import WebPage
from headstart_runtime.modalities.preprocessing_facet import PreprocessingFacet

if TYPE_CHECKING:
    from headstart.settings.chapter import Chapter

PART_OF_FILE = "a stretch of a file in seconds; a photo is a whole file"
PIXELS = "pixels"  #: the one tensor of a batch, uint8 (B, S, S, 3)


class ImageModality:
    """Photos, drawings, scans: files that a decoder of images opens, and arrays of uint8."""

    name = "image"
    noun = PHOTO
    suffixes = decoder.SUFFIXES
    hints = HINTS
    default_backbone = "efficientnet_lite0"

    def accepts(self, value: object) -> bool:
        """Return whether a caller gave one photo, or an attempt at one, and not a collection of photos."""
        return is_one_photo(value)

    def accepts_array(self, array: NDArray[Any]) -> bool:
        """Return whether an array looks like photos: uint8 (N, H, W) or (N, H, W, channels)."""
        return array.ndim in (3, 4)

    def open(self, value: object) -> OpenedPhoto:
        """Return a photo as a caller gave it; nothing is read yet."""
        return OpenedPhoto(value)

    def suggest_remedy(self, value: object, message: str) -> str:
        """Return advice about a photo that cannot be read, to stand behind a message."""
        return suggest_remedy(value, message)

    def recognise(self, head: bytes) -> bool | None:
        """Return whether a file that begins so is a photo; None where only all of it says."""
        if is_identified(head):
            return True
        return None if may_be_identified(head) else False

    def identify(self, raw: Raw) -> ItemFacts:
        """Return format, width and height in pixels as stored, camera, pages, and the range of more than 8 bits.

        Raises:
            BrokenItem: no photo in a known format, one so large that decoding it could exhaust memory, or a picture
                that headstart drew.
        """
        if isinstance(raw, np.ndarray):
            return ItemFacts("array", {"width": raw.shape[1], "height": raw.shape[0]})
        if isinstance(raw, Excerpt):
            raise BrokenItem(PART_OF_FILE)
        if is_drawn(raw):
            raise BrokenItem("a picture that headstart drew")
        header = decoder.identify(raw)
        properties: dict[str, Any] = {"width": header.width, "height": header.height}
        if header.camera:
            properties["camera"] = header.camera
        if header.pages > 1:
            properties["pages"] = header.pages
        depth = decoder.measure_depth(raw) if header.deep else None
        if depth is not None:
            properties["depth"] = asdict(depth)
        note = "; ".join(filter(None, (header.note, describe_depth(depth) if depth else "")))
        variant = [header.mode] if header.mode != "RGB" else []
        if header.orientation != 1:
            variant.append(f"orientation {header.orientation}")
        return ItemFacts(header.format, properties, note, ", ".join(variant))

    def measure_decoded(self, content: bytes) -> int:
        """Return the bytes that a photo takes at most while it is decoded, about.

        Raises:
            BrokenItem: no photo in a known format.
        """
        return measure_decoded(content)

    def decode(self, raw: Raw, spec: ImageSpec | None) -> Decoded:
        """Decode a photo upright, uint8 (H, W, 3); a JPEG shrinks while decoding as the spec allows.

        Raises:
            BrokenItem: it cannot be decoded.
            DataError: an array of another shape or type.
        """
        if isinstance(raw, np.ndarray):
            return Decoded(decoder.array_to_rgb(raw))
        if isinstance(raw, Excerpt):
            raise BrokenItem(PART_OF_FILE)
        photo = decoder.decode(raw, spec)
        return Decoded(photo.pixels, photo.repaired, photo.note)

    def make_parts(self, value: Pixels, spec: ImageSpec) -> list[Pixels]:
        """Return the photo cropped and resized to the network's square, (S, S, 3): one part."""
        return [decoder.crop_resize(value, spec)]

    def collate(self, parts: Sequence[Pixels], spec: ImageSpec) -> Batch:
        """Return squares as uint8 (B, S, S, 3), B may be 0."""
        return {PIXELS: np.stack(parts) if parts else np.zeros((0, spec.size, spec.size, 3), np.uint8)}

    def sort_key(self, properties: Mapping[str, Any]) -> float:
        """Return the same for all photos: every square goes with every other."""
        return 0.0

    @property
    def default_spec(self) -> ImageSpec:
        """The spec of a network that sees the whole of a photo's shorter edge in 224 pixels."""
        return ImageSpec(224, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

    def read_spec(self, record: Mapping[str, Any]) -> ImageSpec:
        """Return the spec that ``ImageSpec.to_json`` describes."""
        return ImageSpec.from_json(dict(record))

    def fit_spec(self, spec: ImageSpec, properties: Sequence[Mapping[str, Any]]) -> ImageSpec:
        """Return the spec with the ranges by which training photos of more than 8 bits are scaled."""
        ranges = fit_common_ranges(_list_depths(properties))
        return replace(spec, grey=ranges) if ranges else spec

    def describe_fit(self, spec: ImageSpec, properties: Sequence[Mapping[str, Any]]) -> str:
        """Return by what ranges photos with more than 8 bits are scaled; "" where all have 8."""
        if not spec.grey:
            return ""
        each = [f"{one.low:.6g}..{one.high:.6g} ({one.kind})" for one in spec.grey]
        count = len(_list_depths(properties))
        return f"photos with more than 8 bits are scaled by {', '.join(each)}, the range of {count} of them in train"

    def note_items(self, spec: ImageSpec, facts: Sequence[ItemFacts]) -> list[str]:
        """Return for each photo its note; of one with more than 8 bits with the range it is scaled by."""
        by_kind = {one.kind: one for one in spec.grey}
        notes = []
        for item in facts:
            note = item.note
            for depth in _list_depths([item.properties]):
                common = by_kind.get(depth.kind)
                whose = "the set's" if common else "its own"
                note = note.replace(describe_depth(depth), describe_scaling(depth, common or fit_range(depth), whose))
            notes.append(note)
        return notes

    def summarise(self, facts: Sequence[ItemFacts]) -> tuple[str, ...]:
        """Return notes that count photos with more than 8 bits and files of several pages, where there are any."""
        pages = [item.properties["pages"] for item in facts if "pages" in item.properties]
        return (*summarise_depths(_list_depths([item.properties for item in facts])), *summarise_pages(pages))

    def draw_items(self) -> Mapping[str, bytes]:
        """Return drawn photos: orientations, modes, depths."""
        drawn: Mapping[str, bytes] = import_fitting_part("headstart.modalities.image.drawn_photos:draw_photos")()
        return drawn

    def open_web_page(self) -> WebPage:
        """Return the page that answers photos in a browser."""
        page: WebPage = import_fitting_part("headstart.modalities.image.web_page:PhotoPage")()
        return page

    @property
    def stats(self) -> facets.StatisticsFacet:
        """Brightness, contrast, sharpness and colours."""
        return import_fitting_part("headstart.modalities.image.statistics:ImageStatistics")()

    @property
    def duplicates(self) -> facets.DuplicatesFacet:
        """Evidence by which near-duplicates are found."""
        return import_fitting_part("headstart.modalities.image.near_duplicates.score:ImageDuplicates")()

    @property
    def augmentation(self) -> facets.AugmentationFacet:
        """Crops, mirrors, colours."""
        return import_fitting_part("headstart.modalities.image.augment.augmenter:ImageAugmentation")()

    @property
    def preview(self) -> facets.PreviewFacet:
        """Small JPEGs."""
        from headstart_runtime.modalities.image.preview import ImagePreview

        return ImagePreview()

    @property
    def explanation(self) -> ExplanationFacet:
        """Heat maps laid over photos."""
        from headstart_runtime.modalities.image.explanation import ImageExplanation

        return ImageExplanation()

    @property
    def demonstration(self) -> Demonstration:
        """Digits, drawn by pen."""
        demo = import_fitting_part("headstart.modalities.image.demo")
        return Demonstration(
            "digits", f"{demo.COUNT:,} digits, as if by pen on paper", demo.write_digits, demo.find_seven
        )

    @property
    def graph(self) -> PreprocessingFacet:
        """Crop and resize inside the graph."""
        from headstart_runtime.modalities.image.onnx import ImagePreprocessing

        return ImagePreprocessing()

    @property
    def settings(self) -> "type[Chapter]":
        """The chapter "augment"."""
        return import_fitting_part("headstart.modalities.image.settings:AugmentSettings")


def _list_depths(properties: Sequence[Mapping[str, Any]]) -> list[BitDepth]:
    return [BitDepth(**each["depth"]) for each in properties if "depth" in each]


_CHECKED: Modality = ImageModality()  # mypy holds the class to the protocol
