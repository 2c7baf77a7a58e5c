"""``headstart advise``."""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace

import pytest

from headstart.cli.main import VERBS, run
from headstart.pipeline.advise import advise_samples
from headstart.selection.advisor import StrategyAdvice
from headstart_runtime.errors import BackboneError

WATCHED = """
import sys
from headstart.cli.main import VERBS, run
VERBS.setdefault("advise", "Say what to expect.")
assert run(["advise", *sys.argv[1:]]) == 0
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setitem(VERBS, "advise", VERBS.get("advise", "Say what to expect."))


def test_advice_for_a_person(small, tmp_path, capsys):
    store = small.new_store(tmp_path / "store")  # where no training was timed
    assert run(["advise", str(small.photos), "--backbone", small.name, "--store", str(store), "--quiet"]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    assert re.search(r"^training samples +\d+ in 3 classes$", out, re.MULTILINE)
    assert re.search(
        r"^how unsure the network is of them +\d+% of the most there is \(\d\.\d\d nats\)$", out, re.MULTILINE
    )
    assert re.search(r"^final +\d+\.\d% +\d\.\d{3}$", out, re.MULTILINE)
    assert "not measured" not in out
    for name in ("partial-finetune", "full-finetune"):
        assert re.search(rf"^{name} +\d+ s, by arithmetic, perhaps half or twice that; --cost times", out, re.MULTILINE)
    assert re.search(r"^expect most of \S+ \(", out, re.MULTILINE)
    command = out.splitlines()[-1].removeprefix("next:  ")
    assert shlex.split(command)[:4] == ["headstart", "fit", str(small.photos), "--arms"]


def test_advice_in_json_is_the_record_and_the_next_command(small, capsys):
    assert run(["advise", str(small.photos), "--backbone", small.name, "--json", "--seed", "3"]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    record = json.loads(out)
    words = shlex.split(record.pop("next"))
    advice = StrategyAdvice.from_json(record)
    again = advise_samples(small.photos, backbone=small.name, seed=3)
    assert replace(advice, seconds=again.seconds) == again, "but for what was timed just now"
    arms = words[words.index("--arms") + 1].split(",")
    assert arms[0] == "linear-probe"
    assert {advice.expected, advice.runner_up} <= set(arms)
    assert words[-2:] == ["--seed", "3"]


def test_the_next_command_is_understood(small, tmp_path, capsys):
    assert run(["advise", str(small.photos), "--backbone", small.name, "--json"]) == 0
    words = shlex.split(json.loads(capsys.readouterr().out)["next"])
    words[words.index("--arms") + 1] = "linear-probe"  # the others take longer
    assert run([*words[1:], "--quiet", "--out", str(tmp_path / "run")]) == 0


def test_only_a_sample_is_computed(small, photos, tmp_path, monkeypatch):
    monkeypatch.setattr("headstart.selection.dataset_stats.SAMPLE", 12)
    store = tmp_path / "store"
    small.new_store(store)
    heard = []
    advice = advise_samples(photos(each=20, seed=9), backbone=small.name, store=store, listener=heard.append)
    assert advice.facts.domain.samples == advice.facts.layered == 12
    assert advice.facts.samples > 30
    assert max(it.total for it in heard if getattr(it, "stage", "") == "extract") == 12


def test_photos_that_do_not_decode_are_left_out(photos, tmp_path, small):
    folder = photos(each=10, seed=11)
    for file in (folder / "discs").glob("*.jpg"):
        file.write_bytes(file.read_bytes()[:700])
    facts = advise_samples(folder, backbone=small.name, store=small.store).facts
    assert facts.domain.samples < facts.samples


def test_several_backbones_are_refused(warm, capsys):
    with pytest.raises(BackboneError, match="names several; wanted one"):
        advise_samples(warm.photos, backbone="efficientnet_lite0,efficientnet_lite1")
    assert run(["advise", str(warm.photos), "--backbone", "efficientnet_lite9", "--quiet"]) == 2
    assert "did you mean" in capsys.readouterr().err


@pytest.mark.slow
def test_no_pytorch_where_the_store_knows_the_network(warm, photos):
    for folder in (warm.photos, photos(each=8, seed=321)):
        command = [sys.executable, "-c", WATCHED, folder, "--quiet"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
        modules = set(done.stderr.split())
        assert "openvino" in modules
        assert not modules & {"torch", "torchvision", "timm", "sklearn", "scipy", "matplotlib"}
