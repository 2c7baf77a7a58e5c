"""The spec of Google's speech embedding, as openWakeWord (Scripka, 2023) feeds it."""

from headstart_runtime.modalities.sound.spec import MelSpec, SoundSpec

RATE = 16_000
#: 32 bands in decibels, none below 80 under the loudest, of samples as 16 bits have them; a tenth of it, and 2.
SPEECH_MELS = MelSpec(
    fft=512,
    window=400,
    hop=160,
    bands=32,
    low=60.0,
    high=3800.0,
    scale="slaney",
    triangles="hertz",
    is_normalized=True,
    power=2,
    log="decibel",
    floor=1e-10,
    range=80.0,
    amplitude=32768.0,
    factor=0.1,
    offset=2.0,
)
#: The margin lets the first and the last of the network's views, of .775 seconds, have their middle near an end.
SPEECH_SPEC = SoundSpec(rate=RATE, window=2 * RATE, margin=54 * 160, mels=SPEECH_MELS, longest=10 * RATE)
