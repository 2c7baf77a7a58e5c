"""What headstart wrote is not taken for photos."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image

from headstart.data.own_output import is_own_folder, mark_folder
from headstart.data.read import read_source
from headstart.data.samples import FileStatus
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.image.drawing import save_picture
from headstart_runtime.modalities.item import is_drawn


def make_run(folder, *files):
    for name in files or ("run.json", "settings.toml", "model/model.json", "model/model.onnx"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


def test_runs_classifiers_pictures_and_a_store_among_the_photos_are_skipped_and_told(pets):
    make_run(pets / "runs" / "pets-1")
    make_run(pets / "runs" / "pets-2", ".unfinished")
    make_run(pets / "shipped", "model.json", "model.onnx")
    make_run(pets / "store", "index.sqlite3", "networks/a/b")
    mark_folder(pets / "why")
    (pets / "why" / "1.jpg").write_bytes((pets / "cats" / "1.png").read_bytes())
    samples = read_source(pets)
    assert samples.classes == ("cats", "dogs")
    assert len(samples.ledger.entries) == 20
    assert samples.ledger.notes == (
        "4 folders that headstart wrote are skipped: 'runs', 'shipped', 'store' and 1 more",
    )


def test_where_classes_are_in_names_all_is_said_once(pets, tmp_path):
    for number, photo in enumerate(sorted(pets.rglob("*.png"))):
        (tmp_path / "root" / "inner").mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, tmp_path / "root" / "inner" / f"{photo.parent.name}_{number}.png")
    make_run(tmp_path / "root" / "run")
    (tmp_path / "root" / ".hidden").touch()
    samples = read_source(tmp_path / "root", options=DataSettings(classes_from="name"))
    assert samples.classes == ("cats", "dogs")
    told = "the class of a photo is the name up to the number at its end"
    assert samples.ledger.notes == ("1 folders that headstart wrote are skipped: 'run'", told)
    assert samples.ledger.ignored == 1


def test_output_inside_a_class_is_skipped_too(pets):
    make_run(pets / "cats" / "runs" / "1")
    assert len(read_source(pets).ledger.entries) == 20


def test_folders_of_others_are_not_skipped(pets):
    make_run(pets / "cats", "run.json")
    make_run(pets / "dogs", "model.json")
    assert not is_own_folder(pets / "cats")
    assert not is_own_folder(pets / "dogs")
    (pets / "empty").mkdir()
    assert not is_own_folder(pets / "empty")


def test_a_run_is_not_a_folder_of_photos(tmp_path):
    make_run(tmp_path / "run")
    with pytest.raises(DataError, match="is something that headstart wrote, not items; give the folder of the items"):
        read_source(tmp_path / "run")


def test_a_folder_with_other_things_in_it_is_not_marked(pets):
    mark_folder(pets / "cats")
    assert len(read_source(pets)) == 20


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_drawn_pictures_are_known_wherever_they_lie(pets, kind):
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    content = save_picture(Image.fromarray(pixels), kind)
    assert is_drawn(content)
    assert Image.open(io.BytesIO(content)).size == (50, 40)
    (pets / "cats" / "drawn.img").write_bytes(content)
    (entry,) = (it for it in read_source(pets).ledger.entries if it.status is FileStatus.SKIPPED)
    assert (entry.name, entry.reason) == ("cats/drawn.img", "a picture that headstart drew")


def test_a_whole_run_with_its_arrays_and_tables_is_no_source(small, tmp_path):
    run = small.fit(small.photos, out=tmp_path / "run")
    assert (run.folder / "predictions.npz").exists()
    with pytest.raises(DataError, match="is something that headstart wrote, not items"):
        read_source(run.folder)
