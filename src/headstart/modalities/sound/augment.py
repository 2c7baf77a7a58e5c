"""Changed views of training clips: moved in time, louder or softer, with noise, with parts of their mels blanked out.

Masks as of Park et al. (2019), "SpecAugment: A simple data augmentation method for automatic speech recognition",
without its warping of time. Every view is drawn from the run's seed, the clip's digest and the view's number alone.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from headstart.modalities.sound.sheet import draw_clip_sheet
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import TrainingError
from headstart_runtime.modalities.batch import Part
from headstart_runtime.modalities.facets import AugmentationFacet, SheetItem, Thumbnail
from headstart_runtime.modalities.sound.spec import MASK, MELS, SoundSpec
from headstart_runtime.modalities.sound.speech_spec import SPEECH_SPEC
from headstart_runtime.modalities.sound.windows import cut_windows, make_window_parts

VERSION = 1  #: raised whenever the same knobs and the same draws give other views
NOISE_LEVELS = (10.0, 40.0)  #: decibels that noise is below the clip
LONGEST_MASK, WIDEST_MASK = 0.2, 0.25  #: of a stretch of time, share of the clip; of a range of bands, share of all
#: Knob -> kind of change, as ``Task.invariances`` names them: what is cut off or blanked out may be what was asked for,
#: and loudness and noise are to a clip what light is elsewhere.
KINDS = {
    "clip_shift": "crop",
    "clip_gain": "colour",
    "clip_noise": "colour",
    "time_masks": "crop",
    "band_masks": "crop",
}


@dataclass(frozen=True, slots=True)
class ClipChanges:
    """The strength of each change; 0 is none."""

    clip_shift: float = 0.0  #: share of the window
    clip_gain: float = 0.0  #: decibels
    clip_noise: float = 0.0  #: share of the views
    time_masks: int = 0
    band_masks: int = 0


PRESETS: Mapping[str, ClipChanges] = {
    "none": ClipChanges(),
    "light": ClipChanges(0.1, 3.0, 0.25),
    "standard": ClipChanges(0.2, 6.0, 0.5, 1, 1),
    "strong": ClipChanges(0.4, 12.0, 0.8, 2, 2),
}


@dataclass(frozen=True, slots=True)
class ClipAugmenter:
    """Changes that are drawn for each view of a clip."""

    changes: ClipChanges

    @property
    def identity(self) -> bool:
        """Whether every view is the plain one."""
        return self.changes == ClipChanges()

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change whenever the views would."""
        facts = json.dumps([VERSION, asdict(self.changes)], sort_keys=True)
        return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()

    def describe(self) -> str:
        """Return the changes in one line for a person."""
        one = self.changes
        told = (
            (one.clip_shift, f"moved by up to {one.clip_shift:.0%} of the window"),
            (one.clip_gain, f"up to {one.clip_gain:g} decibels louder or softer"),
            (one.clip_noise, f"noise in {one.clip_noise:.0%}"),
            (one.time_masks, f"up to {one.time_masks} stretches of time blanked out"),
            (one.band_masks, f"up to {one.band_masks} ranges of pitch blanked out"),
        )
        return ", ".join(words for value, words in told if value) or "nothing is changed"

    def make_view(self, value: Floats, spec: SoundSpec, *, seed: int, digest: str, number: int) -> Part:
        """Return one view of a clip; of one that is longer than a window a stretch, in the middle of a plain view."""
        if self.identity:
            return _take_one(_cut_middle(value, spec), spec)
        chance = np.random.default_rng([seed, number, int(digest[:15], 16)])
        moved = _move(value, spec, self.changes.clip_shift, chance)
        gain = 10 ** (chance.uniform(-1, 1) * self.changes.clip_gain / 20)
        changed = moved * np.float32(gain)
        if chance.random() < self.changes.clip_noise:
            changed = _add_noise(changed, chance)
        part = _take_one(changed, spec)
        return part if spec.mels is None else _mask(part, self.changes, chance)


def _cut_middle(samples: Floats, spec: SoundSpec) -> Floats:
    start = max(0, (len(samples) - spec.window) // 2)
    return samples[start : start + spec.window]


def _move(samples: Floats, spec: SoundSpec, most: float, chance: np.random.Generator) -> Floats:
    """Return a clip with silence before it, or a stretch of one that is longer than the window."""
    spare = len(samples) - spec.window
    if spare > 0:
        start = int(chance.integers(0, spare + 1))
        return samples[start : start + spec.window]
    reach = round(most * spec.window)
    step = int(chance.integers(-reach, reach + 1))
    if step < 0:  # at most a quarter of a clip is cut off
        return samples[min(-step, len(samples) // 4) :]
    return np.concatenate([np.zeros(min(step, -spare), np.float32), samples])


def _add_noise(samples: Floats, chance: np.random.Generator) -> Floats:
    """Return a clip with white or falling noise beside it."""
    noise = chance.standard_normal(len(samples)).astype(np.float32)
    if chance.random() < 0.5:  # 3 decibels softer for each octave, as most rooms are
        spectrum = np.fft.rfft(noise)
        noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1), len(noise)).astype(np.float32)
    loudness, own = (float(np.sqrt(np.mean(np.square(one)))) for one in (samples, noise))
    level = 10 ** (-chance.uniform(*NOISE_LEVELS) / 20)
    return samples + noise * np.float32(level * loudness / max(own, 1e-9))


def _take_one(samples: Floats, spec: SoundSpec) -> Part:
    parts = make_window_parts(cut_windows(samples, spec), spec)
    if len(parts) != 1:
        raise TrainingError(f"a view of a clip has {len(parts)} windows, wanted one")
    return parts[0]


def _mask(part: Part, changes: ClipChanges, chance: np.random.Generator) -> Part:
    """Blank out stretches of time and ranges of bands: they get the least of the clip's numbers."""
    mels = part[MELS].copy()
    length, bands = int(part[MASK].sum()), mels.shape[1]
    least = mels[:length].min()
    for _ in range(int(chance.integers(0, changes.time_masks + 1))):
        width = int(chance.integers(0, int(LONGEST_MASK * length) + 1))
        start = int(chance.integers(0, length - width + 1))
        mels[start : start + width] = least
    for _ in range(int(chance.integers(0, changes.band_masks + 1))):
        width = int(chance.integers(0, int(WIDEST_MASK * bands) + 1))
        start = int(chance.integers(0, bands - width + 1))
        mels[:, start : start + width] = least
    return {**part, MELS: mels}


class ClipAugmentation:
    """Changed views of clips, by the settings."""

    sheet_suffixes: tuple[str, ...] = (".svg",)

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """The presets that change something."""
        return {"clip_changes": ("light", "standard", "strong")}

    def make_augmenter(self, settings: Any, kept: AbstractSet[str]) -> ClipAugmenter:
        """Return what the preset does that keeps the answer, with the knobs that are set replacing their part of it."""
        given, preset = _list_given(settings), PRESETS[settings.clip_changes]
        out = {name: 0 for name, kind in KINDS.items() if "*" not in kept and kind not in kept}
        return ClipAugmenter(replace(preset, **{**out, **given}))

    def make_plain(self) -> ClipAugmenter:
        """Return the augmenter that changes nothing."""
        return ClipAugmenter(PRESETS["none"])

    def explain_kept(self, settings: Any, kept: AbstractSet[str]) -> Sequence[str]:
        """Return what of the preset is left out, and which knobs that are set may change the answer."""
        if "*" in kept:
            return ()
        given, preset = _list_given(settings), asdict(PRESETS[settings.clip_changes])
        flags = {name: f"--{name.replace('_', '-')}" for name in KINDS if KINDS[name] not in kept}
        out = [flags[name] for name in flags if name not in given and preset[name]]
        risky = [flags[name] for name in flags if given.get(name)]
        clauses = []
        if out:
            clauses.append(
                f"{', '.join(out)} of the preset {settings.clip_changes} are left out, as they may change the answer; "
                "what is set by its flag is done"
            )
        if risky:
            clauses.append(f"{', '.join(risky)} are done as asked for, though they may change the answer")
        return clauses

    def fit_view_spec(self, settings: Any, spec: SoundSpec, kept: AbstractSet[str]) -> SoundSpec:
        """Return the spec itself."""
        return spec

    def smallest_window(self, settings: Any, kept: AbstractSet[str]) -> float:
        """Return 1: a step of training sees the whole of a map."""
        return 1.0

    def note_unseen(self, properties: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        """Return nothing: all of a clip is seen, in one window or in several."""
        return ()

    def make_sheet_spec(self) -> SoundSpec:
        """Return the spec of the speech embedding."""
        return SPEECH_SPEC

    def draw_sheet(
        self, items: Iterable[SheetItem], spec: SoundSpec, augmenter: ClipAugmenter, *, seed: int, suffix: str = ""
    ) -> Thumbnail | None:
        """Return the mels of the first clips, each as it is predicted on and as changed views of it."""
        shown = spec if spec.mels is not None else SPEECH_SPEC

        def list_views(item: SheetItem) -> list[Floats]:
            views = [_take_one(_cut_middle(item.value, shown), shown)]
            views += [
                augmenter.make_view(item.value, shown, seed=seed, digest=item.digest, number=number)
                for number in range(5 if suffix else 3)
            ]
            return [view[MELS] for view in views]

        content = draw_clip_sheet(items, list_views, augmenter.describe(), 6 if suffix else 4)
        return None if content is None else Thumbnail(content, "image/svg+xml")


def _list_given(settings: Any) -> dict[str, Any]:
    values = {one.name: getattr(settings, one.name) for one in fields(ClipChanges)}
    return {name: value for name, value in values.items() if value is not None}


_CHECKED: AugmentationFacet = ClipAugmentation()
