"""Every knob once: from Python, from a file, and back."""

import tomllib
from pathlib import Path

import pytest

import headstart
from headstart.settings import (
    FitSettings,
    TrainSettings,
    complete_class,
    list_chapters,
    locate_store,
    parse_duration,
)
from headstart_runtime.errors import SettingError


def test_defaults_are_valid_and_described() -> None:
    assert FitSettings.load() == FitSettings()
    for name, field in complete_class().model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.parametrize(("photos", "epochs"), [(5, 40), (640, 40), (823, 39), (3200, 10), (8000, 5), (10**6, 5)])
def test_epochs_that_are_not_set_follow_the_number_of_photos(photos, epochs) -> None:
    """1000 steps of 32 photos, 5 epochs at least, 40 at most."""
    assert FitSettings().epochs_for(photos) == epochs
    assert FitSettings(epochs=7).epochs_for(photos) == 7


def test_what_is_written_is_read_again(tmp_path) -> None:
    settings = FitSettings.load(
        seed=7, head="auto", backbone='timm:x@C:\\w "1".pth', out=tmp_path / "Äpfel", budget="1.5h", c_low=1e-4
    )
    file = tmp_path / "settings.toml"
    file.write_text(settings.to_toml(), "utf-8")
    assert FitSettings.load(file) == settings.model_copy(update={"out": None})  # the next run has a folder of its own
    assert "store" not in tomllib.loads(file.read_text("utf-8"))


def test_arguments_win_over_the_file(tmp_path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('seed = 3\nc-points = 5\nhead = "lda"\n')
    settings = FitSettings.load(file, seed=4)
    assert (settings.seed, settings.c_points, settings.head) == (4, 5, "lda")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        FitSettings().seed = 1  # type: ignore[misc]


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(SettingError) as caught:
        FitSettings.load(seed=-1, head="ldaa", workers="many")
    for part in ("unknown head 'ldaa'; did you mean 'lda'?", "seed is -1; wanted", "workers is 'many'; wanted a valid"):
        assert part in str(caught.value)


def test_an_unknown_name() -> None:
    with pytest.raises(SettingError, match="unknown setting 'sed'; did you mean 'seed'"):
        FitSettings.load(sed=1)


@pytest.mark.parametrize(("text", "wanted"), [(None, None), ("90s", 90), ("10m", 600), ("2h", 7200), ("0.5m", 30)])
def test_a_budget_in_seconds(text, wanted) -> None:
    assert parse_duration(text) == wanted


@pytest.mark.parametrize("text", ["", "s", "10", "10 minutes", "-1s", "0s", "nans", "infh", "1e999s", "ten m"])
def test_what_is_no_budget(text) -> None:
    with pytest.raises(SettingError, match=r"(is not a time|has to be above 0); wanted a number and s, m or h"):
        FitSettings.load(budget=text)


def test_where_the_store_lies(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HEADSTART_STORE", str(tmp_path / "named"))
    assert locate_store() == tmp_path / "named"
    assert locate_store(tmp_path / "given") == tmp_path / "given"
    monkeypatch.setenv("HEADSTART_STORE", "~/store")
    assert locate_store() == Path.home() / "store"
    monkeypatch.setenv("HEADSTART_STORE", "")
    assert locate_store().name == "headstart"
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="is a file; wanted a folder"):
        locate_store(tmp_path / "file")


def test_chapters_are_views_of_the_flat_settings() -> None:
    settings = FitSettings.load(rate=1e-3, seed=3)
    assert settings.train.rate == settings.rate == 1e-3
    assert settings.train.model_fields_set == {"rate"}
    assert settings.train.epochs_for(640) == settings.epochs_for(640)
    seen = [name for chapter in list_chapters() for name in type(getattr(settings, chapter)).model_fields]
    assert sorted(seen) == sorted(complete_class().model_fields)  # each setting in one chapter


def test_chapters_and_flat_keywords_mean_the_same(tmp_path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('seed = 3\n[train]\nrate = 0.001\noptimizer = "sgd"\n[augment]\ncolor-jitter = 0.3\n')
    flat = FitSettings.load(seed=3, rate=0.001, optimiser="sgd", colour_jitter=0.3)
    assert FitSettings.load(file) == flat
    assert FitSettings.load(seed=3, train={"rate": 0.001, "optimiser": "sgd"}, color_jitter=0.3) == flat
    assert FitSettings.load(seed=3, train=TrainSettings(rate=0.001, optimiser="sgd"), colour_jitter=0.3) == flat
    assert FitSettings.load(file, rate=0.01).rate == 0.01  # a keyword wins over a table of the file
    assert tomllib.loads(flat.to_toml())["train"]["rate"] == 0.001


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"rate": 1, "train": {"rate": 2}}, "rate is given twice, as rate and as train.rate; give it once"),
        ({"optimizer": "sgd", "optimiser": "sgd"}, "optimiser is given twice, as optimizer and as optimiser; give it"),
        ({"train": {"seed": 1}}, "seed is a setting of the chapter run, not of train; give it there, or without"),
        ({"train": {"rat": 1}}, "unknown setting 'rat' in train; did you mean 'rate'"),
        ({"train": 3}, "train is 3; wanted settings by name, such as train="),
        ({"tran": {"rate": 1}}, "unknown setting 'tran'; did you mean 'train'"),
    ],
)
def test_chapters_that_cannot_be_used(options, told) -> None:
    with pytest.raises(SettingError) as caught:
        FitSettings.load(**options)
    assert told in str(caught.value)


def test_an_engine_of_saved_classifiers_does_not_run_backbones(small) -> None:
    with pytest.raises(SettingError, match="a backbone is run by openvino or pytorch"):
        FitSettings.load(engine="onnxruntime")
    with pytest.raises(SettingError, match="a saved one is answered by onnxruntime or openvino"):
        headstart.load(small.run, engine="pytorch")


def test_a_settings_file_that_is_nested_without_end(tmp_path) -> None:
    (tmp_path / "deep.toml").write_text(f"seed = {'[' * 100_000}")
    with pytest.raises(SettingError, match=r"deep\.toml' is nested too deeply"):
        FitSettings.load(config=tmp_path / "deep.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[data]\nmodality = "clip"\n[clips]\nseconds = 3\n', "is for the modality 'clip', which is not installed; "),
        ('task = "ranking"\ntau = 3\n', "is for the task 'ranking', which is not installed; install the package "),
        ('[data]\nmodality = "image"\n[clips]\nseconds = 3\n', "^unknown setting 'clips'; did you mean"),
    ],
)
def test_a_file_of_a_missing_package_says_that_first(tmp_path: Path, text: str, told: str) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(text, "utf-8")
    with pytest.raises(SettingError, match=told):
        FitSettings.load(config)


@pytest.mark.parametrize("name", ["budget", "cache_budget"])
@pytest.mark.parametrize("value", [10, 2.5, -3])
def test_a_number_without_a_unit_is_told_as_on_the_command_line(tmp_path: Path, name: str, value: float) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(f"{name} = {value}", "utf-8")
    told = []
    for options in ({"config": config}, {name: f"{value}"}, {name: value}):
        with pytest.raises(SettingError) as caught:
            FitSettings.load(**options)
        told.append(str(caught.value))
    assert len(set(told)) == 1
    assert f"'{value}' is not " in told[0]
