"""The reason of each decision on a folder, as ``check --explain`` shows them."""

from headstart.data.outline import make_outline
from headstart.data.outline_text import describe_outline
from headstart.data.read import read_source
from headstart.settings import DataSettings


def explain(root, **settings):
    samples = read_source(root, options=DataSettings.model_validate(settings), strict=False)
    return [line.strip() for line in describe_outline(make_outline(samples)).splitlines()]


def find(lines, start):
    return next(line for line in lines if line.startswith(start))


def test_a_folder_for_each_class(tmp_path, plant):
    root = plant(tmp_path / "set", *(f"{name}/{i}.png" for name in ("ant", "bee") for i in range(3)))
    assert find(explain(root), "ant/") == "ant/  3 photos  = class: a folder for each class"
    assert find(explain(root, classes_from="folder"), "ant/").endswith("= class: as --classes-from folder says")


def test_owners_above_the_classes(tmp_path, plant):
    root = plant(tmp_path / "set", *(f"p{p}/{name}/{i}.png" for p in range(4) for name in ("ant", "bee") for i in "ab"))
    lines = explain(root)
    assert find(lines, "p0/") == "p0/  4 photos  = group: looks like a patient or the like"
    assert find(lines, "ant/") == "ant/  2 photos  = class: right above its photos"
    lines = explain(root, classes_from="parent", group_from="folder")
    assert find(lines, "p0/").endswith("= group: as --group-from folder says")
    assert find(lines, "ant/").endswith("= class: as --classes-from parent says")


def test_names_of_files(tmp_path, plant):
    root = plant(tmp_path / "set", *(f"s{p:02}_{name}.png" for p in range(6) for name in ("calm", "glad", "sad")))
    lines = explain(root)
    assert "the second word of the name  = class: the names speak of a few classes" in lines
    assert "the first word of the name  = group: a word for a person, a thing or a day, and its number" in lines
    assert "_([a-z]+)  = class: as --class-pattern says" in explain(root, class_pattern="_([a-z]+)")


def test_a_part_whose_names_speak_of_no_class(tmp_path, plant):
    train = [f"train/{name}.{i}.png" for name in ("cat", "dog") for i in range(6)]
    lines = explain(plant(tmp_path / "set", *train, *(f"test1/{i}.png" for i in range(4))))
    assert find(lines, "test1/").endswith("= skipped: no class of the others in its names: left for predict")
    assert find(lines, "train/") == "train/  12 photos  = part: by its name"


def test_folders_in_a_skipped_one_are_not_listed_and_like_reasons_are_one(tmp_path, plant):
    names = [f"{name}/{name}{i}{end}.png" for name in ("ant", "bee") for i in range(3) for end in ("", "_mask")]
    root = plant(tmp_path / "set", *names, *(f"Results/{name}/{i}.png" for name in "ab" for i in range(2)))
    lines = explain(root)
    assert find(lines, "Results/") == "Results/  4 files  = skipped: results and the like, by its name"
    assert "4 files skipped: in a folder of results (0.png)" in lines
    assert lines.count("3 files skipped: a mask of ... (ant0_mask.png)") == 1
    assert not any(line.startswith("a/") for line in lines)
