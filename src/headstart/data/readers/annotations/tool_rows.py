"""Rows of JSON as programs and services for labelling write them, an object for each item: its path and its labels.

Each format is known by keys that no other has: Create ML, Labelbox, Scale, SuperAnnotate, FiftyOne, Vertex AI's import
files, SageMaker Ground Truth's manifests, the images that Azure Custom Vision lists, and Hugging Face's folders with
boxes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from headstart.data.readers.annotations.questions import LabelledTask
from headstart.data.subsets import parse_subset

LABEL = "label"  #: the question of formats that have only one
_ML_USE = "aiplatform.googleapis.com/ml_use"
_METADATA = "-metadata"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowFormat:
    """One kind of rows."""

    name: str  #: for a person
    matches: Callable[[Row], bool]  #: whether a row is of this kind
    parse: Callable[[Row], LabelledTask]


def parse_uri(address: Any) -> str:
    """Return the path in an address of the web or of a store such as ``s3://``, or a path with "/"; "" for neither."""
    if not isinstance(address, str):
        return ""
    if "://" not in address[:12]:
        return address.replace("\\", "/")
    try:
        return unquote(urlsplit(address).path).lstrip("/")
    except ValueError:  # a host that is none
        return ""


def find_format(row: Any) -> RowFormat | None:
    """Return the format of a row; None where it is of no known one."""
    return next((one for one in FORMATS if one.matches(row)), None) if isinstance(row, dict) else None


def _list_dicts(value: Any) -> list[Row]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _get_dict(row: Row, key: str) -> Row:
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def _read_texts(values: Iterable[Any]) -> list[str]:
    return [value.strip() for value in values if isinstance(value, str)]


def _matches_create_ml(row: Row) -> bool:
    said = row.get("annotations", row.get("annotation"))
    return isinstance(row.get("image", row.get("imagefilename")), str) and isinstance(said, str | list)


def _parse_create_ml(row: Row) -> LabelledTask:
    task = LabelledTask(parse_uri(row.get("image", row.get("imagefilename"))))
    said = row.get("annotations", row.get("annotation"))
    task.answer(LABEL, _read_texts(said if isinstance(said, list) else [said]))
    task.regions += _read_texts(one.get("label") for one in _list_dicts(said))
    return task


def _parse_scale(row: Row) -> LabelledTask:
    response, params = _get_dict(row, "response"), _get_dict(row, "params")
    task = LabelledTask(parse_uri(params.get("attachment")))
    said = response.get("category", response.get("categories"))
    task.answer(LABEL, _read_texts(said if isinstance(said, list) else [said]))
    task.regions += _read_texts(one.get("label") for one in _list_dicts(response.get("annotations")))
    return task


def _parse_labelbox(row: Row) -> LabelledTask:
    data = _get_dict(row, "data_row")
    task = LabelledTask(parse_uri(data.get("external_id") or data.get("row_data")))
    for project in _get_dict(row, "projects").values():
        labels = _list_dicts(project.get("labels")) if isinstance(project, dict) else []
        for label in labels:
            _add_labelbox(task, _get_dict(label, "annotations"), "name")
    return task


def _parse_old_labelbox(row: Row) -> LabelledTask:
    task = LabelledTask(parse_uri(row.get("External ID") or row.get("Labeled Data")))
    _add_labelbox(task, _get_dict(row, "Label"), "title")
    return task


def _add_labelbox(task: LabelledTask, said: Row, name: str) -> None:
    """Add what one annotator of Labelbox said; ``name`` is the key for names."""
    for one in _list_dicts(said.get("classifications")):
        answers = [one.get("radio_answer"), one.get("answer")]
        answers += _list_dicts(one.get("checklist_answers")) + _list_dicts(one.get("answers"))
        task.answer(str(one.get(name)), _read_texts(it.get(name) for it in answers if isinstance(it, dict)))
    task.regions += _read_texts(one.get(name) for one in _list_dicts(said.get("objects")))


def _parse_azure(row: Row) -> LabelledTask:
    task = LabelledTask(parse_uri(row.get("name") or row.get("originalImageUri") or row.get("id")))
    task.answer(LABEL, _read_texts(one.get("tagName") for one in _list_dicts(row.get("tags"))))
    task.regions += _read_texts(one.get("tagName") for one in _list_dicts(row.get("regions")))
    return task


def _parse_ground_truth(row: Row) -> LabelledTask:
    task = LabelledTask(parse_uri(row.get("source-ref")))
    for key, value in row.items():
        if not key.endswith(_METADATA):
            if f"{key}{_METADATA}" not in row and key != "source-ref" and type(value) in (str, int):
                task.answer(key, [str(value)])  # as people write the input of a training themselves
            continue
        job, facts = key.removesuffix(_METADATA), _get_dict(row, key)
        names, said = _get_dict(facts, "class-map"), row.get(job)
        if isinstance(facts.get("class-name"), str):
            task.answer(job, [facts["class-name"]])
        elif isinstance(said, list):
            task.answer(job, _read_texts(names.get(str(one)) for one in said))
        elif isinstance(said, dict):
            numbers = [str(one.get("class_id")) for one in _list_dicts(said.get("annotations"))]
            task.regions += _read_texts(names.get(number, number) for number in numbers)
    return task


def _parse_vertex(row: Row) -> LabelledTask:
    use = _get_dict(row, "dataItemResourceLabels").get(_ML_USE)
    task = LabelledTask(parse_uri(row.get("imageGcsUri")), subset=parse_subset(str(use)))
    said = [_get_dict(row, "classificationAnnotation"), *_list_dicts(row.get("classificationAnnotations"))]
    task.answer(LABEL, _read_texts(one.get("displayName") for one in said))
    task.regions += _read_texts(one.get("displayName") for one in _list_dicts(row.get("boundingBoxAnnotations")))
    return task


def parse_superannotate(row: Row) -> LabelledTask:
    """Return the task of an item as SuperAnnotate writes it: tags, else instances of classes."""
    task = LabelledTask(parse_uri(_get_dict(row, "metadata").get("name")))
    instances = _list_dicts(row.get("instances"))
    tags = [one.get("className") for one in instances if one.get("type") == "tag"]
    given = row.get("tags")
    task.answer("tags", _read_texts([*(given if isinstance(given, list) else ()), *tags]))
    task.regions += _read_texts(one.get("className") for one in instances if one.get("type") != "tag")
    return task


def _parse_object_boxes(row: Row) -> LabelledTask:
    task = LabelledTask(parse_uri(row.get("file_name")))
    said = _get_dict(row, "objects")
    found = next((said[key] for key in ("categories", "category", "label", "labels") if key in said), None)
    task.regions += [str(one) for one in found] if isinstance(found, list) else []
    return task


def _parse_fiftyone(row: Row) -> LabelledTask:
    tags = row.get("tags")
    parts = filter(None, map(parse_subset, _read_texts(tags if isinstance(tags, list) else ())))
    task = LabelledTask(parse_uri(row.get("filepath")), subset=next(parts, None))
    for name, value in row.items():
        said = value if isinstance(value, dict) else {}
        if said.get("_cls") == "Classification":
            task.answer(name, _read_texts([said.get("label")]))
        elif said.get("_cls") == "Classifications":
            task.answer(name, _read_texts(one.get("label") for one in _list_dicts(said.get("classifications"))))
        elif said.get("_cls") == "Detections":
            task.regions += _read_texts(one.get("label") for one in _list_dicts(said.get("detections")))
    return task


#: All formats; the first that matches is taken.
FORMATS = (
    RowFormat("labels of Labelbox", lambda row: {"data_row", "projects"} <= row.keys(), _parse_labelbox),
    RowFormat("labels of Labelbox", lambda row: {"Labeled Data", "Label"} <= row.keys(), _parse_old_labelbox),
    RowFormat("tasks of Scale", lambda row: {"task_id", "params"} <= row.keys(), _parse_scale),
    RowFormat(
        "labels of Ground Truth",
        lambda row: "source-ref" in row,
        _parse_ground_truth,
    ),
    RowFormat("labels of Vertex AI", lambda row: "imageGcsUri" in row, _parse_vertex),
    RowFormat("tags of Custom Vision", lambda row: {"originalImageUri", "tags"} <= row.keys(), _parse_azure),
    RowFormat(
        "annotations of SuperAnnotate",
        lambda row: {"metadata", "instances"} <= row.keys() and "name" in _get_dict(row, "metadata"),
        parse_superannotate,
    ),
    RowFormat("samples of FiftyOne", lambda row: {"filepath", "tags", "metadata"} <= row.keys(), _parse_fiftyone),
    RowFormat(
        "objects of an imagefolder",
        lambda row: "file_name" in row and "bbox" in _get_dict(row, "objects"),
        _parse_object_boxes,
    ),
    RowFormat("annotations of Create ML", _matches_create_ml, _parse_create_ml),
)
