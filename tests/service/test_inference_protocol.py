"""The Open Inference Protocol."""

import base64
import json
import struct

import numpy as np
import pytest

from tests.service.conftest import TestClient


def tensor(*data: str, **changes: object) -> dict[str, object]:
    return {"inputs": [{"name": "items", "datatype": "BYTES", "shape": [len(data)], "data": list(data), **changes}]}


def test_the_server_and_its_models_are_described(client: TestClient) -> None:
    assert set(client.get("/v2").json()) == {"name", "version", "extensions"}
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/other/ready").json() == {"name": "other", "ready": True}
    model = client.get("/v2/models/other").json()
    assert model["inputs"] == [{"name": "items", "datatype": "BYTES", "shape": [-1]}]
    names = [output["name"] for output in model["outputs"]]
    assert names == ["answer", "text", "label", "probabilities", "out_of_distribution"]
    assert client.get("/v2/models/nobody").status_code == 404


def test_base64_and_bytes_behind_the_json_have_one_answer(client: TestClient, item: bytes) -> None:
    coded = base64.b64encode(item).decode()
    plain = client.post("/v2/models/other/infer", json={"id": "7", **tensor(coded, coded)}).json()
    assert (plain["id"], plain["model_name"]) == ("7", "other")
    outputs = {output["name"]: output for output in plain["outputs"]}
    assert outputs["probabilities"]["shape"] == [2, 3]
    assert json.loads(outputs["answer"]["data"][0])["label"] == outputs["label"]["data"][0]

    packed = (struct.pack("<I", len(item)) + item) * 2
    call = tensor(*"ab", parameters={"binary_data_size": len(packed)})
    call["outputs"] = [{"name": "probabilities", "parameters": {"binary_data": True}}, {"name": "label"}]
    head = json.dumps(call).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    found = client.post("/v2/models/other/infer", content=head + packed, headers=headers)
    length = int(found.headers["inference-header-content-length"])
    both = {output["name"]: output for output in json.loads(found.content[:length])["outputs"]}
    assert both["label"]["data"] == outputs["label"]["data"]
    rows = np.frombuffer(found.content[length:], "<f4")
    np.testing.assert_allclose(rows, outputs["probabilities"]["data"], atol=1e-6)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ([], "wanted an object"),
        ({}, "wanted an object"),
        (tensor("a", name="x"), "the input is not 'items'"),
        (tensor("a", shape=[2]), "the input has 1 elements, its shape says 2"),
        (tensor("a", shape=[True]), "the shape"),
        (tensor("a", shape=[1, 2]), "more than one axis"),
        (tensor("a", data=[3]), "no text"),
        (tensor("http://a.b/c.jpg"), "URLs and paths are not fetched"),
        (tensor("é"), "no base64 of a photo"),
        (tensor("aaaa"), "photo 1: "),
        ({**tensor("aaaa"), "outputs": [{"name": "x"}]}, "there is no output 'x'"),
        ({**tensor("aaaa"), "id": 3}, "the id is no text"),
        (tensor(parameters={"binary_data_size": 3}, shape=[1]), "binary_data_size is not the 0 bytes"),
    ],
)
def test_a_call_that_cannot_be_read_is_refused(client: TestClient, call: object, said: str) -> None:
    found = client.post("/v2/models/other/infer", json=call)
    assert found.status_code == 400
    assert said in found.json()["error"]


def test_an_id_that_cannot_be_written_is_refused(client: TestClient) -> None:
    content = json.dumps({**tensor("aaaa"), "id": "\ud800"}).encode()  # as six plain characters
    found = client.post("/v2/models/other/infer", content=content)
    assert (found.status_code, found.json()["error"]) == (400, "the id is no text")


def test_too_many_items_and_a_wrong_length_are_refused(client: TestClient) -> None:
    assert client.post("/v2/models/other/infer", json=tensor(*"abcde")).status_code == 413
    for length in ("99", "0" * 5000, "-1", ""):
        headers = {"Inference-Header-Content-Length": length}
        assert client.post("/v2/models/other/infer", content=b"{}", headers=headers).status_code == 400
