"""Names of models, and models that are replaced while they are served."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from headstart_runtime.errors import ClassifierError, SettingError
from headstart_runtime.service.models import Models, UnknownModel, look_at, name_models
from headstart_runtime.service.settings import ServiceSettings
from tests.conftest import Small


def test_a_model_is_called_by_its_run_or_as_it_is_named() -> None:
    assert name_models(["runs/a/model", "b=runs/a", "runs/my run/"]) == {
        "a": Path("runs/a/model"),
        "b": Path("runs/a"),
        "my-run": Path("runs/my run/"),
    }
    with pytest.raises(SettingError, match="two models are called 'a'"):
        name_models(["x/a", "y/a"])
    with pytest.raises(SettingError, match="cannot be called 'a/b'"):
        name_models(["a/b=x"])
    with pytest.raises(SettingError, match="no model is given"):
        name_models([])


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="is not a saved classifier"):
        Models([str(tmp_path)], ServiceSettings())


def test_a_new_model_takes_over_and_a_broken_one_does_not(copied: Path, small: Small, tmp_path: Path) -> None:
    models = Models([f"one={copied}"], ServiceSettings(watch=0.01, engine="onnxruntime"))
    with pytest.raises(UnknownModel, match="no model 'two'"):
        models.find("two")
    first = models.find("one")

    async def change() -> None:
        changed = asyncio.Queue[object]()
        watching = asyncio.create_task(models.watch(changed.put_nowait))
        (copied / "model.json").write_text("{", "utf-8")  # as while it is copied
        await asyncio.sleep(0.1)
        assert models.find() is first
        again = tmp_path / "again"
        shutil.copytree(small.run / "model", again)
        record = json.loads((again / "model.json").read_text("utf-8"))
        record["headstart"] = "another"
        (again / "model.json").write_text(json.dumps(record), "utf-8")
        copied.rename(tmp_path / "old")
        again.rename(copied)
        assert await asyncio.wait_for(changed.get(), 10) is models.find("one")
        watching.cancel()

    (pending,) = first.batcher.submit([next(small.photos.glob("*/*.jpg"))], dict)
    asyncio.run(change())
    assert models.find().classifier.record.headstart == "another"
    assert pending.result(10).error is None
    assert look_at(copied) == models.find().seen
    models.close()


def test_whatever_a_new_model_raises_models_are_looked_at_again(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = Models([f"one={copied}"], ServiceSettings(watch=0.01, engine="onnxruntime"))
    first, tries = models.find("one"), 0

    def fail(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise RuntimeError("of an engine")

    async def change() -> None:
        watching = asyncio.create_task(models.watch())
        (copied / "model.json").touch()
        until = asyncio.get_running_loop().time() + 10
        while tries < 3:
            assert asyncio.get_running_loop().time() < until
            assert not watching.done()
            await asyncio.sleep(0.01)
        watching.cancel()

    monkeypatch.setattr("headstart_runtime.service.models.load", fail)
    asyncio.run(change())
    assert models.find("one") is first
