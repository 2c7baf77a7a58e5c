"""Routes of the service: answers, refusals, states, the page."""

import json
import re

import pytest

import headstart_runtime
from headstart_runtime.service.app import Service, make_app
from headstart_runtime.service.gate import HEADERS
from headstart_runtime.service.pages import FILES
from tests.conftest import Small
from tests.service.conftest import JPEG, TestClient


def test_an_item_is_answered_as_the_classifier_answers_it(client: TestClient, small: Small, item: bytes) -> None:
    found = client.post("/v1/predict?top=2", content=item, headers=JPEG).json()
    expected = headstart_runtime.load(small.run, "onnxruntime").predict(item).to_json(2)
    (answer,) = found["answers"]
    assert found["model"] == "small-run"
    assert answer.pop("text").startswith(expected["label"])
    assert answer.pop("probabilities") == pytest.approx(expected.pop("probabilities"), abs=1e-5)
    assert (answer["label"], answer["prediction_set"]) == (expected["label"], expected["prediction_set"])
    assert len(answer["top"]) == 2


def test_files_of_a_form_are_answered_in_order_and_a_bad_one_says_why(client: TestClient, item: bytes) -> None:
    files = [("file", ("a.jpg", item)), ("file", (r"C:\x\b.jpg", b"no photo")), ("x", ("../c.jpg", item))]
    found = client.post("/v1/models/other/predict", files=files)
    assert found.status_code == 200
    answers = found.json()["answers"]
    assert [answer["source"] for answer in answers] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [answer["error"] is None for answer in answers] == [True, False, True]
    assert answers[0]["probabilities"] == answers[2]["probabilities"]


def test_a_call_of_which_nothing_can_be_read_is_422(client: TestClient) -> None:
    found = client.post("/v1/predict", content=b"no photo", headers=JPEG)
    assert found.status_code == 422
    assert found.json()["error"].startswith("body: ")


@pytest.mark.parametrize(
    ("path", "content", "kind", "status", "said"),
    [
        ("predict", b"", "image/jpeg", 400, "there is no photo in the call"),
        ("predict", b"x" * 300_000, "image/jpeg", 413, "larger than 0.2 MB"),
        ("predict", b"{", "application/json", 400, "not JSON"),
        ("predict", b"[" * 100_000, "application/json", 413, "more values"),
        ("predict", b'{"items": NaN}', "application/json", 400, "not JSON"),
        ("predict", b"3", "application/json", 400, "neither an object nor a list"),
        ("predict", b'{"url": "http://a.b/c.jpg"}', "application/json", 400, "URLs and paths are not fetched"),
        ("predict", b'{"items": ["http://a.b/c.jpg"]}', "application/json", 400, "URLs and paths are not fetched"),
        ("predict", b'{"items": ["/etc/passwd"]}', "application/json", 415, "photos are not read from JSON"),
        ("predict", b"a=b", "application/x-www-form-urlencoded", 415, "a form without files"),
        ("predict", b"--x", "multipart/form-data", 400, "names no boundary"),
        ("predict", b"--x\r\n", "multipart/form-data; boundary=x", 400, "the multipart body cannot be read"),
        ("predict", b"--x--\r\n", "multipart/form-data; boundary=x", 400, "there is no photo"),
        ("predict?top=0", b"x", "image/jpeg", 400, "top is no whole number"),
        ("predict?top=%C2%B2", b"x", "image/jpeg", 400, "top is no whole number"),
        ("predict?threshold=a", b"x", "image/jpeg", 400, "the threshold is no number"),
        ("predict?threshold=nan", b"x", "image/jpeg", 400, "probability"),
        ("predict?threshold=0.5", b"x", "image/jpeg", 400, "positive class"),
        ("models/nobody/predict", b"x", "image/jpeg", 404, "no model 'nobody'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    client: TestClient, path: str, content: bytes, kind: str, status: int, said: str
) -> None:
    found = client.post(f"/v1/{path}", content=content, headers={"Content-Type": kind})
    assert (found.status_code, list(found.json())) == (status, ["error"])
    assert said in found.json()["error"]
    assert "\n" not in found.json()["error"]


def test_too_many_items_are_refused(client: TestClient, item: bytes) -> None:
    found = client.post("/v1/predict", files=[("file", ("a.jpg", item))] * 5)
    assert (found.status_code, found.json()["error"]) == (413, "5 photos in a call; at most 4 are answered")


def test_states_models_and_unknown_addresses(client: TestClient, service: Service) -> None:
    assert client.get("/healthz").json() == {"live": True}
    assert client.get("/readyz").json() == {"ready": True}
    models = client.get("/v1/models").json()["models"]
    assert [model["name"] for model in models] == ["small-run", "other"]
    assert client.get("/v1/models/other").json() == models[1]
    assert models[0]["media"] == "image/*"
    assert client.get("/nowhere").json() == {"error": "there is nothing at this address"}
    assert client.put("/v1/predict").status_code == 405
    service.draining = True
    try:
        gone = client.get("/readyz")
        assert (gone.status_code, gone.headers["connection"]) == (503, "close")
    finally:
        service.draining = False


def test_numbers_say_nothing_of_what_was_asked(client: TestClient, item: bytes) -> None:
    client.post("/v1/predict?secret=1", content=item, headers=JPEG)
    client.get("/secret")
    text = client.get("/metrics").text
    assert 'headstart_requests_total{route="/v1/predict",status="200"}' in text
    assert 'headstart_items_total{model="small-run",result="answered"}' in text
    assert 'headstart_waiting_items{model="other"} 0.0' in text
    assert "headstart_held_bytes 0.0" in text
    assert "secret" not in text


def test_a_key_is_needed_where_there_are_keys(service: Service, item: bytes) -> None:
    keyed = TestClient(make_app(service, ("first-key", "second-key")))
    assert keyed.get("/healthz").status_code == 200
    assert keyed.get("/").status_code == 200
    for path in ("/v1/models", "/metrics", "/v2/models/other"):
        refused = keyed.get(path)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    for headers in ({"Authorization": "Bearer second-key"}, {"X-API-Key": "first-key"}):
        assert keyed.post("/v1/predict", content=item, headers={**JPEG, **headers}).status_code == 200
    assert keyed.post("/v1/predict", content=item, headers={"X-API-Key": "first-ke"}).status_code == 401
    told = keyed.get("/openapi.json")
    assert "401" in told.json()["paths"]["/v1/predict"]["post"]["responses"]
    assert "small-run" not in told.text


def test_the_page_is_whole_and_holds_to_its_policy(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for name, value in HEADERS:
        assert page.headers[name.decode()] == value.decode()
    assert "unsafe" not in page.headers["content-security-policy"]
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert client.get(f"/{address}").status_code == 200
    assert not re.findall(r"<style|<script(?! type=\"module\" src=)| style=| on\w+=|https?://", page.text)
    for name, kind in FILES.items():
        assert client.get(f"/page/{name}").headers["content-type"] == kind
    assert client.get("/page/app.py").status_code == 404
    scripts = "".join(client.get(f"/page/{name}").text for name in FILES if name.endswith(".js"))
    assert not re.findall(r"innerHTML|eval\(|\.style\b", scripts)


def test_an_explanation_is_a_picture_beside_its_map(client: TestClient, item: bytes) -> None:
    found = client.post("/v1/models/other/explain", content=item, headers=JPEG).json()
    assert found["media_type"].startswith("image/")
    assert set(found) == {"label", "text", "legend", "method", "media_type", "content"}
    assert client.post("/v1/models/other/explain", content=b"no photo", headers=JPEG).status_code == 422


def test_the_description_has_all_routes(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    routes = {route.path for route in client.app.routes if route.path.startswith(("/v1", "/v2"))}
    assert routes <= set(document["paths"])
    assert "securitySchemes" not in document["components"]
    assert json.dumps(document).count("x-open") == 0


def test_no_address_is_made_of_what_a_caller_says_of_the_host(client: TestClient) -> None:
    found = client.get("/v1/models/", headers={"Host": "elsewhere.example"}, follow_redirects=False)
    assert found.status_code == 404
    assert "location" not in found.headers


def test_a_body_that_is_packed_is_refused(client: TestClient, item: bytes) -> None:
    found = client.post("/v1/predict", content=item, headers={**JPEG, "Content-Encoding": "gzip"})
    assert found.status_code == 415
    assert "Content-Encoding" in found.json()["error"]
    assert client.post("/v1/predict", content=item, headers={**JPEG, "Content-Encoding": "identity"}).status_code == 200
