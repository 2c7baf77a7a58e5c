"""Spoken words with each speaker held out once: the accuracy on speakers that were never heard.

    python benchmarks/speakers.py TABLE [--group speaker] [--label label] [--backbone speech_embedding]

The table has paths of clips, their labels and who spoke. For each speaker a job is run as ``headstart fit`` runs it
(probes), that speaker's clips being the test, the next one's validation, and folds made by
speakers too. ``mean`` is the mean over the speakers of the
accuracy of the saved classifier, ``by_speaker`` has each. The last line is one JSON object.
"""

import csv
import tempfile
from pathlib import Path

import numpy as np

import headstart
import measuring


def main() -> None:
    """Run the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("table", {"type": Path}),
        ("--group", {"default": "speaker"}),
        ("--label", {"default": "label"}),
        ("--backbone", {"default": "speech_embedding"}),
    )
    with options.table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    speakers = sorted({row[options.group] for row in rows})
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for place, speaker in enumerate(speakers):
            other = speakers[(place + 1) % len(speakers)]
            subsets = {speaker: "test", other: "validation"}
            table = Path(folder) / f"{speaker}.csv"
            with table.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.writer(stream)
                writer.writerow(("path", "label", "split", options.group))
                for row in rows:
                    path = (options.table.parent / row["path"]).absolute()
                    subset = subsets.get(row[options.group], "train")
                    writer.writerow((path, row[options.label], subset, row[options.group]))
            run = headstart.fit(
                table,
                backbone=options.backbone,
                group_column=options.group,
                report=False,
                store=Path(folder) / "store",
                out=Path(folder) / speaker,
                progress=False,
            )
            found[speaker] = float(run.test.score)
            print(f"{speaker}: {found[speaker]:.4f}", flush=True)
    result = {
        "mean": float(np.mean(list(found.values()))),
        "clips": len(rows),
        "speakers": len(speakers),
        "by_speaker": {name: round(score, 4) for name, score in found.items()},
    }
    measuring.finish(__file__, result, keep=options.keep)


if __name__ == "__main__":
    main()
