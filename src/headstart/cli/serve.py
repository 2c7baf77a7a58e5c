"""``headstart serve MODEL...``."""

from typing import Annotated

from cyclopts import Parameter

from headstart_runtime.command.serve import serve_models
from headstart_runtime.service.settings import ServiceSettings

DEFAULTS = ServiceSettings()


def serve(models: list[str], /, *, serving: Annotated[ServiceSettings, Parameter(name="*")] = DEFAULTS) -> int:
    """Answer over HTTP with saved classifiers.

    POST /v1/predict takes the bytes of an item, files of a form, or texts as JSON, and answers as predict --json does.
    Several models are asked by name: /v1/models/NAME/predict. There is a page to try them at /, the Open Inference
    Protocol below /v2, /healthz, /readyz, /metrics and /openapi.json. Items of many calls are answered together.

    A model folder that is replaced while it is served is taken over. SIGTERM and Ctrl-C end the service once what is
    under way is answered. The small distribution headstart-runtime has the same command, headstart-serve.

    Examples:
        headstart serve runs/beetles
        headstart serve small=runs/a large=runs/b --port 9000
        headstart serve runs/beetles --host 0.0.0.0 --api-keys keys.txt --cert cert.pem --key key.pem

    Args:
        models: Saved classifiers: model folders or runs, each perhaps with a name before it, as NAME=FOLDER.
        serving: How they are served.
    """
    return serve_models(models, serving)
