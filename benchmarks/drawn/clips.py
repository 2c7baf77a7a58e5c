"""Clips of sound as they are published: folders of classes, tables with speakers, stretches of recordings."""

import io
import wave
import zipfile
from pathlib import Path

import numpy as np

from drawn.desk import Desk, add_layout, rows_to_csv

RATE = 8000  #: samples a second
TONES = {"bell": 880.0, "drum": 110.0, "flute": 1320.0}  #: Hz
Clip = tuple[bytes, str, int]  #: content, label, number in its class


def draw_wave(label: str, number: int, seconds: float = 0.25) -> bytes:
    """Return a WAV of one tone under noise; another number, another clip."""
    chance, pitch = np.random.default_rng([number, len(label)]), TONES.get(label, 300.0 + 40 * len(label))
    times = np.arange(int(seconds * RATE)) / RATE
    values = 0.4 * np.sin(2 * np.pi * pitch * times) + chance.normal(0, 0.05, len(times))
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((values * 30000).clip(-32768, 32767).astype("<i2").tobytes())
    return content.getvalue()


def draw_clips(classes: tuple[str, ...] = tuple(TONES), each: int = 10, *, first: int = 0) -> list[Clip]:
    """Return so many clips of each class, in turns."""
    numbers = range(first, first + each)
    return [(draw_wave(label, number), label, number) for number in numbers for label in classes]


def _lay(desk: Desk, name: str, clip: Clip, subset: str = "", group: str = "") -> None:
    desk.write(name, clip[0])
    desk.claim(clip[0], clip[1], subset, group)


@add_layout("`bell/003.wav`, a folder for each class", "the folders are the classes")
def folders_of_clips(desk: Desk) -> Path:
    for clip in draw_clips():
        _lay(desk, f"{clip[1]}/{clip[2]:03}.wav", clip)
    return desk.root


@add_layout("`train/bell/1.wav`, `test/...`", "two parts")
def parts_of_clips(desk: Desk) -> Path:
    for part, first in (("train", 0), ("test", 50)):
        for clip in draw_clips(first=first):
            _lay(desk, f"{part}/{clip[1]}/{clip[2]}.wav", clip, part)
    return desk.root


@add_layout("`clips.csv`: `path,label`", "the files and their labels")
def table_of_clips(desk: Desk) -> Path:
    rows = [("path", "label")]
    for at, clip in enumerate(draw_clips()):
        _lay(desk, f"recordings/{at:03}.wav", clip)
        rows.append((f"recordings/{at:03}.wav", clip[1]))
    return desk.write("clips.csv", rows_to_csv(rows))


@add_layout("`clips.csv`: `audio,category,speaker_id` of twelve speakers", "clips of one speaker stay in one part")
def speakers_in_a_column(desk: Desk) -> Path:
    desk.mention("speaker_id")
    rows = [("audio", "category", "speaker_id")]
    for at, clip in enumerate(draw_clips(each=16)):
        speaker = f"spk{at // 3 % 12:02}"
        _lay(desk, f"wavs/{at:03}.wav", clip, "", speaker)
        rows.append((f"wavs/{at:03}.wav", clip[1], speaker))
    return desk.write("clips.csv", rows_to_csv(rows))


@add_layout("`meta.csv`: `filename,fold,category`; `audio/1-100032-A-0.wav` (ESC-50)", "`category`; folds are named")
def esc50(desk: Desk) -> Path:
    desk.mention("category")
    rows: list[tuple[object, ...]] = [("filename", "fold", "target", "category", "esc10", "src_file", "take")]
    for at, clip in enumerate(draw_clips()):
        name = f"{at % 5 + 1}-{100032 + at}-A-{list(TONES).index(clip[1])}.wav"
        _lay(desk, f"audio/{name}", clip)
        rows.append((name, at % 5 + 1, list(TONES).index(clip[1]), clip[1], at % 2 == 0, 100032 + at, "A"))
    return desk.write("meta.csv", rows_to_csv(rows))


@add_layout("`clips.tsv`: `id⇥label`; the files are `clips/ID.wav`", "ids are looked for under the table's folder")
def ids_of_clips(desk: Desk) -> Path:
    rows = [("id", "label")]
    for at, clip in enumerate(draw_clips()):
        _lay(desk, f"clips/c{at:05}.wav", clip)
        rows.append((f"c{at:05}", clip[1]))
    return desk.write("clips.tsv", rows_to_csv(rows, "\t"))


@add_layout("`metadata.jsonl` with `file_name` and `label` beside WAV files (hub)", "the files and their labels")
def metadata_of_clips(desk: Desk) -> Path:
    lines = []
    for at, clip in enumerate(draw_clips()):
        _lay(desk, f"data/{at:03}.wav", clip)
        lines.append(f'{{"file_name": "data/{at:03}.wav", "label": "{clip[1]}"}}\n')
    return desk.write("metadata.jsonl", "".join(lines))


@add_layout("`train.csv`, `test.csv`: `path,label`; the files in `wav/`", "two parts")
def tables_of_clip_parts(desk: Desk) -> Path:
    for part, first in (("train", 0), ("test", 50)):
        rows = [("path", "label")]
        for at, clip in enumerate(draw_clips(first=first)):
            _lay(desk, f"wav/{part}{at:03}.wav", clip, part)
            rows.append((f"wav/{part}{at:03}.wav", clip[1]))
        desk.write(f"{part}.csv", rows_to_csv(rows))
    return desk.root


@add_layout("`clips.csv`: `path,label,split`", "the parts that `split` says")
def split_of_clips(desk: Desk) -> Path:
    rows = [("path", "label", "split")]
    for part, first in (("train", 0), ("validation", 30), ("test", 50)):
        for at, clip in enumerate(draw_clips(first=first)):
            _lay(desk, f"{part}{at:03}.wav", clip, part)
            rows.append((f"{part}{at:03}.wav", clip[1], part))
    return desk.write("clips.csv", rows_to_csv(rows))


@add_layout("`clips.zip` of class folders", "the folders are the classes")
def zip_of_clips(desk: Desk) -> Path:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for clip in draw_clips():
            archive.writestr(f"clips/{clip[1]}/{clip[2]}.wav", clip[0])
            desk.claim(clip[0], clip[1])
    return desk.write("clips.zip", content.getvalue())


@add_layout("`clips.csv`: `path,weight` with fractions", "numbers to be predicted")
def numbers_of_clips(desk: Desk) -> Path:
    rows: list[tuple[object, ...]] = [("path", "weight")]
    for at, clip in enumerate(draw_clips()):
        desk.write(f"{at:03}.wav", clip[0])
        desk.claim(clip[0], f"{at * 0.5 + 0.25:.2f}")
        rows.append((f"{at:03}.wav", f"{at * 0.5 + 0.25:.2f}"))
    return desk.write("clips.csv", rows_to_csv(rows))


@add_layout("`tags.csv`: `path,tags` with `bell;drum` in a cell", "several labels for a clip")
def tags_of_clips(desk: Desk) -> Path:
    rows = [("path", "tags")]
    for at, clip in enumerate(draw_clips(each=12)):
        told = ";".join(sorted({clip[1], list(TONES)[at // 3 % 3]}))
        desk.write(f"{at:03}.wav", clip[0])
        desk.claim(clip[0], told)
        rows.append((f"{at:03}.wav", told))
    return desk.write("tags.csv", rows_to_csv(rows))


@add_layout(
    "class folders of WAV with an empty file, a page and notes among them", "the clips; each other file is named"
)
def other_files_among_clips(desk: Desk) -> Path:
    for clip in draw_clips():
        _lay(desk, f"{clip[1]}/{clip[2]:03}.wav", clip)
    desk.leave("bell/empty.wav", b"")
    desk.leave("drum/page.wav", b"<!doctype html><html>not here</html>", "web page")
    desk.write("README.txt", "recorded at home\n")
    return desk.root


@add_layout("class folders of WAV, each with a transcript in a `.txt` beside it", "the clips")
def transcripts_of_clips(desk: Desk) -> Path:
    for clip in draw_clips():
        _lay(desk, f"{clip[1]}/{clip[2]:03}.wav", clip)
        desk.leave(f"{clip[1]}/{clip[2]:03}.txt", f"a {clip[1]} is heard number {clip[2]}")
    return desk.root


@add_layout(
    "`clips.csv`: `path,sentence,label`, what is said beside each clip", "the clips; that there are texts is said"
)
def sentences_of_clips(desk: Desk) -> Path:
    desk.say("sentence")
    rows = [("path", "sentence", "label")]
    for at, clip in enumerate(draw_clips()):
        _lay(desk, f"{at:03}.wav", clip)
        rows.append((f"{at:03}.wav", f"somebody strikes the {clip[1]} for the time {at}", clip[1]))
    return desk.write("clips.csv", rows_to_csv(rows))


@add_layout(
    "`events.csv`: `recording,start,end,label`; hours of sound in a few files", "each row is a stretch of its file"
)
def stretches_of_recordings(desk: Desk) -> Path:
    desk.mention("start")
    rows: list[tuple[object, ...]] = [("recording", "start", "end", "label")]
    for number in range(12):
        content = draw_wave("drum", number, 3.0)
        desk.write(f"day{number:02}.wav", content)
        for at in range(6):
            start, end, label = 0.5 * at, 0.5 * at + 0.4, list(TONES)[(at + number) % 3]
            rows.append((f"day{number:02}.wav", start, end, label))
            desk.claim(mark_stretch(content, start, end), label, "", f"day{number:02}.wav")
    return desk.write("events.csv", rows_to_csv(rows))


def mark_stretch(content: bytes, start: float, end: float | None) -> bytes:
    """Return what tells a stretch of a file: the file with both limits behind it."""
    return content + f"|{start:g}|{end}".encode()
