"""Clips among other things: what their files begin with, and what tables, folders and files of them are called."""

from headstart_runtime.modalities.item import SourceHints

SUFFIXES = frozenset(
    ".wav .wave .flac .ogg .oga .opus .mp3 .m4a .aac .aif .aiff .aifc .au .snd .caf .w64 .wma .amr".split()  # noqa: SIM905
)

HINTS = SourceHints(
    media="audio/*",
    array_form="a list of (samples,) with a rate",
    array_names=("audio", "clips", "sounds", "waveforms", "signals"),
    path_columns=(
        *("audio", "audio_path", "audio_file", "audio_filename", "audio_filepath", "wav", "wav_path", "wav_file"),
        *(
            "wav_filename",
            "sound",
            "sound_file",
            "sound_path",
            "sound_filename",
            "slice_file_name",
            "clip",
            "clip_path",
        ),
        *("clip_name", "clip_file", "recording", "recording_path", "recording_file", "audio_id", "sound_id", "flac"),
    ),
    span_columns=(
        (
            "start",
            "start_s",
            "start_sec",
            "start_seconds",
            "start_time",
            "begin",
            "begin_time",
            "onset",
            "offset_start",
        ),
        ("end", "end_s", "end_sec", "end_seconds", "end_time", "stop", "stop_time", "finish", "offset_end"),
    ),
    units={"seconds": "seconds"},
    container_words=frozenset(
        "audio audios sound sounds wav wavs clip clips recording recordings flac mp3 ogg".split()  # noqa: SIM905
    ),
    counter_words=frozenset("rec recording clip audio track sound voice memo take".split()),  # noqa: SIM905
)
_CHUNKS = {b"RIFF": (b"WAVE",), b"RF64": (b"WAVE",), b"FORM": (b"AIFF", b"AIFC")}
_BEGINNINGS = (b"fLaC", b"OggS", b"ID3", b".snd", b"caff", b"#!AMR", b"riff\x2e\x91\xcf\x11")
_BRANDS = (b"M4A ", b"M4B ")


def recognise_sound(head: bytes) -> bool:
    """Return whether a file that begins so is a clip: WAV, AIFF, FLAC, Ogg, MP3, M4A and others of sound alone."""
    if head[:4] in _CHUNKS:
        return head[8:12] in _CHUNKS[head[:4]]
    if head[4:8] == b"ftyp":
        return head[8:12] in _BRANDS
    return head.startswith(_BEGINNINGS) or _begins_frames(head)


def _begins_frames(head: bytes) -> bool:
    """Return whether bytes begin with the header of a frame of MPEG sound: layer II or III, or AAC in ADTS."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = (head[1] >> 3) & 3, (head[1] >> 1) & 3
    if layer == 0:  # AAC in ADTS
        return version in (2, 3) and head[1] & 0xF6 == 0xF0
    rate, samples = head[2] >> 4, (head[2] >> 2) & 3
    return version != 1 and layer != 3 and rate not in (0, 15) and samples != 3
