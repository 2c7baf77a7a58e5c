"""The service holds to its own description: schemathesis asks what that allows, and what it does not."""

import warnings
from pathlib import Path

import pytest

from headstart_runtime.service.app import Service, make_app, make_service
from headstart_runtime.service.settings import ServiceSettings
from tests.service.conftest import TestClient

schemathesis = pytest.importorskip("schemathesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis.errors import Unsatisfiable  # noqa: E402
from schemathesis import GenerationMode  # noqa: E402
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module", params=["files", "texts"])
def described(request: pytest.FixtureRequest, service: Service, tmp_path_factory: pytest.TempPathFactory):
    """The description of a service of files, and of one of texts."""
    served = service
    if request.param == "texts":
        run = request.getfixturevalue("text_run")
        served = make_service([str(run)], ServiceSettings(max_body=0.2, max_items=4, watch=0, body_timeout=5))
    app = make_app(served)
    with warnings.catch_warnings(), TestClient(app):
        yield schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_route_holds_to_the_description(described, mode: GenerationMode) -> None:
    asked = 0
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(checks=CHECKS)

        try:
            check()
        except Unsatisfiable:  # of a route without arguments nothing is wrong
            assert mode is GenerationMode.NEGATIVE
    assert asked > 40


@pytest.fixture(scope="session")
def text_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of texts."""
    import headstart
    from tests.modalities import texts

    folder = tmp_path_factory.mktemp("texts")
    table = texts.write_table(folder / "texts.csv", texts.draw_texts(120))
    return Path(headstart.fit(table, out=folder / "run", arms="tfidf", report=False).folder)
