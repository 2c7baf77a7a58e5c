import json
from pathlib import Path

import pytest

from headstart.data.decisions import Role
from headstart.data.read import read_source
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

NAMES = ("cat", "dog")


def expect_pets(samples) -> None:
    assert samples.classes == NAMES
    assert len(samples) == 12
    for sample in samples.samples:
        assert sample.target == int(Path(sample.name).stem) % 2


def entry(at: int, attributes: dict, *regions: dict) -> dict:
    listed = [{"shape_attributes": {"name": "point", "cx": 1, "cy": 1}, "region_attributes": it} for it in regions]
    return {"filename": f"{at}.png", "size": 400 + at, "regions": listed, "file_attributes": attributes}


def write(folder: Path, entries: list[dict], name: str = "via_project.json") -> Path:
    metadata = {f"{it['filename']}{it['size']}": it for it in entries}
    whole = {"_via_settings": {"core": {}}, "_via_img_metadata": metadata, "_via_attributes": {}}
    (folder / name).write_text(json.dumps(whole if "project" in name else metadata))
    return folder / name


@pytest.fixture
def photos(tmp_path, plant) -> Path:
    return plant(tmp_path / "set", *(f"{at}.png" for at in range(12)))


@pytest.mark.parametrize("name", ["via_project.json", "via_export.json"])
def test_a_file_attribute_and_captions_beside_it(photos, name):
    said = [{"caption": f"number {at}", "pet": NAMES[at % 2]} for at in range(12)]
    file = write(photos, [entry(at, it, {"name": "ear"}, {"name": "tail"}) for at, it in enumerate(said)], name)
    expect_pets(read_source(file))
    expect_pets(samples := read_source(photos))
    assert [(it.place[-1], it.role, it.count) for it in samples.decisions] == [
        (name, Role.LABELS, 12),
        ("pet", Role.LABELS, 12),
        ("regions", Role.SKIPPED, 12),
        ("caption", Role.SKIPPED, 12),
    ]


def test_choices_that_are_ticked(photos):
    write(photos, [entry(at, {"pet": {NAMES[at % 2]: True, "bird": False}}) for at in range(12)])
    expect_pets(read_source(photos))


def test_regions_of_one_label_of_version_1_and_2(photos):
    entries = [entry(at, {}, *({"id": str(at), "name": NAMES[at % 2]},) * 2) for at in range(12)]
    entries[0]["regions"] = dict(enumerate(entries[0]["regions"]))
    write(photos, entries)
    expect_pets(read_source(photos))
    entries[1]["regions"] += entries[0]["regions"].values()
    entries[3]["regions"] += entries[0]["regions"].values()
    write(photos, entries)
    with pytest.raises(
        DataError, match=r"regions of one class in 10 photos, of several in 2 \('1.png' has 'dog', 'cat'"
    ):
        read_source(photos)


def test_csv_with_a_row_for_each_region(photos):
    head = "#filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
    rows = (
        f'{at}.png,400,"{{""pet"":""{NAMES[at % 2]}""}}",2,{region},"{{}}","{{""part"":""{region}""}}"\n'
        for at in range(12)
        for region in range(2)
    )
    (photos / "via_export.csv").write_text(head + "".join(rows))
    expect_pets(read_source(photos / "via_export.csv"))
    expect_pets(read_source(photos))


def test_two_attributes_are_asked_about(photos):
    said = [{"pet": NAMES[at % 2], "colour": ("red", "blue", "grey")[at % 3]} for at in range(12)]
    write(photos, [entry(at, it) for at, it in enumerate(said)])
    with pytest.raises(DataError, match=r"'pet' \(2 classes\), 'colour' \(3 classes\); choose one: --label-column pet"):
        read_source(photos)
    samples = read_source(photos, options=DataSettings.model_validate({"label_column": "colour"}))
    assert samples.classes == ("blue", "grey", "red")


def test_version_3(photos):
    content = {
        "project": {"pid": "1", "vid_list": ["1"]},
        "attribute": {"1": {"aname": "pet", "type": 4, "options": {"0": "cat", "1": "dog"}}},
        "file": {str(at): {"fid": str(at), "fname": f"{at}.png", "type": 2} for at in range(12)},
        "view": {str(20 + at): {"fid_list": [str(at)]} for at in range(12)},
        "metadata": {f"{at}_x": {"vid": str(20 + at), "xy": [], "av": {"1": str(at % 2)}} for at in range(12)},
    }
    (photos / "via.json").write_text(json.dumps(content))
    expect_pets(read_source(photos))


def test_damage_is_said(photos):
    file = write(photos, [entry(at, {"pet": NAMES[at % 2]}) for at in range(12)])
    file.write_text(file.read_text()[:-5])
    with pytest.raises(DataError, match="is no whole JSON file"):
        read_source(photos)
