"""``headstart demo [FOLDER]``."""

from pathlib import Path

from headstart.quoting import quote_argument


def demo(folder: Path = Path("demo"), /) -> int:
    """Run the whole job on digits drawn by pen: files on disk to a tested classifier and a prediction.

    Args:
        folder: Where the digits and the run are written.
    """
    from headstart.cli.fit_summary import describe_run
    from headstart.verbs.demo import demo as run_demo
    from headstart.verbs.demo import find_run_folder

    print(f"drawing 1,200 digits, as if by pen on paper, into {folder / 'digits'}")
    print(f"headstart fit {quote_argument(folder / 'digits')} --out {quote_argument(find_run_folder(folder))}")
    run = run_demo(folder, progress=True)
    print(describe_run(run))
    digit = sorted((folder / "digits" / "7").iterdir())[0]
    prediction = run.classifier.predict(digit)
    print(f"\nheadstart predict {quote_argument(run.folder / 'model')} {quote_argument(digit)}")
    print(f"{digit}: {prediction.label} {prediction.probability:.1%}")
    return 0
