"""``headstart demo [FOLDER]``."""

from pathlib import Path

from headstart.quoting import quote_argument
from headstart_runtime.modalities.given import is_path
from headstart_runtime.modalities.item import NamedItem
from headstart_runtime.modalities.modality import MODALITIES, Modality, get_modality


def demo(folder: Path = Path("demo"), /, *, modality: str = next(iter(MODALITIES))) -> int:
    """Run the whole job on drawn data: files on disk to a tested classifier and a prediction.

    Args:
        folder: Where the data and the run are written.
        modality: Kind of data, such as text; the first one draws digits, text writes messages to a shop.
    """
    from headstart.cli.fit_summary import describe_run
    from headstart.verbs.demo import demo as run_demo
    from headstart.verbs.demo import find_run_folder
    from headstart_runtime.modalities.demonstration import find_demonstration

    kind = get_modality(modality)
    shown = find_demonstration(kind)
    source, out = folder / shown.name, find_run_folder(folder)
    print(f"drawing {shown.what}, into {source}")
    print(f"headstart fit {quote_argument(source)} --out {quote_argument(out)}")
    run = run_demo(folder, modality=modality, progress=True)
    print(describe_run(run))
    example = shown.find_example(source)
    prediction = run.classifier.predict(example)
    print(f"\nheadstart predict {quote_argument(run.folder / 'model')} {_name_argument(kind, example)}")
    print(f"{example.name}: {prediction.describe()}")
    return 0


def _name_argument(modality: Modality, example: NamedItem) -> str:
    """Return an item as the command line takes it."""
    if is_path(modality, example.value):
        return quote_argument(example.value)
    return f"--text {quote_argument(example.value)}"
