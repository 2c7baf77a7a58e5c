from collections import Counter
from pathlib import Path

import pytest

from headstart.data.read import find_reader, read_source
from headstart.data.readers.reader import ReadContext
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

NAMES = ("cat", "dog")


@pytest.fixture
def photos(tmp_path, plant) -> Path:
    return plant(tmp_path / "set", *(f"photos/{at}.png" for at in range(12)))


def expect_pets(samples) -> None:
    assert samples.classes == NAMES
    assert [sample.target for sample in samples.samples] == [at % 2 for at in range(12)]


@pytest.mark.parametrize("start", ["", "UNASSIGNED,", ","])
@pytest.mark.parametrize("box", ["", ",0.1,0.1,,,0.3,0.3,,"])
def test_vertex(photos, start, box):
    rows = [f"{start}gs://bucket/pets/{at}.png,{NAMES[at % 2]}{box}\n" for at in range(12) for _ in range(2)]
    (photos / "import.csv").write_text("".join(rows))
    expect_pets(read_source(photos / "import.csv"))
    expect_pets(read_source(photos))


def test_vertex_with_parts_and_several_labels(photos):
    parts = ("TRAINING", "VALIDATION", "TEST")
    rows = [f"{parts[at % 3]},gs://bucket/{at}.png,{NAMES[at % 2]}\n" for at in range(12)]
    (photos / "import.csv").write_text("".join(rows))
    samples = read_source(photos)
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 4, "validation": 4, "test": 4}
    (photos / "import.csv").write_text("".join(row.replace("\n", ",small\n") for row in rows))
    with pytest.raises(DataError, match=r"of several in 12 .*; only one class for each photo is read here"):
        read_source(photos, options=DataSettings(task="classification"))


def test_a_part_whose_items_have_no_label_is_predicted_like_the_others(photos, tmp_path):
    rows = ["TRAINING,gs://bucket/0.png,\n", *(f"TEST,gs://bucket/{at}.png,{NAMES[at % 2]}\n" for at in range(1, 12))]
    (photos / "import.csv").write_text("".join(rows))
    context = ReadContext(DataSettings(), tmp_path / "cache", labelled=False)
    reader = find_reader(photos / "import.csv", None)
    assert reader is not None
    listing = reader.list(photos / "import.csv", None, context)
    assert [raw.source.path.name for raw in listing.samples] == [f"{at}.png" for at in range(12)]


def test_labelbox(photos):
    said = [
        f'{{""classifications"":[{{""title"":""pet"",""answer"":{{""title"":""{NAMES[at % 2]}""}}}}]}}'
        for at in range(12)
    ]
    rows = [f'c{at},https://x/y{at},"{it}",{at}.png\n' for at, it in enumerate(said)]
    (photos / "export.csv").write_text("ID,Labeled Data,Label,External ID\n" + "".join(rows))
    expect_pets(read_source(photos))


def test_rows_without_an_address_have_their_line(photos):
    rows = [f"gs://bucket/{at}.png,{NAMES[at % 2]}\n" for at in range(12)]
    (photos / "import.csv").write_text("".join(rows) + "here,cat\n\n")
    reasons = [entry.reason for entry in read_source(photos).ledger.entries if entry.reason]
    assert reasons == ["no address of an item"]
