import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from huggingface_hub import constants

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.providers.hub import is_hub_reachable, skip_unreachable_hub
from headstart.backbones.zoo import load_network
from headstart_runtime.errors import BackboneError


@pytest.mark.parametrize("status", [200, 404])
def test_whether_the_hub_answers(status: int, monkeypatch) -> None:
    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Hub)
    address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        assert not is_hub_reachable(address)  # the tests say HF_HUB_OFFLINE
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        assert is_hub_reachable(address)
    finally:
        server.shutdown()
        server.server_close()
    assert not is_hub_reachable(address, seconds=0.5)


def test_a_hub_that_is_not_reached_costs_no_wait(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("headstart.backbones.providers.hub.is_hub_reachable", lambda: False)
    with skip_unreachable_hub():
        assert constants.is_offline_mode()
    assert not constants.is_offline_mode()
    with pytest.raises(BackboneError, match="could not be fetched from the hub"):
        load_network(resolve_origin("resnet18"))
    assert not constants.is_offline_mode()


def test_a_hub_that_is_reached_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("headstart.backbones.providers.hub.is_hub_reachable", lambda: True)
    with skip_unreachable_hub():
        assert not constants.is_offline_mode()


def test_two_that_overlap_give_back_what_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("headstart.backbones.providers.hub.is_hub_reachable", lambda: False)
    first, second = ExitStack(), ExitStack()
    first.enter_context(skip_unreachable_hub())
    second.enter_context(skip_unreachable_hub())
    first.close()
    assert constants.is_offline_mode()
    second.close()
    assert not constants.is_offline_mode()
