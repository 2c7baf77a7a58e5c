"""``headstart demo [FOLDER]``."""

from pathlib import Path


def demo(folder: Path = Path("demo"), /) -> int:
    """Run the whole job on handwritten digits: photos on disk to a tested classifier and a prediction.

    Args:
        folder: Where the digits and the run are written.
    """
    from headstart.cli.fit import summary
    from headstart.data.demo import write_digits
    from headstart.display.watch import watch
    from headstart.pipeline.fit import fit

    print(f"writing scikit-learn's 1,797 handwritten digits to {folder / 'digits'}")
    digits = write_digits(folder / "digits")
    number = 1
    while (folder / f"run{number}" / "run.json").exists():
        number += 1
    print(f"headstart fit {digits} --out {folder / f'run{number}'}")
    with watch(progress=True) as listener:
        run = fit(digits, out=folder / f"run{number}", listener=listener)
    print(summary(run))
    photo = sorted((digits / "7").iterdir())[0]
    prediction = run.classifier.predict(photo)
    print(f"\nheadstart predict {run.folder / 'model'} {photo}")
    print(f"{photo}: {prediction.label} {prediction.probability:.1%}")
    return 0
