"""The Open Inference Protocol, version 2: one input of bytes, and outputs by name, in JSON or with bytes behind it.

The protocol: https://github.com/kserve/open-inference-protocol. The form with bytes behind the JSON is the extension
``binary_tensor_data``: https://github.com/triton-inference-server/server, docs/protocol/extension_binary_data.md.
"""

import base64
import binascii
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.item import BrokenItem, NamedItem
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.service.bodies import Refusal, is_writable, name_texts, parse_json_body, refuse_addresses
from headstart_runtime.service.models import ServedModel

INPUT = "items"
EXTENSIONS = ("binary_tensor_data",)
HEADER_LENGTH = "inference-header-content-length"
#: Field of an answer -> type of its tensor, and whether it has a number for each name of the model's outputs.
_FIELDS = {
    "label": ("BYTES", False),
    "probabilities": ("FP32", True),
    "values": ("FP32", True),
    "out_of_distribution": ("BOOL", False),
}
_DTYPES = {"FP32": np.dtype("<f4"), "BOOL": np.dtype("bool")}


@dataclass(frozen=True, slots=True)
class InferenceCall:
    """A call of ``infer``, read."""

    id: str | None
    items: tuple[NamedItem, ...]
    wanted: Mapping[str, bool]  #: the outputs that are asked for, and whether their bytes stand behind the JSON


def describe_served(model: ServedModel) -> dict[str, Any]:
    """Return the metadata of a model, as the protocol has them."""
    names = list(model.classifier.classes)
    outputs: list[dict[str, Any]] = []
    for name, (kind, wide) in _list_outputs(model).items():
        shape = [-1, len(names)] if wide else [-1]
        outputs.append(
            {"name": name, "datatype": kind, "shape": shape, **({"parameters": {"names": names}} if wide else {})}
        )
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": f"headstart_{model.batcher.worker.engine}",
        "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}],
        "outputs": outputs,
    }


def _list_outputs(model: ServedModel) -> dict[str, tuple[str, bool]]:
    record = model.classifier.record
    empty = record.task.make_failure(_Nameless(), BrokenItem(""), record.space)
    fields = {name: kind for name, kind in _FIELDS.items() if hasattr(empty, name)}
    return {"answer": ("BYTES", False), "text": ("BYTES", False), **fields}


class _Nameless:
    name, repaired, note = "", None, ""


def read_inference(body: bytes, header_length: str | None, model: ServedModel, most: int) -> InferenceCall:
    """Return the call in a body.

    Args:
        body: JSON, or JSON with the bytes of tensors behind it.
        header_length: how long the JSON is, as the header says; None: all of it.
        model: that is asked.
        most: items that may be in it.

    Raises:
        Refusal: it is malformed, or asks for what is not there (400), or has too many items (413).
    """
    behind = b""
    if header_length is not None:
        digits = header_length.isascii() and header_length.isdigit() and len(header_length) < 16
        if not digits or int(header_length) > len(body):
            raise Refusal(400, f"the header {HEADER_LENGTH} is no length within the body")
        body, behind = body[: int(header_length)], body[int(header_length) :]
    call = parse_json_body(body, most)
    inputs = call.get("inputs") if isinstance(call, dict) else None
    if not (isinstance(inputs, list) and len(inputs) == 1 and isinstance(inputs[0], dict)):
        raise Refusal(400, f"wanted an object with one tensor in inputs, {INPUT!r}, of BYTES")
    name = call.get("id")
    if name is not None and not (isinstance(name, str) and is_writable(name)):
        raise Refusal(400, "the id is no text")
    given = _read_tensor(inputs[0], behind, most)
    modality = model.classifier.record.modality
    return InferenceCall(name, tuple(_make_items(given, modality)), _read_wanted(call, model))


def _read_tensor(tensor: Mapping[str, Any], behind: bytes, most: int) -> list[str | bytes]:
    """Return the elements of the input: texts of JSON, or the bytes that stand behind it."""
    if tensor.get("name") != INPUT or tensor.get("datatype") != "BYTES":
        raise Refusal(400, f"the input is not {INPUT!r} of BYTES")
    shape = tensor.get("shape")
    if not (isinstance(shape, list) and shape and all(type(axis) is int and 0 < axis < 10**9 for axis in shape)):
        raise Refusal(400, "the shape of the input is no list of numbers from 1 on")
    count = shape[0]
    if any(axis != 1 for axis in shape[1:]):
        raise Refusal(400, "the shape of the input has more than one axis that counts; wanted [N] or [N, 1]")
    if count > most:
        raise Refusal(413, f"{count} items in a call; at most {most} are answered")
    parameters = tensor.get("parameters", {})
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    found: list[str | bytes] = []
    if size is not None:
        if type(size) is not int or size != len(behind):
            raise Refusal(400, f"binary_data_size is not the {len(behind)} bytes behind the JSON")
        found += _split_bytes(behind, most)
    else:
        data = tensor.get("data")
        while isinstance(data, list) and len(data) == 1 and isinstance(data[0], list):
            data = data[0]
        flat = (
            [one[0] if isinstance(one, list) and len(one) == 1 else one for one in data]
            if isinstance(data, list)
            else []
        )
        if not all(isinstance(one, str) for one in flat):
            raise Refusal(400, "an element of the input is no text")
        found += flat
    if len(found) != count:
        raise Refusal(400, f"the input has {len(found)} elements, its shape says {count}")
    return found


def _split_bytes(behind: bytes, most: int) -> list[bytes]:
    """Return elements that each stand behind their length, four bytes with the lowest first."""
    found: list[bytes] = []
    at = 0
    while at < len(behind) and len(found) <= most:
        if at + 4 > len(behind):
            raise Refusal(400, "the bytes behind the JSON end within a length")
        (length,) = struct.unpack_from("<I", behind, at)
        at += 4 + length
        if at > len(behind):
            raise Refusal(400, "the bytes behind the JSON end within an element")
        found.append(behind[at - length : at])
    return found


def _make_items(given: Sequence[str | bytes], modality: Modality) -> list[NamedItem]:
    if takes_texts(modality):
        try:
            texts = [one if isinstance(one, str) else one.decode("utf-8") for one in given]
        except UnicodeDecodeError:
            raise Refusal(400, "an element of the input is not UTF-8") from None
        return name_texts(texts, modality)
    items = []
    for number, one in enumerate(given, 1):
        if isinstance(one, str):
            refuse_addresses([], [one], modality)
            try:
                one = base64.b64decode(one, validate=True)
            except (binascii.Error, ValueError):
                raise Refusal(
                    400, f"element {number} of the input is no base64 of a {modality.noun.one}'s bytes"
                ) from None
        items.append(NamedItem(f"{modality.noun.one} {number}", one))
    return items


def _read_wanted(call: Mapping[str, Any], model: ServedModel) -> dict[str, bool]:
    parameters = call.get("parameters", {})
    behind = isinstance(parameters, dict) and parameters.get("binary_data_output") is True
    known, asked = _list_outputs(model), call.get("outputs")
    if asked is None or asked == []:
        return dict.fromkeys(known, behind)
    if not (isinstance(asked, list) and all(isinstance(one, dict) for one in asked)):
        raise Refusal(400, "outputs is no list of objects with a name")
    wanted = {}
    for one in asked:
        name, own = one.get("name"), one.get("parameters", {})
        if not isinstance(name, str) or name not in known:
            raise Refusal(400, f"there is no output {str(name)[:80]!r}; known: {', '.join(known)}")
        own = own.get("binary_data") if isinstance(own, dict) else None
        wanted[name] = behind if own is None else own is True
    return wanted


def make_response(call: InferenceCall, answers: Sequence[Any], model: ServedModel) -> tuple[bytes, int | None]:
    """Return the body of the response, and how long its JSON is where bytes stand behind that.

    Raises:
        Refusal: an item could not be read (400): a tensor has no place for an error.
    """
    for item, answer in zip(call.items, answers, strict=True):
        if answer.error is not None:
            raise Refusal(400, f"{item.name}: {answer.error}")
    outputs, behind = [], []
    known = _list_outputs(model)
    for name, in_bytes in call.wanted.items():
        kind, wide = known[name]
        rows = [_take(name, answer) for answer in answers]
        tensor: dict[str, Any] = {"name": name, "datatype": kind}
        tensor["shape"] = [len(rows), len(rows[0])] if wide else [len(rows)]
        if in_bytes:
            content = _pack(rows, kind)
            tensor["parameters"] = {"binary_data_size": len(content)}
            behind.append(content)
        else:
            tensor["data"] = np.asarray(rows, np.float32).ravel().tolist() if kind == "FP32" else rows
        outputs.append(tensor)
    response = {"model_name": model.name, "model_version": model.version, "outputs": outputs}
    if call.id is not None:
        response["id"] = call.id
    head = json.dumps(response, ensure_ascii=False).encode()
    return head + b"".join(behind), len(head) if behind else None


def _take(name: str, answer: Any) -> Any:
    if name == "answer":
        return json.dumps(answer.to_json(), ensure_ascii=False)
    if name == "text":
        return answer.describe()
    return getattr(answer, name)


def _pack(rows: Sequence[Any], kind: str) -> bytes:
    if kind in _DTYPES:
        return np.asarray(rows).astype(_DTYPES[kind]).tobytes()
    texts = [str(row).encode() for row in rows]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)
