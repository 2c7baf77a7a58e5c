"""A classifier of texts as people write it with sentence-transformers and scikit-learn: a process of its own.

    python benchmarks/plain_training/text_probe.py TABLE.csv MODEL [--column text] [--layers last|all] [--points 17]

The texts are encoded, a logistic regression on standardised features is chosen by a grid of C and five folds
(GridSearchCV, the log loss decides, a fit on each core), fitted on all training texts, and asked about the test texts
once. ``--layers all`` reads the mean of each layer's states, side by side, as headstart does; ``last`` what
``encode`` gives. Parts are those of the column ``split``, else every fifth text is for the test. The last line is one
JSON object: accuracy, log loss, C and the seconds of each step.
"""

import argparse
import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

BATCH, FOLDS = 32, 5
LOW, HIGH = 1e-5, 1e3  #: C
STEPS = 1000


def main() -> None:
    """Runs it."""
    began = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("model")
    parser.add_argument("--column", default="text")
    parser.add_argument("--layers", choices=("last", "all"), default="last")
    parser.add_argument("--points", type=int, default=17)
    given = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    import sentence_transformers
    import torch
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    with given.table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    texts, labels = [row[given.column] for row in rows], np.array([row["label"] for row in rows])
    test = np.array(
        [row.get("split", "test" if place % FOLDS == 0 else "") == "test" for place, row in enumerate(rows)]
    )
    network = sentence_transformers.SentenceTransformer(given.model, device="cpu")
    started = time.perf_counter()
    if given.layers == "last":
        features = np.asarray(network.encode(texts, batch_size=BATCH, show_progress_bar=False))
    else:
        features = encode_layers(network, texts)
    encoded = time.perf_counter()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=STEPS)),
        {"logisticregression__C": np.geomspace(LOW, HIGH, given.points)},
        cv=StratifiedKFold(FOLDS, shuffle=True, random_state=0),
        scoring="neg_log_loss",
        n_jobs=cores,
    )
    search.fit(features[~test], labels[~test])
    chances = search.predict_proba(features[test])
    result = {
        "accuracy": float(np.mean(search.classes_[chances.argmax(axis=1)] == labels[test])),
        "log_loss": float(log_loss(labels[test], chances, labels=search.classes_)),
        "C": float(search.best_params_["logisticregression__C"]),
        "width": features.shape[1],
        "import_seconds": round(started - began, 2),
        "encode_seconds": round(encoded - started, 2),
        "fit_seconds": round(time.perf_counter() - encoded, 2),
    }
    print(json.dumps(result))


def encode_layers(network: Any, texts: list[str]) -> Any:
    """Return the mean of each layer's states over the tokens of each text, side by side, (N, layers x width)."""
    import torch

    encoder, tokenizer = network[0].auto_model, network.tokenizer
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    found: list[Any] = [None] * len(texts)
    with torch.inference_mode():
        for first in range(0, len(order), BATCH):
            places = order[first : first + BATCH]
            tokens = tokenizer([texts[place] for place in places], padding=True, truncation=True, return_tensors="pt")
            states = encoder(**tokens, output_hidden_states=True).hidden_states[1:]
            mask = tokens["attention_mask"][:, :, None].float()
            means = torch.cat([(state * mask).sum(1) / mask.sum(1) for state in states], dim=1).numpy()
            for place, mean in zip(places, means, strict=True):
                found[place] = mean
    return np.stack(found)


if __name__ == "__main__":
    main()
