"""Whether the hub that weights come from can be reached, and doing without it at once where it cannot."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from headstart.process import Override


def is_hub_reachable(endpoint: str | None = None, seconds: float = 3.0) -> bool:
    """Return whether the hub answers, if only to say no; HF_HUB_OFFLINE says that it need not be asked.

    Asked with the hub client's own session, so that its proxies and certificates count.
    """
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        get_session().head(endpoint or constants.ENDPOINT, timeout=seconds)
    except Exception:  # noqa: BLE001  of which library its session is, and what that raises, changes with its version
        return False
    return True


@contextmanager
def skip_unreachable_hub() -> Iterator[None]:
    """Inside, the hub's client takes what it has kept where the hub is not reached.

    By itself it tries each file five times, ever more slowly: 46 s to an error, measured.
    """
    with _OFFLINE():
        yield


def _go_offline_if_unreachable() -> Callable[[], object]:
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not is_hub_reachable()
    return lambda: setattr(constants, "HF_HUB_OFFLINE", before)


_OFFLINE = Override(_go_offline_if_unreachable)
