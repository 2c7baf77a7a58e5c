"""Drawings of clips: their waveforms, and what of them spoke for an answer, as SVG; and the clips themselves, short."""

import io
import wave
from html import escape
from itertools import pairwise

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.item import MARK

STEPS = 96  #: vertical strokes of a waveform
COLOURS = """.w{stroke:#0b5a9e}.h{fill:#e69600}.z{stroke:#888}.b{fill:none}
@media(prefers-color-scheme:dark){.w{stroke:#83bdf5}}"""
PLAYED_RATE, PLAYED = 8000, 2.0  #: Hz and seconds of the copy that can be played


def draw_waveform(
    samples: Floats, weights: Floats | None = None, *, width: int, height: int, title: str = ""
) -> Thumbnail:
    """Return the waveform of a clip as SVG, over its telling stretches where weights are given.

    Args:
        samples: (n,) full scale is 1.
        weights: (P,) 0..1 of stretches of one length, from the beginning to the end.
        width: of the drawing.
        height: of the drawing.
        title: of it, for people; "" for none.
    """
    edges = np.linspace(0, len(samples), STEPS + 1).astype(int)
    loudest = max(float(np.abs(samples).max(initial=0)), 1e-4)
    middle, unit = height / 2, (height / 2 - 1) / loudest
    strokes = []
    for place, (first, last) in enumerate(pairwise(edges.tolist())):
        if last > first:
            across = (place + 0.5) * width / STEPS
            top, bottom = (
                middle - unit * float(samples[first:last].max()),
                middle - unit * float(samples[first:last].min()),
            )
            strokes.append(f"M{across:.1f} {top:.1f}V{max(bottom, top + 0.6):.1f}")
    heat = "" if weights is None else _draw_heat(weights, width, height)
    named = f"<title>{escape(title)}</title>" if title else ""
    content = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<!-- {MARK.decode()} -->{named}<style>{COLOURS}</style>{heat}"
        f'<path class="z" d="M0 {middle:.1f}H{width}" stroke-width=".5"/>'
        f'<path class="w b" d="{"".join(strokes)}" stroke-width="{0.7 * width / STEPS:.2f}"/></svg>'
    )
    return Thumbnail(content.encode(), "image/svg+xml")


def _draw_heat(weights: Floats, width: int, height: int) -> str:
    each = width / max(1, len(weights))
    return "".join(
        f'<rect class="h" x="{place * each:.1f}" y="0" width="{each:.1f}" height="{height}" '
        f'opacity="{0.75 * weight:.2f}"/>'
        for place, weight in enumerate(weights.tolist())
        if weight >= 0.05
    )


def make_player(samples: Floats, rate: int) -> Thumbnail:
    """Return the beginning of what is heard of a clip as a WAV file of 16 bits, soft ones made louder.

    Args:
        samples: (n,) full scale is 1.
        rate: samples a second.
    """
    heard = np.flatnonzero(np.abs(samples) > 0.05 * np.abs(samples).max(initial=0))
    first = max(0, int(heard[0]) - rate // 20) if len(heard) else 0
    shown = samples[first : first + round(PLAYED * rate)]
    step = max(1, round(rate / PLAYED_RATE))
    whole = shown[: len(shown) // step * step].reshape(-1, step).mean(axis=1)
    loudest = max(float(np.abs(whole).max(initial=0)), 1e-4)
    numbers = np.rint(whole * min(0.9 / loudest, 100.0) * 32767).astype("<i2")
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(round(rate / step))
        file.writeframes(numbers.tobytes())
    return Thumbnail(content.getvalue(), "audio/wav")
