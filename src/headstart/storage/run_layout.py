"""The names of the files in a run's folder."""

SCHEMA_VERSION = 1  #: of run.json, evaluation.json, comparison.json and trust.json

RECORD = "run.json"  #: written last: it marks the run as finished
SETTINGS = "settings.toml"
SPLIT = "split.json"
LEDGER = "ledger.jsonl"
RELABELS = "relabels.csv"  #: all labels that were corrected; only where some were
EVALUATION = "evaluation.json"
COMPARISON = "comparison.json"
LEADERBOARD = "leaderboard"  #: as Markdown and CSV
CURVES = "curves"  #: a folder with a CSV for each trained arm
MODEL = "model"  #: the folder of the saved classifier
TRUST = "trust.json"
PREDICTIONS = "predictions"  #: as npz and CSV
PREVIEWS = "previews.npz"
NEIGHBOURS = "neighbours.safetensors"
REPORT, CARD = "report.html", "model-card.md"
UNFINISHED = ".unfinished"  #: marks the folder of a run that is under way or was killed
MARKER = ".headstart-output"  #: in a folder of pictures that was made for them
