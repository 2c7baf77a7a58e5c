"""The public functions: one for each verb, offered on the package, with errors in words of Python."""

import importlib
import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest

import headstart
from headstart.cli.main import VERBS
from headstart.verbs.calling import STOPPED, name_keywords, public
from headstart_runtime.errors import SettingError, UserError

IMPORT_ALL = """
import importlib, pkgutil, headstart
for found in pkgutil.walk_packages(headstart.__path__, "headstart."):
    importlib.import_module(found.name)
print(*(name for name in {verbs} if not callable(getattr(headstart, name))))
"""


def test_there_is_a_function_for_each_verb_and_a_verb_for_each_function() -> None:
    functions = {name for name in headstart.__all__ if inspect.isfunction(getattr(headstart, name))}
    assert functions - {"load", "open_run"} == set(VERBS)


@pytest.mark.slow
def test_no_module_hides_a_function() -> None:
    program = IMPORT_ALL.format(verbs=list(VERBS))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_the_package_offers_its_public_names_and_no_others() -> None:
    assert dir(headstart) == sorted(headstart.__all__)
    for name in headstart.__all__:
        assert getattr(headstart, name) is not None


@pytest.mark.parametrize("verb", VERBS)
def test_a_function_has_the_flags_of_its_verb_as_keywords(verb) -> None:
    """But for what only a terminal has, and for three that have another name in Python."""
    command = getattr(importlib.import_module(f"headstart.cli.{verb}"), verb)
    flags = {
        name.strip("_") for name, it in inspect.signature(command).parameters.items() if it.kind == it.KEYWORD_ONLY
    }
    flags -= {"quiet", "json", "csv", "open", "top", "data", "settings", "text", "lines", "listen", "every"}
    renamed = {"check": {"augment": "sheet", "labels": "label_table"}, "features": {"out": "layer"}}.get(verb, {})
    function = getattr(headstart, verb)
    offered = set(inspect.signature(function).parameters) | set(headstart.settings.FitSettings.model_fields)
    assert {renamed.get(name, name) for name in flags} <= offered


def test_functions_stand_on_the_package() -> None:
    assert headstart.fit.__module__ == "headstart"
    assert pickle.loads(pickle.dumps(headstart.fit)) is headstart.fit
    assert "rate" in inspect.signature(headstart.fit).parameters


def test_messages_name_keywords() -> None:
    assert (
        name_keywords("choose another with --store or HEADSTART_STORE")
        == "choose another with store or HEADSTART_STORE"
    )
    assert name_keywords("--split-from and --relabel clash") == "split_from and relabel clash"
    told = "correct them:  headstart fit photos --relabel fixes.csv; or drop --relabel"
    assert name_keywords(told) == "correct them:  headstart fit photos --relabel fixes.csv; or drop relabel"


def test_the_inner_trace_of_a_users_error_is_hidden() -> None:
    with pytest.raises(UserError) as caught:
        headstart.fit("nowhere", head="logistik")
    assert len(caught.traceback) <= 2
    with pytest.raises(SettingError, match=r"rate is given twice, as rate and as train\.rate"):
        headstart.fit("nowhere", rate=0.1, train={"rate": 0.2})


def test_a_stop_says_what_is_kept() -> None:
    def work() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=STOPPED):
        public(work)()


def test_predictions_of_a_folder_and_of_one_photo(small) -> None:
    found = headstart.predict(small.run, small.photos)
    assert len(found) == len(list(small.photos.rglob("*.*")))
    (one,) = headstart.predict(small.run, next(small.photos.rglob("*.png")))
    assert one.label in headstart.load(small.run).classes
    assert "<table>" in found._repr_html_()
    (array,) = headstart.predict(small.run, np.zeros((40, 40, 3), np.uint8), engine="onnxruntime")
    assert array.source == "array"


def test_a_folder_without_photos(small, tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(UserError, match=r"no photos found in .*1 other files"):
        headstart.predict(small.run, tmp_path)


def test_reading_functions(small, tmp_path) -> None:
    compared = headstart.compare(small.run)
    assert compared.choice.winner == headstart.open_run(small.run).record["winner"]
    assert compared.choice.verdict in compared._repr_html_()
    assert headstart.report(small.run, out=tmp_path / "page.html").read_text("utf-8").startswith("<!")
    evaluation = headstart.evaluate(small.run, small.photos, progress=False)
    assert evaluation.n == len(list(small.photos.rglob("*.*")))
    report = headstart.check(small.photos, fast=True)
    assert report.problems == ()
    assert "<table>" in report._repr_html_()
    assert headstart.cache().folder.is_dir()
    names = [one.name for one in headstart.models()]
    assert "efficientnet_lite0" in names


def test_explanations(small, tmp_path) -> None:
    photo = next(small.photos.rglob("*.png"))
    explained, bad = headstart.explain(small.run, [photo, tmp_path / "gone.png"], out=tmp_path / "why")
    assert explained.file.is_file()
    assert explained.heat.values.max() <= 1
    assert bad.heat is None
    assert "gone.png" not in bad.error


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda photos: headstart.check(photos, rotation=10),
            "rotation is given without a sheet to show it on; add sheet FILE.png",
        ),
        (
            lambda photos: headstart.check(photos, seed=1),
            "seed is given without labels to hold to it; add label_table FILE.csv",
        ),
        (lambda photos: headstart.check(photos, rate=1), "unknown setting 'rate'"),
        (lambda photos: headstart.evaluate("x", photos, seed=1), "unknown setting 'seed'"),
        (lambda photos: headstart.models("*", layers=True), "layers shows one backbone"),
        (lambda photos: headstart.fit(photos, progress="yes"), "progress is 'yes'; wanted 'auto', True or False"),
        (lambda photos: headstart.cache(prune_to="much"), "size 'much' is not one"),
    ],
)
def test_what_cannot_be_done(call, told, small) -> None:
    with pytest.raises(SettingError) as caught:
        call(small.photos)
    assert told in str(caught.value)
    assert "--" not in str(caught.value)
