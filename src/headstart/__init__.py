"""headstart: from labelled data to a tested, deployable classifier, by transfer learning.

import headstart

run = headstart.fit("data/")
run.test.accuracy
run.classifier.predict("new.jpg").label
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headstart import events, settings, sklearn
    from headstart.runs.run import Run, open_run
    from headstart.verbs.advise import advise
    from headstart.verbs.cache import cache
    from headstart.verbs.check import check
    from headstart.verbs.compare import compare
    from headstart.verbs.demo import demo
    from headstart.verbs.evaluate import evaluate
    from headstart.verbs.explain import explain
    from headstart.verbs.export import export
    from headstart.verbs.features import features
    from headstart.verbs.fit import fit
    from headstart.verbs.models import models
    from headstart.verbs.predict import predict
    from headstart.verbs.report import report
    from headstart.verbs.serve import serve
    from headstart_runtime import errors
    from headstart_runtime.errors import HeadstartError, UserError
    from headstart_runtime.inference.classifier import Classifier, Prediction, load

__version__ = "0.1.0"
__all__ = [
    "Classifier",
    "HeadstartError",
    "Prediction",
    "Run",
    "UserError",
    "__version__",
    "advise",
    "cache",
    "check",
    "compare",
    "demo",
    "errors",
    "evaluate",
    "events",
    "explain",
    "export",
    "features",
    "fit",
    "load",
    "models",
    "open_run",
    "predict",
    "report",
    "serve",
    "settings",
    "sklearn",
]

# Names are fetched when first used: loading a classifier must not cost the imports that fitting one needs.
_HOMES = {
    "HeadstartError": "headstart_runtime.errors",
    "UserError": "headstart_runtime.errors",
    "Classifier": "headstart_runtime.inference.classifier",
    "Prediction": "headstart_runtime.inference.classifier",
    "load": "headstart_runtime.inference.classifier",
    "Run": "headstart.runs.run",
    "open_run": "headstart.runs.run",
}
_MODULES = ("errors", "events", "settings", "sklearn")
#: No module of the package has the name of a verb: importing it would hide the function.
_VERBS = (
    *("fit", "compare", "advise", "predict", "explain", "evaluate"),
    *("check", "features", "report", "export", "serve", "models", "cache", "demo"),
)


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"headstart.{name}")
    if name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
    elif name in _VERBS:
        public = import_module("headstart.verbs.calling").public
        found = public(getattr(import_module(f"headstart.verbs.{name}"), name))
    else:
        raise AttributeError(f"module 'headstart' has no attribute {name!r}")
    globals()[name] = found
    return found
