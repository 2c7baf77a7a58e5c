"""headstart: from a folder of labelled photos to a tested, deployable classifier, by transfer learning.

import headstart

run = headstart.fit("photos/")
run.test.accuracy
run.classifier.predict("new.jpg").label
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headstart.errors import HeadstartError, UserError
    from headstart.inference.classifier import Classifier, Prediction, load
    from headstart.pipeline.fit import fit
    from headstart.runs.run import Run, open_run

__version__ = "0.1.0"
__all__ = ["Classifier", "HeadstartError", "Prediction", "Run", "UserError", "__version__", "fit", "load", "open_run"]

# Names are fetched when first used: loading a classifier must not cost the imports that fitting one needs.
_HOMES = {
    "HeadstartError": "headstart.errors",
    "UserError": "headstart.errors",
    "Classifier": "headstart.inference.classifier",
    "Prediction": "headstart.inference.classifier",
    "load": "headstart.inference.classifier",
    "Run": "headstart.runs.run",
    "fit": "headstart.pipeline.fit",
    "open_run": "headstart.runs.run",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'headstart' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
