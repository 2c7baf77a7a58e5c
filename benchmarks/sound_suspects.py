"""Are planted faults of clips found: turned labels, altered copies, what gives a class away, strangers?

    python benchmarks/sound_suspects.py CLIPS.csv [--group speaker] [--most 3000] [--copies 200]

Everything goes through headstart as a user has it, on a table with paths, labels and groups:

* of one of twenty labels another is given: of the first 100 suspects of ``check --labels`` the share whose label was
  turned, beside how many are doubted where nothing is planted;
* altered copies (another gain, another rate, 50 ms less, Ogg, MP3) are added: the share that is found (wanted: .95),
  and the share of all clips that are paired with one that they are no copy of (wanted: at most .02);
* of two classes the clips of one get noise behind them, are made louder, or are stored as FLAC: what the shortcut
  probe names;
* the AUROC of the novelty of noise and of music-like tones against that of test clips of a speaker who was never heard
  (wanted: .95), and against that of others.

The last line is one JSON object.
"""

import csv
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from sklearn.metrics import roc_auc_score

import headstart
import measuring
from drawn.altered_clips import ALTERATIONS, draw_noise, draw_tones, encode
from headstart.pipeline.label_check import check_labels

TURNED, FIRST, STRANGERS = 0.05, 100, 200
HINTED = 0.9  #: share of a class that a hint is put in
HINTS = {"noise": "the noise in the background", "loudness": "the loudness", "format": "the file's"}

Row = dict[str, str]


def read_rows(table: Path, group: str, most: int) -> list[Row]:
    """Return path, label and group of a table's rows; of many some at random."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = [
            {"path": str((table.parent / row["path"]).absolute()), "label": row["label"], "group": row[group]}
            for row in csv.DictReader(file)
        ]
    return [rows[place] for place in sorted(np.random.default_rng(0).permutation(len(rows))[:most].tolist())]


def write_rows(table: Path, rows: Sequence[Row], columns: Sequence[str] = ("path", "label")) -> Path:
    """Write a table; return it."""
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return table


def read_clip(path: str) -> tuple[np.ndarray, int]:
    """Return the samples of a clip, one channel, and their rate."""
    samples, rate = soundfile.read(path, always_2d=True)
    return samples.mean(axis=1), rate


def fit(table: Path, out: Path, options: dict[str, Any]) -> headstart.Run:
    """Return a quick run."""
    return headstart.fit(table, out=out, strategy="linear-probe", report=False, progress=False, **options)


def judge_labels(rows: Sequence[Row], folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return how many of the first suspects have a label that was turned."""
    chance = np.random.default_rng(options["seed"])
    names = sorted({row["label"] for row in rows})
    turned = {rows[place]["path"] for place in chance.permutation(len(rows))[: round(TURNED * len(rows))].tolist()}
    planted = [
        {**row, "label": str(chance.choice([name for name in names if name != row["label"]]))}
        if row["path"] in turned
        else row
        for row in rows
    ]
    counts, found = {}, []
    for kind, some in (("planted", planted), ("unplanted", rows)):
        checked = check_labels(write_rows(folder / f"{kind}.csv", some), include_test=True, **options)
        paths = {sample.id: sample.name for sample in checked.samples.samples}
        counts[kind] = len(checked.issues)
        found = found or [paths[issue.id] in turned for issue in checked.issues[:FIRST]]
    return {
        "turned": len(turned),
        "found_first": float(np.mean(found)),
        "suspects": counts["planted"],
        "suspects_unplanted": counts["unplanted"],
    }


def plant_copies(rows: Sequence[Row], count: int, folder: Path, seed: int) -> dict[str, tuple[str, str]]:
    """Write altered copies of some clips; return path of a copy -> path of its original and kind."""
    folder.mkdir(exist_ok=True)
    chance, kinds = np.random.default_rng(seed), list(ALTERATIONS)
    planted = {}
    for number, place in enumerate(chance.permutation(len(rows))[:count].tolist()):
        kind = kinds[number % len(kinds)]
        alter, suffix = ALTERATIONS[kind]
        copy = folder / f"copy{number}{suffix}"
        copy.write_bytes(alter(*read_clip(rows[place]["path"]), chance))
        planted[str(copy)] = (rows[place]["path"], kind)
    return planted


def judge_copies(run: headstart.Run, planted: dict[str, tuple[str, str]], clips: int) -> dict[str, Any]:
    """Return which copies were found, and how many clips were paired with one that they are no copy of."""
    trust = json.loads((run.folder / "trust.json").read_text("utf-8"))
    with (run.folder / "ledger.jsonl").open(encoding="utf-8") as file:
        names = {entry["digest"]: entry["name"] for entry in map(json.loads, file) if entry.get("digest")}
    wanted = {frozenset((copy, original)): kind for copy, (original, kind) in planted.items()}
    found: Counter[str] = Counter()
    wrong: set[str] = set()
    for pair in trust["duplicates"]["pairs"]:
        ends = frozenset(names.get(pair[end].partition(".")[0], "") for end in ("first", "second"))
        if ends in wanted:
            found[wanted[ends]] += 1
        elif pair["kind"] == "near":
            wrong |= ends
    kinds = Counter(kind for _, kind in planted.values())
    return {
        "planted": len(planted),
        "found": found.total() / len(planted),
        **{f"found, {kind}": found[kind] / kinds[kind] for kind in kinds},
        "false_share": len(wrong) / clips,
    }


def add_noise(samples: np.ndarray, rate: int, chance: np.random.Generator) -> tuple[bytes, str]:
    """Return a clip with hum and hiss behind it, 20 decibels below its peak."""
    time, level = np.arange(len(samples)) / rate, 0.1 * np.abs(samples).max()
    hum = level * (0.5 * np.sin(2 * np.pi * 100 * time) + 0.3 * chance.normal(0, 1, len(samples)))
    return encode(np.clip(samples + hum, -1, 1), rate), ".wav"


def raise_level(samples: np.ndarray, rate: int, chance: np.random.Generator) -> tuple[bytes, str]:
    """Return a clip as loud as it can be."""
    return encode(0.97 * samples / max(float(np.abs(samples).max()), 1e-6), rate), ".wav"


def store_flac(samples: np.ndarray, rate: int, chance: np.random.Generator) -> tuple[bytes, str]:
    """Return a clip as FLAC."""
    return encode(samples, rate, "FLAC"), ".flac"


def judge_shortcut(
    rows: Sequence[Row],
    hint: str,
    change: Callable[[np.ndarray, int, np.random.Generator], tuple[bytes, str]],
    folder: Path,
    options: dict[str, Any],
) -> dict[str, Any]:
    """Return whether the shortcut probe names what was put into the clips of one class, and what others say."""
    chance, label = np.random.default_rng(options["seed"]), sorted({row["label"] for row in rows})[0]
    other = sorted({row["label"] for row in rows})[1]
    folder.mkdir(exist_ok=True)
    hinted = []
    for number, row in enumerate(row for row in rows if row["label"] in (label, other)):
        given = dict(row)
        if row["label"] == label and chance.random() < HINTED:
            content, suffix = change(*read_clip(row["path"]), chance)
            file = folder / f"{number}{suffix}"
            file.write_bytes(content)
            given["path"] = str(file)
        hinted.append(given)
    run = fit(write_rows(folder / "hinted.csv", hinted), folder / "run", options)
    trust = json.loads((run.folder / "trust.json").read_text("utf-8"))
    said = {shortcut["words"]: shortcut for shortcut in trust["shortcuts"]}
    found = next(shortcut for words, shortcut in said.items() if words.startswith(HINTS[hint]))
    return {
        "named": bool(found["significant"] and found["share_of_gain"] >= 0.5 and not found["reached_by_subject"]),
        "words": found["words"],
        "accuracy": found["accuracy"],
        "chance": found["chance"],
        "share_of_gain": found["share_of_gain"],
        "others": {words: round(one["share_of_gain"], 3) for words, one in said.items() if one is not found},
    }


def measure_strangers(run: headstart.Run, rate: int, seed: int) -> dict[str, float]:
    """Return the AUROC of the novelty of noise, and of tones, against that of a model's test clips."""
    with np.load(run.folder / "predictions.npz") as arrays:
        familiar = arrays["novelty"][arrays["part"] == "test"]
    chance, found = np.random.default_rng(seed), {}
    for name, draw in (("noise", draw_noise), ("tones", draw_tones)):
        clips = [(draw(chance, rate).astype(np.float32), rate) for _ in range(STRANGERS)]
        unlike = [answer.novelty for answer in run.classifier.predict(clips)]
        truth = np.repeat([0, 1], [len(familiar), len(unlike)])
        found[name] = float(roc_auc_score(truth, np.concatenate([familiar, unlike])))
    return found


def run_all(table: Path, group: str, most: int, copies: int, backbone: str, seed: int) -> dict[str, Any]:
    """Return all figures."""
    rows = read_rows(table, group, most)
    result: dict[str, Any] = {"clips": len(rows)}

    def keep(name: str, found: Any) -> None:
        result[name] = found
        print(f"{name}: {found}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = {"backbone": backbone, "seed": seed, "modality": "sound", "store": folder / "store"}
        planted = plant_copies(rows, copies, folder / "altered", seed)
        labels = {row["path"]: row["label"] for row in rows}
        both = [*rows, *({"path": copy, "label": labels[first]} for copy, (first, _) in planted.items())]
        found = fit(write_rows(folder / "copies.csv", both), folder / "copies", options)
        keep("copies", judge_copies(found, planted, len(both)))
        rate = read_clip(rows[0]["path"])[1]
        keep("strangers", measure_strangers(found, rate, seed))
        grouped = fit(
            write_rows(folder / "grouped.csv", rows, ("path", "label", "group")),
            folder / "grouped",
            {**options, "group_column": "group"},
        )
        keep("strangers_beside_unheard_speakers", measure_strangers(grouped, rate, seed))
        keep("labels", judge_labels(rows, folder, options))
        for hint, change in (("noise", add_noise), ("loudness", raise_level), ("format", store_flac)):
            keep(f"shortcut, {hint}", judge_shortcut(rows, hint, change, folder / hint, options))
    return result


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("table", {"type": Path, "metavar": "CLIPS"}),
        ("--group", {"default": "speaker"}),
        ("--most", {"type": int, "default": 3000}),
        ("--copies", {"type": int, "default": 200}),
        ("--backbone", {"default": "speech_embedding"}),
        ("--seed", {"type": int, "default": 0}),
    )
    result = run_all(options.table, options.group, options.most, options.copies, options.backbone, options.seed)
    measuring.finish(__file__, result, keep=options.keep)


if __name__ == "__main__":
    main()
