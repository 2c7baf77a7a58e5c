"""Failures of one arm, one trial or one backbone of several, which do not end the others."""

import gc
import sys

from headstart_runtime.errors import HeadstartError, UserError, bounded, is_memory_short

#: A network that cannot be cut, a loss that is not a number, what PyTorch and OpenVINO raise when memory is short
#: (``torch.OutOfMemoryError`` is a RuntimeError), a disk that is full. A user's mistake ends the run, and so does a
#: fault of another kind.
FAILURES = (HeadstartError, RuntimeError, MemoryError, OSError)
MOST = 300  #: characters of a reason


def describe_failure(error: BaseException) -> str:
    """Return why it went wrong, in one bounded line.

    Lets go of all that the error holds on to, and of a GPU's spare memory.

    Raises:
        UserError: that is what it is, and nobody else's arm would do better.
    """
    if isinstance(error, UserError):
        raise error
    text = " ".join(str(error).split()) or type(error).__name__
    text = bounded(text, MOST)
    if is_memory_short(error):
        text = f"memory was too short ({text}); a smaller --batch-size or --backbone takes less"
    elif not isinstance(error, HeadstartError):
        text = f"{type(error).__name__}: {text}"
    error.__traceback__ = None  # its frames hold the network, the activations, the optimiser
    error.__context__ = error.__cause__ = None
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    return text
