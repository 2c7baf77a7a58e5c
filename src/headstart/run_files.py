"""The names of the files in a run's folder."""

RECORD = "run.json"  #: written last: it marks the run as finished
SETTINGS = "settings.toml"
SPLIT = "split.json"
LEDGER = "ledger.jsonl"
EVALUATION = "evaluation.json"
COMPARISON = "comparison.json"
LEADERBOARD = "leaderboard"  #: as Markdown and CSV
CURVES = "curves"  #: a folder with a CSV for each trained arm
MODEL = "model"  #: the folder of the saved classifier
TRUST = "trust.json"
PREDICTIONS = "predictions"  #: as npz and CSV
PICTURES = "pictures.npz"
NEIGHBOURS = "neighbours.safetensors"
REPORT, CARD = "report.html", "model-card.md"
UNFINISHED = ".unfinished"  #: marks the folder of a run that is under way or was killed
