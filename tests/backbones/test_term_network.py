"""The network on terms in the store: found again, written anew where it is damaged, by two at once no fault."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from headstart.backbones import term_network
from headstart.backbones.backbone import GRAPH, RECORD, Backbone
from headstart.backbones.term_network import build_term_network, find_term_network
from headstart.heads.head import Dense
from headstart_runtime.modalities.modality import get_modality

LAYER = Dense(np.arange(12, dtype=np.float32).reshape(6, 2), np.ones(2, np.float32))


def build(folder: Path) -> Backbone:
    return build_term_network("tfidf", LAYER, get_modality("text").default_spec, folder)


@pytest.mark.parametrize("name", [GRAPH, RECORD])
@pytest.mark.parametrize("content", [None, b"", b"[1, 2]"])
def test_a_damaged_one_is_written_anew(content: bytes | None, name: str, tmp_path: Path) -> None:
    made = build(tmp_path)
    graph = made.graph.read_bytes()
    if content is None:
        (made.folder / name).unlink()
    else:
        (made.folder / name).write_bytes(content)
    assert find_term_network(made.folder) is None
    assert build(tmp_path) == made
    assert made.graph.read_bytes() == graph
    assert find_term_network(made.folder) is not None


def test_a_changed_weight_is_seen(tmp_path: Path) -> None:
    made = build(tmp_path)
    content = made.graph.read_bytes()
    weights = LAYER.weight.tobytes()
    assert weights in content
    made.graph.write_bytes(content.replace(weights, (LAYER.weight + 1).tobytes()))
    assert find_term_network(made.folder) is None


def test_another_process_may_be_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(tmp_path / "other")
    write = term_network.write_digests

    def arrive(draft: Path) -> None:
        write(draft)
        shutil.copytree(first.folder, tmp_path / "own" / first.folder.name)

    monkeypatch.setattr(term_network, "write_digests", arrive)
    monkeypatch.setattr(term_network.shutil, "rmtree", lambda *_, **__: None)  # it came after that
    assert build(tmp_path / "own").folder == tmp_path / "own" / first.folder.name
