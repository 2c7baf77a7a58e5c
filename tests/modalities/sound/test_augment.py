"""Changed views of clips: pure, within their limits, left out where a task's answer may change."""

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest

from headstart.modalities.sound.augment import PRESETS, ClipAugmentation, ClipAugmenter, ClipChanges
from headstart_runtime.modalities.facets import SheetItem
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.sound.spec import MASK, MELS
from headstart_runtime.modalities.sound.speech_spec import SPEECH_SPEC
from headstart_runtime.modalities.sound.windows import cut_windows, make_window_parts

CLIP = (np.sin(np.arange(9000) / 9) * np.hanning(9000)).astype(np.float32)
DIGEST = "5f" * 20


def settings(**given: object) -> SimpleNamespace:
    return SimpleNamespace(**{**dict.fromkeys(asdict(ClipChanges())), "clip_changes": "standard", **given})


def view(augmenter: ClipAugmenter, number: int = 0, clip: np.ndarray = CLIP) -> dict[str, np.ndarray]:
    return augmenter.make_view(clip, SPEECH_SPEC, seed=1, digest=DIGEST, number=number)


@pytest.mark.parametrize("name", PRESETS)
def test_views_are_drawn_from_what_names_them(name: str) -> None:
    augmenter = ClipAugmenter(PRESETS[name])
    first, again, other = view(augmenter), view(augmenter), view(augmenter, 1)
    assert np.array_equal(first[MELS], again[MELS])
    assert np.array_equal(first[MELS], other[MELS]) == augmenter.identity
    assert first[MELS].shape == (SPEECH_SPEC.frames, 32)
    assert all(np.isfinite(view(augmenter, number)[MELS]).all() for number in range(5))


def test_a_plain_view_is_what_is_predicted_on() -> None:
    plain = ClipAugmentation().make_plain()
    (part,) = make_window_parts(cut_windows(CLIP, SPEECH_SPEC), SPEECH_SPEC)
    assert all(np.array_equal(view(plain)[name], part[name]) for name in part)
    longer = np.tile(CLIP, 8)
    assert view(plain, clip=longer)[MASK].all()


def test_the_knobs_replace_their_part_of_the_preset_and_a_task_takes_some_away() -> None:
    facet = ClipAugmentation()
    assert facet.make_augmenter(settings(clip_gain=2.0), frozenset("*")).changes.clip_gain == 2.0
    kept = facet.make_augmenter(settings(time_masks=1), frozenset({"colour"})).changes
    assert (kept.clip_shift, kept.band_masks, kept.time_masks, kept.clip_gain) == (0, 0, 1, 6.0)
    left_out, done = facet.explain_kept(settings(time_masks=1), frozenset({"colour"}))
    assert left_out.startswith("--clip-shift, --band-masks of the preset standard are left out")
    assert done == "--time-masks are done as asked for, though they may change the answer"
    assert facet.explain_kept(settings(), frozenset("*")) == ()


def test_a_sheet_shows_plain_and_changed_views() -> None:
    facet = get_modality("sound").augmentation
    assert facet is not None
    items = [SheetItem(f"<clip {number}>", DIGEST, CLIP) for number in range(3)]
    drawn = facet.draw_sheet(items, SPEECH_SPEC, ClipAugmenter(PRESETS["strong"]), seed=0, suffix=".svg")
    assert drawn is not None
    assert drawn.media_type == "image/svg+xml"
    assert drawn.content.count(b"<g ") == 3 * 6
    assert b"&lt;clip 1&gt;" in drawn.content
    assert facet.draw_sheet([], SPEECH_SPEC, ClipAugmenter(PRESETS["none"]), seed=0) is None
