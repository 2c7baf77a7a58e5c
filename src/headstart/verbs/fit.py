"""``headstart.fit``."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from headstart import events
from headstart.display.watch import ShowProgress, watch
from headstart.settings import complete_class
from headstart.verbs.options import FitOptions

if TYPE_CHECKING:
    from headstart.runs.run import Run


def fit(
    source: Any,
    *,
    labels: Any = None,
    config: str | Path | None = None,
    listener: events.Listener | None = None,
    progress: ShowProgress = "auto",
    cancel: events.CancelToken | None = None,
    **options: Unpack[FitOptions],
) -> "Run":
    """Make a tested classifier from labelled data.

    Args:
        source: a folder with a folder per class, perhaps inside train/validation/test; a table; an archive; an
            ``.npz``; or an array of N items, such as (N, H, W, 3) uint8.
        labels: with arrays, a label for each.
        config: a TOML file of settings; keyword arguments win over it.
        listener: is told of progress, notes and finished stages; see ``headstart.events``.
        progress: whether stages and a bar are shown while it works; "auto": in a terminal or a notebook, where no
            listener takes their place.
        cancel: a token by which another thread ends it; what was computed is kept.
        **options: the settings, flat (``rate=1e-3``) or by chapter (``train={"rate": 1e-3}``); see
            ``headstart.settings.FitSettings``, or ``headstart fit --help-all``.

    Raises:
        UserError: data or settings that cannot be used; no run is written then.
        HeadstartError: anything else that went wrong; features that were computed are kept.
        Cancelled: the token was asked to end it (a ``KeyboardInterrupt``, as of Ctrl-C).
    """
    with watch(listener, progress) as heard:
        from headstart.pipeline.fit import fit as run_fit  # what this imports takes a second or two, which is shown

        return run_fit(source, labels=labels, config=config, listener=heard, cancel=cancel, **options)


def list_settings(function: Any) -> inspect.Signature:
    """Return a function's signature with every setting by name, for ``help`` and notebooks."""
    parameters = inspect.signature(function).parameters.values()
    own = [parameter for parameter in parameters if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    settings = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=field.annotation)
        for name, field in complete_class().model_fields.items()
    ]
    return inspect.Signature([*own, *settings], return_annotation=inspect.signature(function).return_annotation)


fit.__signature__ = list_settings(fit)  # type: ignore[attr-defined]
