"""Small waveforms of clips for reports, and what can be played of them."""

from typing import Any

from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.sound.waveform import draw_waveform, make_player

WIDTH, HEIGHT, CLOSE_WIDTH, CLOSE_HEIGHT = 128, 56, 220, 96


class SoundPreview:
    """Waveforms of clips, and short copies that can be played."""

    def __init__(self, default_spec: Any) -> None:
        """Take the spec that clips are decoded for to be shown."""
        self._default = default_spec

    def make_spec(self, spec: Any | None = None, *, close: bool = False) -> Any:
        """Return the spec that clips are decoded for to be shown."""
        return self._default if spec is None else spec

    def make_thumbnail(self, value: Floats, *, close: bool = False) -> Thumbnail:
        """Return the waveform of a clip."""
        return draw_waveform(value, width=CLOSE_WIDTH if close else WIDTH, height=CLOSE_HEIGHT if close else HEIGHT)

    def make_player(self, value: Floats) -> Thumbnail:
        """Return the beginning of a clip that was decoded for ``make_spec()``, to be played."""
        return make_player(value, self._default.rate)
