"""Networks of clips as the Hugging Face hub has them: their input specs, and loading them through transformers.

What a feature extractor of transformers does is done by the input spec, in NumPy and in the saved graph.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.backbones.backbone import Layer
from headstart.backbones.encoders.config import FAMILIES
from headstart.backbones.encoders.files import CONFIG, EncoderFiles
from headstart.backbones.loaded import BuiltNetwork, LoadedNetwork
from headstart.backbones.reference import FROM_PYTORCH, ReferenceRows
from headstart_runtime.errors import BackboneError, refuse_machine_faults
from headstart_runtime.modalities.batch import TensorSpec
from headstart_runtime.modalities.sound.spec import LENGTH, MASK, MELS, WINDOWS, MelSpec, SoundSpec

if TYPE_CHECKING:
    from torch import nn

MODALITY = "sound"  #: that these networks read
CONVERSION = "headstart-hub-sound-1"  #: another graph is another conversion: rows of two are never mixed
EXTRACTOR = "preprocessor_config.json"
WAVE_KINDS = ("wav2vec2", "hubert", "wavlm")  #: values of ``model_type``
MEL_KIND = "audio-spectrogram-transformer"
MOST_PARAMETERS = 520_000_000  #: of a graph in one file, which ends at 2 GiB
_DRAWN = (4800, 3111)  #: samples of the reference rows' clips
#: Of AST's extractor, where its file does not say: AudioSet's mean and standard deviation of mels.
_MEAN, _DEVIATION = -4.2677393, 4.5689974


def is_sound_network(files: EncoderFiles) -> bool:
    """Return whether a network of the hub or a folder reads clips.

    Raises:
        BackboneError: it does, and is of a kind that is not read here.
    """
    kind = str(files.config.get("model_type"))
    if kind in FAMILIES:
        return False
    if kind in (*WAVE_KINDS, MEL_KIND):
        return True
    extractor = files.read_optional(EXTRACTOR)
    if "sampling_rate" not in extractor and "feature_extractor_type" not in extractor:
        return False
    raise BackboneError(
        f"{files.name} reads clips and is of the kind {kind!r}, which is not read here; wanted one of "
        f"{', '.join((*WAVE_KINDS, MEL_KIND))}, or use speech_embedding"
    )


def make_hub_spec(files: EncoderFiles) -> SoundSpec:
    """Return the way from clips to the tensors that a network of the hub reads.

    Raises:
        BackboneError: its files say something that is no number, or that is not done here.
    """
    config, extractor = files.config, files.read_optional(EXTRACTOR)
    try:
        rate = int(extractor.get("sampling_rate", 16_000))
        if config["model_type"] == MEL_KIND:
            return _make_mel_spec(config, extractor, rate)
        least = 1
        kernels, strides = config.get("conv_kernel", _KERNELS), config.get("conv_stride", _STRIDES)
        for kernel, stride in reversed(list(zip(kernels, strides, strict=True))):
            least = (least - 1) * int(stride) + int(kernel)
        normalized = bool(extractor.get("do_normalize", True))
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise BackboneError(f"{CONFIG} or {EXTRACTOR} of {files.name} cannot be used: {error!r}") from None
    if min(least, rate) < 1:
        raise BackboneError(f"{files.name} has a rate of {rate} Hz and frames of {least} samples; wanted 1 or more")
    if config.get("conv_pos_batch_norm"):
        raise BackboneError(f"{files.name} has conv_pos_batch_norm, which is not read here; choose another")
    if config.get("add_adapter"):
        raise BackboneError(f"{files.name} has an adapter behind its blocks (add_adapter), which is not read here")
    if extractor.get("padding_value", 0) != 0:
        raise BackboneError(f"{files.name} fills clips with {extractor['padding_value']}; only zeros are read here")
    return SoundSpec(rate, 2 * rate, longest=10 * rate, normalized=normalized, least=least)


_KERNELS, _STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)  #: those of transformers' configurations


def _make_mel_spec(config: Mapping[str, Any], extractor: Mapping[str, Any], rate: int) -> SoundSpec:
    frames, bands = int(config.get("max_length", 1024)), int(config.get("num_mel_bins", 128))
    given = int(extractor.get("max_length", frames)), int(extractor.get("num_mel_bins", bands))
    if given != (frames, bands):
        raise ValueError(f"the network reads {frames} frames of {bands} mels, its extractor makes {given}")
    window, hop = 400, 160
    mean, deviation = float(extractor.get("mean", _MEAN)), float(extractor.get("std", _DEVIATION))
    is_scaled = bool(extractor.get("do_normalize", True))
    mels = MelSpec(
        fft=512,
        window=window,
        hop=hop,
        bands=bands,
        low=20.0,
        high=float(rate // 2),
        scale="htk",
        triangles="mels",
        is_normalized=False,
        power=2,
        log="natural",
        floor=1.192092955078125e-07,
        range=0.0,
        amplitude=1.0,
        factor=1 / (2 * deviation) if is_scaled else 1.0,
        offset=-mean / (2 * deviation) if is_scaled else 0.0,
        kaldi=True,
    )
    return SoundSpec(rate, (frames - 1) * hop + window, mels=mels, fixed=True)


def build_hub_network(files: EncoderFiles, sha256: str, where: str) -> BuiltNetwork:
    """Return the graph of a network, for windows of any length where it reads waveforms, with rows of PyTorch's.

    Arguments as of ``load_hub_network``.

    Raises:
        BackboneError: as of ``load_hub_network``; or it cannot be converted.
    """
    import onnx
    import torch

    from headstart.backbones.torch_export import write_graph

    loaded = load_hub_network(files, sha256, where, None)
    if loaded.parameters > MOST_PARAMETERS:
        raise BackboneError(
            f"{files.name} has {loaded.parameters / 1e6:.0f} M parameters, more than fit into one ONNX file "
            f"({MOST_PARAMETERS / 1e6:.0f} M); choose a smaller network"
        )
    batch, names = _draw_batch(loaded.spec), [layer.name for layer in loaded.layers]
    with torch.inference_mode():
        rows = loaded.network(*(torch.from_numpy(batch[one.name]) for one in loaded.spec.tensors))
    kept = {name: values.numpy() for name, values in zip(names, rows, strict=True)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        try:
            write_graph(loaded.network, _free_waveforms(loaded.spec), names, file, length=4 * (loaded.spec.least or 1))
        except Exception as error:  # the exporter raises whatever its tracing meets
            refuse_machine_faults(error, f"for {files.name} as ONNX ({folder})")
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise BackboneError(f"{files.name} cannot be converted to ONNX ({reason}); choose another") from error
        graph = onnx.load(file)
    return BuiltNetwork(
        graph=graph,
        reference=ReferenceRows(batch, kept, FROM_PYTORCH),
        spec=loaded.spec,
        layers=loaded.layers,
        weights=loaded.weights,
        weights_sha256=loaded.weights_sha256,
        licence=loaded.licence,
        parameters=loaded.parameters,
    )


def _free_waveforms(spec: SoundSpec) -> tuple[TensorSpec, ...]:
    """Return the tensors of a graph: waveforms are as long as they come."""
    if spec.mels is not None:
        return spec.tensors
    return (TensorSpec(WINDOWS, "float32", (None,)), *spec.tensors[1:])


def _draw_batch(spec: SoundSpec) -> dict[str, Any]:
    """Return tensors of two clips, for reference rows: waves in whole numbers, equal everywhere."""
    if spec.mels is not None:
        time, band = np.arange(spec.frames)[:, None], np.arange(spec.mels.bands)[None, :]
        waves = [abs((time * (3 + index) + band * (5 - 2 * index)) % (30 + 11 * index) - 15) for index in (0, 1)]
        return {MELS: np.stack(waves).astype(np.float32) / 10 - 0.8, MASK: np.ones((2, spec.frames), np.float32)}
    lengths = np.maximum(np.array(_DRAWN, np.int64), spec.least)[:, None]
    time = np.arange(int(lengths.max()))
    drawn = [abs((time * (3 + index)) % (40 + 13 * index) - 20) / 8 - 1 for index in (0, 1)]
    return {WINDOWS: (np.stack(drawn) * (time < lengths)).astype(np.float32), LENGTH: lengths}


def load_hub_network(files: EncoderFiles, sha256: str, where: str, seed: int | None) -> LoadedNetwork:
    """Return a network of clips as a PyTorch module.

    Args:
        files: of the network.
        sha256: of its weights.
        where: these come from, for a person.
        seed: for random weights instead.

    Raises:
        BackboneError: files that transformers does not load, or weights that lack something.
    """
    import torch

    from headstart.backbones.providers.sound_network import MelNetwork, WaveNetwork
    from headstart.backbones.providers.transformers_network import load_body

    spec = make_hub_spec(files)
    body, lacking = load_body(files, seed)
    lacking = [name for name in lacking if "masked_spec_embed" not in name]  # of training by blanks only
    if lacking:
        raise BackboneError(f"the weights of {files.name} do not fit its {CONFIG}: {lacking[0]!r} is missing")
    kind, width = files.config["model_type"], int(body.config.hidden_size)
    body = body.to(torch.float32).eval()
    network: nn.Module = MelNetwork(body) if kind == MEL_KIND else WaveNetwork(body)
    ends = network.ends
    layers = tuple(Layer(f"layer{block}", 3 * width) for block in ends[:-1])
    return LoadedNetwork(
        network=network.eval().requires_grad_(requires_grad=False),
        spec=spec,
        layers=(*layers, Layer("final", width if kind == MEL_KIND else 3 * width)),
        weights=where if seed is None else f"random, seed {seed}",
        weights_sha256=sha256,
        licence=files.licence,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
    )
