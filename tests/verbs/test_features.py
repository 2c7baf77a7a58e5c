"""``headstart.features``: what ``fit`` learns from, as arrays and as files."""

import numpy as np
import pytest

import headstart
from headstart.cli.main import run
from headstart.data.split import load_split
from headstart.storage.run_layout import SPLIT
from headstart.storage.store import FeatureSpace, Store
from headstart_runtime.errors import BackboneError, SettingError


@pytest.fixture
def fitted(small, tmp_path):
    """A run on a store of its own: its features can be nothing but what the fit computed."""
    store = small.new_store(tmp_path / "store")
    return small.fit(out=tmp_path / "run", store=store, seed=3), store


def test_features_are_bit_for_bit_what_fit_used_and_not_computed_again(fitted, small) -> None:
    run_, store = fitted
    found = headstart.features(small.photos, backbone=small.name, seed=3, store=store, layer="all")
    assert found.computed == 0
    space = run_.record["space"]
    layers = tuple((name, rows.shape[1]) for name, rows in found.layers.items())
    with Store(store) as opened:
        for name, rows in found.layers.items():
            stored = opened.read(
                FeatureSpace(space["fingerprint"], layers, space["description"]),
                [id_.partition(".")[0] for id_ in found.ids],
                name,
            )
            np.testing.assert_array_equal(rows, stored)
    given = load_split(run_.folder / SPLIT).subsets
    assert dict(zip(found.ids, found.subsets, strict=True)) == {id_: part.value for id_, part in given.items()}
    assert found.classes == run_.classes
    assert found.rows is list(found.layers.values())[-1]


def test_files_hold_the_same(small, tmp_path) -> None:
    found = headstart.features(small.photos, backbone=small.name)
    with np.load(found.save(tmp_path / "rows.npz")) as read:
        (layer,) = read["layers"]
        np.testing.assert_array_equal(read[f"rows/{layer}"], found.rows)
        assert (tuple(read["ids"]), tuple(read["labels"])) == (found.ids, found.labels)
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(found.save(tmp_path / "rows.parquet"))
    np.testing.assert_array_equal(np.stack(table[layer].to_numpy()), found.rows)
    assert tuple(table["subset"].to_pylist()) == found.subsets
    assert found.names[0] in found._repr_html_()


def test_the_command_writes_the_same_and_says_so(small, tmp_path, capsys) -> None:
    file = tmp_path / "rows.npz"
    words = ["features", str(small.photos), "--backbone", small.name, "--out", str(file), "--quiet"]
    assert run(words) == 0
    found = headstart.features(small.photos, backbone=small.name)
    with np.load(file) as read:
        np.testing.assert_array_equal(read[f"rows/{read['layers'][0]}"], found.rows)
    assert capsys.readouterr().out.startswith(f"features of {len(found.ids)} photos by {small.name}, ")
    assert run(words) == 2  # nothing is overwritten
    assert "is there already and is not overwritten" in capsys.readouterr().err


def test_what_cannot_be_had(small, tmp_path) -> None:
    with pytest.raises(BackboneError, match="has no layer 'finl'; did you mean 'final'"):
        headstart.features(small.photos, backbone=small.name, layer="finl")
    with pytest.raises(BackboneError, match="names several; wanted one"):
        headstart.features(small.photos, backbone=f"{small.name},efficientnet_lite0")
    with pytest.raises(SettingError, match=r"ends in neither \.npz nor \.parquet"):
        headstart.features(small.photos, backbone=small.name).save(tmp_path / "rows.csv")
