"""The settings of sound: the chapter "sound"."""

from typing import Annotated, Literal

from pydantic import Field

from headstart.settings.chapter import Chapter

ClipPreset = Literal["none", "light", "standard", "strong"]


class SoundSettings(Chapter):
    """The windows of clips that a network sees, and changes of training clips; None: as the preset has it."""

    chapter_name = "sound"
    chapter_title = "Sound"

    clip_window: Annotated[float, Field(ge=0.1, le=60)] | None = Field(
        None,
        description="Seconds of a clip that a network sees at a time; by default as long as nearly all training clips, "
        "10 at most.",
    )
    clip_hop: Annotated[float, Field(ge=0.05, le=60)] | None = Field(
        None, description="Most seconds between the beginnings of two windows of a longer clip; by default half of one."
    )
    clip_changes: ClipPreset = Field(
        "standard", description="Changed views of training clips: a preset; each knob below replaces its part of it."
    )
    clip_shift: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Most that a training clip is moved in time, as a share of the window."
    )
    clip_gain: Annotated[float, Field(ge=0, le=40)] | None = Field(
        None, description="Most decibels that a training clip becomes louder or softer."
    )
    clip_noise: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Share of training clips to which noise is added, 10 to 40 decibels below the clip."
    )
    time_masks: Annotated[int, Field(ge=0, le=10)] | None = Field(
        None, description="Stretches of time that are blanked out in a training clip's mels (SpecAugment)."
    )
    band_masks: Annotated[int, Field(ge=0, le=10)] | None = Field(
        None, description="Ranges of pitch that are blanked out in a training clip's mels (SpecAugment)."
    )
