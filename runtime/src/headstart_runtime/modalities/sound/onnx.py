"""Preprocessing of clips in ONNX: windows, mels and their mask, as ``windows`` and ``mels`` have it on the host."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.batch import Batch
from headstart_runtime.modalities.sound.mels import emphasise, make_filters, make_window
from headstart_runtime.modalities.sound.spec import LEAST_VARIANCE, LENGTH, MASK, MELS, WINDOWS, MelSpec, SoundSpec

if TYPE_CHECKING:
    from headstart.modalities.graph_builder import GraphBuilder

WAVEFORM = "waveform"  #: the graph's input: float32 (n,), full scale is 1
MOST = 0.02  #: mean difference of mels that rounding can explain, in the network's own scale


class SoundPreprocessing:
    """Windows and mels inside the saved graph, as a facet of the modality."""

    one_part = False

    def inputs(self) -> Sequence[tuple[str, str, Sequence[int | str]]]:
        """Return the one input: the samples of a clip."""
        return ((WAVEFORM, "float32", ("samples",)),)

    def describe(self) -> str:
        """Return the input in words, as Markdown."""
        return f"`{WAVEFORM}`, float32 (n,), one channel at the rate of the spec, full scale 1,"

    def feed(self, value: Floats) -> Batch:
        """Return a decoded clip as the graph's input."""
        return {WAVEFORM: value}

    def add(self, builder: "GraphBuilder", spec: SoundSpec, prefix: str) -> Mapping[str, str]:
        """Add all from the samples to a network's tensors."""
        nodes = _SoundNodes(builder, spec, prefix)
        windows = nodes.cut()
        if spec.mels is None:
            waveform = {WINDOWS: nodes.normalise(windows) if spec.normalized else windows}
            return {**waveform, LENGTH: nodes.tell_length()} if spec.least else waveform
        mels, mask = nodes.compute_mels(windows, spec.mels), nodes.make_mask(spec.mels)
        return {MELS: nodes.end(mels, mask, spec.mels) if spec.mels.kaldi else mels, MASK: mask}

    def describe_difference(self, graph: Sequence[Batch], host: Sequence[Batch]) -> str:
        """Return how far the tensors of clips are apart; "" for what rounding explains."""
        for name in (MELS, WINDOWS):
            pairs = [(one[name], other[name]) for one, other in zip(graph, host, strict=True) if name in other]
            apart = float(np.mean([np.abs(one - other).mean() for one, other in pairs])) if pairs else 0.0
            if apart > MOST:
                return f"the {name} differ, by {apart:.3g} on average (step: windows and mels)"
        return ""


class _SoundNodes:
    """The nodes of one spec."""

    def __init__(self, builder: "GraphBuilder", spec: SoundSpec, prefix: str):
        self._builder, self._spec, self._prefix = builder, spec, prefix
        self._length = self._node("Shape", [WAVEFORM], "length")

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        return self._builder.node(kind, inputs, self._prefix + output, **attributes)

    def _constant(self, name: str, values: Any, dtype: type[np.generic] = np.int64) -> str:
        return self._builder.constant(self._prefix + name, values, dtype)

    def cut(self) -> str:
        """Add the windows with their margins, (P, padded), as ``windows.cut_windows`` makes them."""
        spec, node, constant = self._spec, self._node, self._constant
        window, zero, one = constant("window", [spec.window]), constant("zero", [0]), constant("one", [1])
        spare = node("Max", [node("Sub", [self._length, window], "beyond"), zero], "spare")
        rounded = node("Add", [spare, constant("hop_less_one", [spec.step - 1])], "rounded")
        gaps = node("Div", [rounded, constant("hop", [spec.step])], "gaps")
        count = node("Squeeze", [node("Add", [gaps, one], "count")], "parts")
        order = node("Range", [constant("first", 0), count, constant("step", 1)], "order")
        spread = node("Mul", [order, spare], "spread")
        starts = node("Div", [spread, node("Max", [gaps, one], "some_gaps")], "starts")
        column = node("Unsqueeze", [starts, one], "column")
        places = node("Add", [column, constant("places", np.arange(spec.window)[None])], "samples")
        missing = node("Max", [node("Sub", [window, self._length], "less"), zero], "missing")
        filled = node("Pad", [WAVEFORM, node("Concat", [zero, missing], "widths", axis=0)], "filled")
        windows = node("Gather", [filled, places], "cut")
        if not spec.margin:
            return windows
        return node("Pad", [windows, constant("margins", [0, spec.margin, 0, spec.margin])], "windows")

    def normalise(self, windows: str) -> str:
        """Add the waveforms with mean 0 and variance 1, (P, padded), as ``windows.normalise_windows`` makes them."""
        node, constant, spec = self._node, self._constant, self._spec
        seen = node("Min", [self._length, constant("most_samples", [spec.window])], "clip_samples")
        count = node("Cast", [seen], "clip_count", to=1)
        axis, numbers = constant("samples_axis", [1]), constant("sample_numbers", np.arange(spec.padded)[None])
        begin = constant("clip_begin", [spec.margin])
        before = node("Less", [numbers, node("Add", [seen, begin], "clip_end")], "before_end")
        behind = node("GreaterOrEqual", [numbers, begin], "behind_begin")
        inside = node("Cast", [node("And", [before, behind], "clip_inside")], "clip_mask", to=1)
        total = node("ReduceSum", [windows, axis], "clip_total", keepdims=1)
        centred = node("Sub", [windows, node("Div", [total, count], "clip_mean")], "from_mean")
        kept = node("Mul", [centred, inside], "centred")
        squares = node("ReduceSum", [node("Mul", [kept, kept], "clip_squares"), axis], "clip_energy", keepdims=1)
        least = constant("least_variance", LEAST_VARIANCE, np.float32)
        variance = node("Add", [node("Div", [squares, count], "clip_variance"), least], "some_variance")
        return node("Div", [kept, node("Sqrt", [variance], "clip_spread")], "normalised")

    def tell_length(self) -> str:
        """Add how many samples of each window are the clip's, int64 (P, 1)."""
        node, constant, spec = self._node, self._constant, self._spec
        seen = node("Min", [self._length, constant("most_told", [spec.window])], "told_at_most")
        told = node("Max", [seen, constant("least_told", [spec.least])], "told")
        parts = node("Unsqueeze", [f"{self._prefix}parts", constant("told_front", [0])], "told_parts")
        shape = node("Concat", [parts, constant("told_one", [1])], "told_shape", axis=0)
        return node("Expand", [told, shape], "told_lengths")

    def end(self, mels: str, mask: str, spec: MelSpec) -> str:
        """Add zeros, before they are scaled, behind the frames of the clip."""
        node, constant = self._node, self._constant
        inside = node("Unsqueeze", [node("Cast", [mask], "is_inside", to=9), constant("bands_axis", [2])], "inside_map")
        return node("Where", [inside, mels, constant("outside", spec.offset, np.float32)], "ended_mels")

    def compute_mels(self, windows: str, mels: MelSpec) -> str:
        """Add the mels of windows, (P, frames, bands), as ``mels.compute_mels`` computes them."""
        node, constant = self._node, self._constant
        filters = make_filters(mels, self._spec.rate) * mels.amplitude**mels.power
        used = np.flatnonzero(filters.any(axis=1))
        turns = 2 * np.pi * used[:, None] * np.arange(mels.frame) / mels.fft
        kernels = np.concatenate([np.cos(turns), np.sin(turns)]) * make_window(mels)
        if mels.kaldi:  # what is done to a frame before is linear, so it is done to the kernels
            kernels = kernels @ emphasise(np.eye(mels.frame)).T
        signal = node("Unsqueeze", [windows, constant("channel", [1])], "signal")
        weight = constant("transform", kernels[:, None], np.float32)
        spectrum = node("Conv", [signal, weight], "spectrum", strides=[mels.hop], kernel_shape=[mels.frame])
        squares = node("Mul", [spectrum, spectrum], "squares")
        parts = constant("halves", [len(used), len(used)])
        self._builder.node("Split", [squares, parts], f"{self._prefix}real", f"{self._prefix}imaginary", axis=1)
        power = node("Add", [f"{self._prefix}real", f"{self._prefix}imaginary"], "power")
        if mels.power == 1:
            power = node("Sqrt", [power], "magnitudes")
        frames = node("Transpose", [power], "frames", perm=[0, 2, 1])
        energies = node("MatMul", [frames, constant("filters", filters[used], np.float32)], "energies")
        return self._scale(energies, mels)

    def _scale(self, energies: str, mels: MelSpec) -> str:
        node, constant = self._node, self._constant
        floor = constant("floor", mels.floor, np.float32)
        if mels.log == "decibel":
            natural = node("Log", [node("Max", [energies, floor], "floored")], "logarithms")
            levels = node("Mul", [natural, constant("decibels", 10 / np.log(10), np.float32)], "levels")
        else:
            levels = node("Log", [node("Max" if mels.kaldi else "Add", [energies, floor], "floored")], "levels")
        if mels.range:
            loudest = node("ReduceMax", [levels, constant("axes", [1, 2])], "loudest", keepdims=1)
            least = node("Sub", [loudest, constant("range", mels.range, np.float32)], "least")
            levels = node("Max", [levels, least], "limited")
        scaled = node("Mul", [levels, constant("factor", mels.factor, np.float32)], "scaled")
        return node("Add", [scaled, constant("offset", mels.offset, np.float32)], "mels")

    def make_mask(self, mels: MelSpec) -> str:
        """Add which frames are of the clip, float32 (P, frames), as ``windows.make_mask`` has it."""
        node, constant, spec = self._node, self._constant, self._spec
        seen = node("Min", [self._length, constant("most", [spec.window])], "seen")
        whole = node("Add", [seen, constant("around", [2 * spec.margin - mels.frame + mels.hop])], "whole")
        frames = node("Div", [whole, constant("mel_hop", [mels.hop])], "full_frames")
        ends = node("Max", [frames, constant("least_frames", [1])], "ends")
        inside = node("Less", [constant("numbers", np.arange(spec.frames)[None]), ends], "inside")
        mask = node("Cast", [inside], "one_mask", to=1)
        parts = node("Unsqueeze", [f"{self._prefix}parts", constant("front", [0])], "rows")
        shape = node("Concat", [parts, constant("frame_count", [spec.frames])], "mask_shape", axis=0)
        return node("Expand", [mask, shape], "mask")
