"""Are planted faults of texts found: turned labels, altered copies, a word that gives a class away, texts of elsewhere?

    python benchmarks/text_suspects.py TREC_QUESTIONS.csv SMS_SPAM.csv [--rows 6000] [--copies 200]

Everything goes through headstart as a user has it. The first table is altered, and texts of the second are strangers:

* of one of twenty labels another is given: of the first 100 suspects of ``check --labels`` the share whose label was
  turned (wanted: .75), beside how many are doubted where nothing is planted;
* altered copies (other numbers, a template filled in anew, a quote, another case, other marks, a slip, a word dropped)
  are added: the share that is found (wanted: .95), and the share of all texts that are paired with one that shares less
  than half of its words (wanted: at most .02);
* a word of no meaning is put behind four of five texts of one class: what the shortcut probe names;
* the AUROC of the novelty of texts of the second table against that of test texts of the first (wanted: .95);
* words that spoke for an answer are taken out, those that spoke most first, and the label's probability is watched;
  beside it as many words at random (deletion: the lower the mean the better; insertion, from nothing on: the higher). p
  is of Wilcoxon's signed-rank test over texts, one-sided.

The last line is one JSON object.
"""

import csv
import difflib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import wilcoxon
from sklearn.metrics import roc_auc_score

import headstart
import measuring
from drawn.altered_texts import plant_copies
from headstart.pipeline.label_check import check_labels
from headstart_runtime.explanation.answer_explainer import AnswerExplainer
from headstart_runtime.explanation.choose_explainer import open_explainer
from headstart_runtime.modalities.text.explanation import TextExplanation

TURNED, FIRST = 0.05, 100  #: share of labels that are turned; suspects that are looked at
WORD, HINTED = "zorblatt", 0.8  #: the word that gives a class away, and in which share of the class it stands
ALIKE = 0.5  #: share of words that near-duplicates have in common at least
STRANGERS, EXPLAINED, STEPS = 500, 60, 6  #: texts, texts, points of a curve

Row = dict[str, str]


def read_rows(table: Path, most: int) -> list[Row]:
    """Return texts and labels of a table, of many some at random."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = [{"text": row["text"], "label": row["label"]} for row in csv.DictReader(file)]
    return [rows[place] for place in sorted(np.random.default_rng(0).permutation(len(rows))[:most].tolist())]


def write_rows(table: Path, rows: Sequence[Row]) -> Path:
    """Write a table; return it."""
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)
    return table


def find_row(name: str) -> int:
    """Return the place among the rows of a table's sample, "row 2" being the first."""
    return int(name.rpartition(" ")[2]) - 2


def judge_labels(rows: Sequence[Row], folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return how many of the first suspects have a label that was turned."""
    chance = np.random.default_rng(options["seed"])
    names = sorted({row["label"] for row in rows})
    turned = set(chance.permutation(len(rows))[: round(TURNED * len(rows))].tolist())
    planted = [
        {**row, "label": str(chance.choice([name for name in names if name != row["label"]]))}
        if place in turned
        else row
        for place, row in enumerate(rows)
    ]
    counts, found = {}, []
    for kind, some in (("planted", planted), ("unplanted", rows)):
        checked = check_labels(write_rows(folder / f"{kind}.csv", some), include_test=True, **options)
        sample_names = {sample.id: sample.name for sample in checked.samples.samples}
        counts[kind] = len(checked.issues)
        found = found or [find_row(sample_names[issue.id]) in turned for issue in checked.issues[:FIRST]]
    return {
        "turned": len(turned),
        "found_first": float(np.mean(found)),
        "suspects": counts["planted"],
        "suspects_unplanted": counts["unplanted"],
    }


def split_words(text: str) -> list[str]:
    """Return the words of a text, numbers all alike."""
    return re.findall(r"\w+", re.sub(r"\d+", "0", text.casefold()))


def judge_copies(run: headstart.Run, rows: Sequence[Row], planted: Sequence[tuple[int, str, str]]) -> dict[str, Any]:
    """Return which copies were found, and how many texts were paired with one unlike them."""
    trust = json.loads((run.folder / "trust.json").read_text("utf-8"))
    with (run.folder / "ledger.jsonl").open(encoding="utf-8") as file:
        entries = [json.loads(line) for line in file]
    places: dict[str, int] = {}
    for entry in entries:
        if entry.get("digest"):
            places.setdefault(entry["digest"], find_row(entry["name"]))
    first, earliest = len(rows) - len(planted), dict[str, int]()
    same = [earliest.setdefault(row["text"], place) for place, row in enumerate(rows)]  # pairs name the first of equals
    wanted = {(same[row], same[first + number]): kind for number, (row, kind, _) in enumerate(planted)}
    found: Counter[str] = Counter()
    unlike: set[int] = set()
    others = 0
    for pair in trust["duplicates"]["pairs"]:
        ends = tuple(sorted(places.get(pair[end], -1) for end in ("first", "second")))
        if ends in wanted:
            found[wanted[ends]] += 1
        elif -1 not in ends and pair["kind"] == "near":
            others += 1
            one, other = (split_words(rows[end]["text"]) for end in ends)
            if difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() < ALIKE:
                unlike.update(ends)
    kinds = Counter(kind for _, kind, _ in planted)
    return {
        "planted": len(planted),
        "found": found.total() / len(planted),
        **{f"found, {kind}": found[kind] / kinds[kind] for kind in kinds},
        "other_pairs": others,
        "unlike_share": len(unlike) / len(rows),
    }


def judge_shortcut(run: headstart.Run, label: str) -> dict[str, Any]:
    """Return what the probe of single words names."""
    trust = json.loads((run.folder / "trust.json").read_text("utf-8"))
    told = next(shortcut for shortcut in trust["shortcuts"] if shortcut["cue"] == "single word")
    return {
        "words": told["words"],
        "named": WORD in told["words"] and label in told["words"],
        "accuracy": told["accuracy"],
        "share_of_gain": told["share_of_gain"],
    }


def measure_strangers(run: headstart.Run, strangers: Sequence[str]) -> float:
    """Return the AUROC of the novelty of strangers against that of a model's test texts."""
    with np.load(run.folder / "predictions.npz") as arrays:
        familiar = arrays["novelty"][arrays["part"] == "test"]
    unlike = [answer.novelty for answer in run.classifier.predict(list(strangers))]
    return float(roc_auc_score(np.repeat([0, 1], [len(familiar), len(unlike)]), np.concatenate([familiar, unlike])))


def draw_curve(run: headstart.Run, text: str, label: str, order: np.ndarray, *, inserted: bool) -> float:
    """Return the mean probability of a label while words are taken out of a text, or put in, in an order."""
    facet, kept = TextExplanation(), []
    pieces = facet.split(text)
    for step in range(1, STEPS + 1):
        out = np.zeros(len(pieces), bool)
        out[order[: round(step * len(order) / STEPS)]] = True
        kept.append(facet.remove(text, pieces, ~out if inserted else out))
    answers = run.classifier.predict(kept)
    return float(np.mean([dict(answer.top(len(run.classes)))[label] for answer in answers]))


def judge_explanations(run: headstart.Run, texts: Sequence[str], seed: int) -> dict[str, Any]:
    """Return by how much words that spoke for an answer are better to take out, or to put in, than random ones."""
    explainer: AnswerExplainer = open_explainer(run.folder / "model")
    chance = np.random.default_rng(seed)
    gains: dict[str, list[float]] = {"deletion": [], "insertion": []}
    for text in texts:
        heat = explainer.explain(text)
        order, count = np.argsort(-heat.values[0], kind="stable"), heat.values.shape[1]
        if count < STEPS:
            continue
        for name, sign in (("deletion", -1), ("insertion", 1)):
            inserted = name == "insertion"
            told = draw_curve(run, text, heat.label, order, inserted=inserted)
            drawn = [draw_curve(run, text, heat.label, chance.permutation(count), inserted=inserted) for _ in range(2)]
            gains[name].append(sign * (told - float(np.mean(drawn))))
    return {
        "texts": len(gains["deletion"]),
        **{name: float(np.mean(found)) for name, found in gains.items()},
        **{f"{name}_p": float(wilcoxon(found, alternative="greater").pvalue) for name, found in gains.items()},
    }


def run_all(table: Path, other: Path, most: int, copies: int, backbone: str, seed: int) -> dict[str, Any]:
    """Return all figures."""
    rows, options = read_rows(table, most), {"backbone": backbone, "seed": seed, "modality": "text"}
    result: dict[str, Any] = {"texts": len(rows)}

    def keep(name: str, found: Any) -> None:
        result[name] = found
        print(f"{name}: {found}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keep("labels", judge_labels(rows, folder, options))
        chance = np.random.default_rng(seed)
        planted = plant_copies([row["text"] for row in rows], copies, chance)
        both = [*rows, *({"text": copy, "label": rows[row]["label"]} for row, _, copy in planted)]
        found = fit(write_rows(folder / "copies.csv", both), folder / "copies", options)
        keep("copies", judge_copies(found, both, planted))
        strangers = [row["text"] for row in read_rows(other, STRANGERS)]
        keep("strangers", measure_strangers(found, strangers))
        texts = [rows[place]["text"] for place in chance.permutation(len(rows))[:EXPLAINED].tolist()]
        keep("explanations", judge_explanations(found, texts, seed))
        label = Counter(row["label"] for row in rows).most_common(2)[-1][0]
        hinted = [
            {**row, "text": f"{row['text']} {WORD}"} if row["label"] == label and chance.random() < HINTED else row
            for row in rows
        ]
        hint = fit(write_rows(folder / "hinted.csv", hinted), folder / "hinted", options)
        keep("shortcut", judge_shortcut(hint, label))
    return result


def fit(table: Path, out: Path, options: dict[str, Any]) -> headstart.Run:
    """Return a quick run."""
    return headstart.fit(table, out=out, strategy="linear-probe", report=False, progress=False, **options)


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("table", {"type": Path, "metavar": "TABLE"}),
        ("other", {"type": Path, "metavar": "OTHER"}),
        ("--rows", {"type": int, "default": 6000}),
        ("--copies", {"type": int, "default": 200}),
        ("--backbone", {"default": "minilm"}),
        ("--seed", {"type": int, "default": 0}),
    )
    result = run_all(options.table, options.other, options.rows, options.copies, options.backbone, options.seed)
    measuring.finish(__file__, result, keep=options.keep)


if __name__ == "__main__":
    main()
