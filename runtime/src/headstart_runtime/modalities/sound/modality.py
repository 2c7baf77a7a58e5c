"""Sound as a modality. What is behind a facet is imported when it is first asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.fitting_parts import import_fitting_part
from headstart_runtime.modalities import facets
from headstart_runtime.modalities.batch import Batch, Part
from headstart_runtime.modalities.demonstration import Demonstration
from headstart_runtime.modalities.explanation_facet import RemovalFacet
from headstart_runtime.modalities.item import Decoded, ItemFacts, NamedItem, Raw
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.modalities.preprocessing_facet import PreprocessingFacet
from headstart_runtime.modalities.sound.load import OpenedClip, convert, is_one_clip, read_content
from headstart_runtime.modalities.sound.reading import read_header, read_recording
from headstart_runtime.modalities.sound.recognition import HINTS, SUFFIXES, recognise_sound
from headstart_runtime.modalities.sound.spec import SoundSpec
from headstart_runtime.modalities.sound.speech_spec import SPEECH_SPEC
from headstart_runtime.modalities.sound.window_fit import choose_window
from headstart_runtime.modalities.sound.windows import cut_windows, make_window_parts
from headstart_runtime.modalities.sound.wording import CLIP

if TYPE_CHECKING:
    from headstart.settings.chapter import Chapter

MEASURED = 600  #: seconds up to which a clip is read whole for its facts


class SoundModality:
    """Speech, noises, music: files that libsndfile or FFmpeg decode, stretches of them, and samples with a rate."""

    name = "sound"
    noun = CLIP
    suffixes = SUFFIXES
    hints = HINTS
    default_backbone = "speech_embedding"

    def accepts(self, value: object) -> bool:
        """Return whether a caller gave one clip, or an attempt at one, and not a collection of clips."""
        return is_one_clip(value)

    def accepts_array(self, array: NDArray[Any]) -> bool:
        """Return False: rows of numbers have no rate."""
        return False

    def open(self, value: object) -> OpenedClip:
        """Return a clip as a caller gave it; nothing is read yet."""
        return OpenedClip(value)

    def suggest_remedy(self, value: object, message: str) -> str:
        """Return advice about a clip that cannot be read, to stand behind a message."""
        return "" if "wanted" in message or ";" in message else "; give a clip that plays"

    def recognise(self, head: bytes) -> bool | None:
        """Return whether a file that begins so is a clip."""
        return recognise_sound(head)

    def identify(self, raw: Raw) -> ItemFacts:
        """Return format, seconds, rate, channels, loudness (decibels below full scale) and the share that is clipped.

        Raises:
            BrokenItem: no clip in a known format, one that cannot be decoded, or one without samples.
        """
        content = read_content(raw)
        header = read_header(content)
        properties: dict[str, Any] = {"rate": header.rate, "channels": header.channels}
        if header.bits:
            properties["bits"] = header.bits
        if header.seconds is not None and header.seconds > MEASURED and isinstance(content, bytes):
            properties["seconds"] = round(header.seconds, 3)
            return ItemFacts(header.format, properties, variant=header.variant)
        recording = read_recording(content)
        properties["seconds"] = round(recording.seconds, 3)
        properties["loudness"] = round(recording.loudness, 1)
        properties["clipped"] = round(recording.clipped, 4)
        return ItemFacts(header.format, properties, recording.note, header.variant)

    def decode(self, raw: Raw, spec: SoundSpec | None) -> Decoded:
        """Decode a clip at the rate of a spec, one channel, float32 (n,), full scale is 1.

        Raises:
            BrokenItem: it cannot be decoded.
        """
        recording = read_recording(read_content(raw))
        return Decoded(convert(recording, spec or SPEECH_SPEC), recording.repaired or None, recording.note)

    def make_parts(self, value: Floats, spec: SoundSpec) -> list[Part]:
        """Return the windows of a clip as a network reads them."""
        return make_window_parts(cut_windows(value, spec), spec)

    def collate(self, parts: Sequence[Part], spec: SoundSpec) -> Batch:
        """Return windows as one batch, B may be 0."""
        if not parts:
            return {one.name: np.zeros((0, *[axis or 0 for axis in one.shape]), one.dtype) for one in spec.tensors}
        return {one.name: np.stack([part[one.name] for part in parts]) for one in spec.tensors}

    def sort_key(self, properties: Mapping[str, Any]) -> float:
        """Return how long a clip is: those of as many windows go together."""
        return float(properties.get("seconds", 0.0))

    @property
    def default_spec(self) -> SoundSpec:
        """The spec of the speech embedding."""
        return SPEECH_SPEC

    def read_spec(self, record: Mapping[str, Any]) -> SoundSpec:
        """Return the spec that ``SoundSpec.to_json`` describes."""
        return SoundSpec.from_json(dict(record))

    def configure_spec(self, spec: SoundSpec, settings: Any) -> SoundSpec:
        """Return the spec with the window and the hop that the settings name, where the network has none of its own."""
        if settings.clip_window is not None and not spec.fixed:
            spec = replace(spec, window=max(round(settings.clip_window * spec.rate), spec.least), fixed=True)
        return spec if settings.clip_hop is None else replace(spec, hop=round(settings.clip_hop * spec.rate))

    def fit_spec(self, spec: SoundSpec, properties: Sequence[Mapping[str, Any]]) -> SoundSpec:
        """Return the spec with a window for nearly all training clips, where the network has none of its own."""
        if spec.fixed:
            return spec
        window = choose_window([float(each["seconds"]) for each in properties if "seconds" in each], spec)
        return replace(spec, window=window, fixed=True)

    def describe_fit(self, spec: SoundSpec, properties: Sequence[Mapping[str, Any]]) -> str:
        """Return how long the windows are, and how many training clips have several."""
        seconds = spec.window / spec.rate
        longer = sum(float(each.get("seconds", 0)) > seconds for each in properties)
        several = f"; {longer} of {len(properties)} training clips are longer and have several" if longer else ""
        return f"windows of {seconds:.3g} second{'s' * (seconds != 1)}{several}"

    def note_items(self, spec: SoundSpec, facts: Sequence[ItemFacts]) -> list[str]:
        """Return for each clip its note."""
        return [item.note for item in facts]

    def summarise(self, facts: Sequence[ItemFacts]) -> tuple[str, ...]:
        """Return notes that count silent and clipped clips, and rates where there are several."""
        counts = {word: sum(item.note.startswith(word) for item in facts) for word in ("silent", "clipped")}
        notes = [
            f"{CLIP.count(count)} {'is' if count == 1 else 'are'} {word}; see the ledger"
            for word, count in counts.items()
            if count
        ]
        rates = sorted({item.properties["rate"] for item in facts if "rate" in item.properties})
        if len(rates) > 1:
            many = ", ".join(map(str, rates[:4])) + (", ..." if len(rates) > 4 else "")
            notes.append(f"clips have {len(rates)} rates ({many} Hz): if they differ by class, they may tell it")
        return tuple(notes)

    @property
    def demonstration(self) -> Demonstration:
        """Calls of invented birds."""
        demo = import_fitting_part("headstart.modalities.sound.demo")
        return Demonstration(
            "calls", f"{demo.COUNT} calls of {len(demo.CALLS)} invented birds", demo.write_calls, demo.find_call
        )

    def cut_recording(self, item: Any, seconds: float) -> Iterator[NamedItem]:
        """Yield the stretches of a recording, to be answered one after the other."""
        from headstart_runtime.modalities.sound.stretches import cut_clip

        return cut_clip(item, seconds)

    def listen(self, seconds: float) -> Iterator[NamedItem]:
        """Yield what the microphone hears, stretch by stretch.

        Raises:
            SettingError: what it takes is not there.
        """
        from headstart_runtime.modalities.sound.microphone import record_stretches

        return record_stretches(seconds)

    def draw_items(self) -> Mapping[str, bytes]:
        """Return drawn clips: channels, rates, lengths."""
        drawn: Mapping[str, bytes] = import_fitting_part("headstart.modalities.sound.drawn_clips:draw_clips")()
        return drawn

    @property
    def stats(self) -> facets.StatisticsFacet:
        """Length, loudness, noise and a small spectrogram."""
        return import_fitting_part("headstart.modalities.sound.statistics:SoundStatistics")()

    @property
    def duplicates(self) -> facets.DuplicatesFacet:
        """Evidence by which near-duplicates are found."""
        return import_fitting_part("headstart.modalities.sound.near_duplicates:SoundDuplicates")()

    @property
    def augmentation(self) -> facets.AugmentationFacet:
        """Views that are moved, louder or softer, noisier, or blanked out in parts."""
        return import_fitting_part("headstart.modalities.sound.augment:ClipAugmentation")()

    @property
    def preview(self) -> facets.PreviewFacet:
        """Waveforms, and short copies that can be played."""
        from headstart_runtime.modalities.sound.preview import SoundPreview

        return SoundPreview(self.default_spec)

    @property
    def explanation(self) -> RemovalFacet:
        """Stretches that spoke for an answer."""
        from headstart_runtime.modalities.sound.explanation import SoundExplanation

        return SoundExplanation()

    @property
    def graph(self) -> PreprocessingFacet:
        """Windows and mels inside the graph."""
        from headstart_runtime.modalities.sound.onnx import SoundPreprocessing

        return SoundPreprocessing()

    @property
    def settings(self) -> "type[Chapter]":
        """The chapter "sound"."""
        return import_fitting_part("headstart.modalities.sound.settings:SoundSettings")


_CHECKED: Modality = SoundModality()  # mypy holds the class to the protocol
