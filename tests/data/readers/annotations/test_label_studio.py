import json
from collections import Counter
from pathlib import Path

import pytest

from headstart.data.decisions import Role
from headstart.data.read import read_source
from headstart.data.readers.annotations.label_studio import parse_address
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

NAMES = ("cat", "dog")


def choose(label: str, question: str = "choice") -> dict:
    return {"type": "choices", "from_name": question, "to_name": "image", "value": {"choices": [label]}}


def task(address: str, *annotations: list[dict]) -> dict:
    found = [{"id": 1, "result": results, "was_cancelled": False} for results in annotations]
    return {"id": 1, "data": {"image": address}, "annotations": found, "predictions": []}


def upload(at: int) -> str:
    return f"/data/upload/1/{at:08x}-{at}.png"


@pytest.fixture
def photos(tmp_path, plant) -> Path:
    """The photos as they were before they were uploaded, and under the names that they got."""
    plant(tmp_path / "set/images", *(f"{at:08x}-{at}.png" if at % 2 else f"{at}.png" for at in range(8)))
    return tmp_path / "set"


def write(folder: Path, content: object, name: str = "project-1-at-2024.json") -> Path:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder / name


def expect_pets(samples) -> None:
    assert samples.classes == NAMES
    assert len(samples) == 8
    for sample in samples.samples:
        assert sample.target == int(Path(sample.name).stem[-1]) % 2


def test_json_with_tasks(photos):
    file = write(photos, [task(upload(at), [choose(NAMES[at % 2])]) for at in range(8)])
    expect_pets(read_source(file))
    expect_pets(samples := read_source(photos))
    assert [(it.place, it.role, it.count) for it in samples.decisions] == [
        ((file.name,), Role.LABELS, 8),
        (("choice",), Role.LABELS, 8),
    ]


@pytest.mark.parametrize("whole", [True, False])
def test_json_min(photos, whole):
    rows = [
        {"image": upload(at), "id": at, "choice": NAMES[at % 2], "annotator": 1, "lead_time": 2.5} for at in range(8)
    ]
    for row in rows if whole else ():
        row["choice"] = {"choices": [row["choice"]]}
    expect_pets(read_source(write(photos, rows)))


def test_csv(photos):
    head = "annotation_id,annotator,choice,created_at,id,image,lead_time\n"
    rows = "".join(f"{at},1,{NAMES[at % 2]},2023-05-01,{at},{upload(at)},2.5\n" for at in range(8))
    expect_pets(read_source(write(photos, head + rows, "project.csv")))


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/data/local-files/?d=my%20photos/a.jpg", "my photos/a.jpg"),
        ("/data/local-files/?d=C%3A%5Cset%5Ca.jpg", "C:/set/a.jpg"),
        ("https://[bad/a.jpg", ""),
        ("/data/upload/3/0a1b2c3d-a%20b.jpg", "upload/3/0a1b2c3d-a b.jpg"),
        ("https://example.org/set/a.jpg?size=1", "set/a.jpg"),
        ("s3://bucket/set/a.jpg", "set/a.jpg"),
        ("set\\a.jpg", "set/a.jpg"),
    ],
)
def test_addresses(address, path):
    assert parse_address(address) == path


def test_what_is_not_one_answer_has_its_line(photos):
    tasks = [task(upload(at), [choose(NAMES[at % 2])]) for at in range(8)]
    tasks[0]["annotations"].append({"result": [choose("dog")]})
    tasks[1]["annotations"][0]["was_cancelled"] = True
    tasks += [task("", [choose("cat")]), 5, task("/data/upload/1/gone.png", [choose("cat")])]
    samples = read_source(write(photos, tasks))
    assert sorted(entry.reason for entry in samples.ledger.entries if entry.reason) == [
        "its annotators disagree: 'cat', 'dog'",
        "missing file",
        "no address of an item",
        "no address of an item",
        "no choices",
    ]
    assert len(samples) == 6


def test_several_questions_are_asked_about(photos):
    tasks = [task(upload(at), [choose(NAMES[at % 2]), choose("good", "quality")]) for at in range(8)]
    file = write(photos, tasks)
    with pytest.raises(DataError, match=r"'choice' \(2 classes\), 'quality' \(1 class\); choose one: --label-column"):
        read_source(file)
    expect_pets(read_source(file, options=DataSettings.model_validate({"label_column": "choice"})))


def test_regions(photos):
    def box(label: str) -> dict:
        return {"type": "rectanglelabels", "value": {"x": 1, "rectanglelabels": [label]}}

    file = write(photos, [task(upload(at), [box(NAMES[at % 2]), box(NAMES[at % 2])]) for at in range(8)])
    expect_pets(read_source(file))
    file = write(photos, [task(upload(at), [box(label) for label in NAMES]) for at in range(8)])
    with pytest.raises(DataError, match="regions of one class in 0 photos, of several in 8"):
        read_source(file)


def test_counts_after_damage(photos):
    file = write(photos, [task(upload(at), [choose(NAMES[at % 2])]) for at in range(8)])
    file.write_text(file.read_text()[:-5])
    with pytest.raises(DataError, match="is no whole JSON file"):
        read_source(file)
    assert Counter(path.suffix for path in photos.rglob("*") if path.is_file()) == {".png": 8, ".json": 1}
