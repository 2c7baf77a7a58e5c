"""headstart-runtime: answers of a classifier that headstart saved, without what fitting one needs.

from headstart_runtime import load

classifier = load("model")
classifier.predict("new.jpg").label
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headstart_runtime.errors import HeadstartError, UserError
    from headstart_runtime.inference.classifier import Classifier, Prediction, load

__version__ = "0.1.0"
__all__ = ["Classifier", "HeadstartError", "Prediction", "UserError", "__version__", "load"]

# Names are fetched when first used, so that a module of this package can be imported alone.
_HOMES = {
    "HeadstartError": "headstart_runtime.errors",
    "UserError": "headstart_runtime.errors",
    "Classifier": "headstart_runtime.inference.classifier",
    "Prediction": "headstart_runtime.inference.classifier",
    "load": "headstart_runtime.inference.classifier",
}


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'headstart_runtime' has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found
