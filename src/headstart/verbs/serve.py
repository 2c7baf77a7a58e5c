"""``headstart.serve``."""

import os
from collections.abc import Sequence

from headstart_runtime.command.serve import serve_models
from headstart_runtime.service.settings import ServiceSettings


def serve(
    models: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], *, serving: ServiceSettings | None = None
) -> int:
    """Answer over HTTP with saved classifiers, until the process is told to end; return its exit code.

    Args:
        models: a saved classifier, its folder, or the run; several are each perhaps "NAME=FOLDER".
        serving: how they are served; by default this machine alone is answered.

    Raises:
        UserError: a model, a file or an address cannot be used.
        MissingExtra: what the extra ``serve`` holds is not installed.
    """
    several = [models] if isinstance(models, str | os.PathLike) else models
    return serve_models([os.fspath(one) for one in several], serving or ServiceSettings())
