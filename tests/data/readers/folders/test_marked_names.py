"""Names of class folders that begin with a mark of a program."""

import pytest

from headstart.data.read import read_source
from headstart.data.readers.folders.marked_names import read_marked_names
from headstart.settings import DataSettings


def test_partitions_of_hive_give_the_bare_class(plant, tmp_path):
    names = [
        f"split={part}/label={label}/{i}.png"
        for part, own in (("train", range(6)), ("test", range(6, 9)))
        for label in ("ants", "bees")
        for i in own
    ]
    samples = read_source(plant(tmp_path / "set", *names))
    assert samples.classes == ("ants", "bees")
    assert any("begin with 'label=', as Hive calls them" in note for note in samples.ledger.notes)
    assert {sample.subset for sample in samples.samples} == {"train", "test"}


@pytest.mark.parametrize("chosen", ["parent", "folder"])
def test_bare_classes_wherever_they_stand(plant, tmp_path, chosen):
    above = "month=05/" if chosen == "parent" else ""
    names = [f"{above}__label__{label}/{i}.png" for label in ("ants", "bees") for i in range(5)]
    samples = read_source(plant(tmp_path / "set", *names), options=DataSettings(classes_from=chosen))
    assert samples.classes == ("ants", "bees")
    assert any("as fastText calls them" in note for note in samples.ledger.notes)


def test_escapes_of_hive_are_undone():
    found = read_marked_names({"species=Apis%20mellifera", "species=Bombus"})
    assert found.names == {"species=Apis%20mellifera": "Apis mellifera", "species=Bombus": "Bombus"}
    assert read_marked_names({"a=100%", "a=5%"}).names == {"a=100%": "100%", "a=5%": "5%"}


@pytest.mark.parametrize(
    "names",
    [{"ants", "bees"}, {"label=ants", "bees"}, {"kind=ants", "age=old"}, {"[ants]", "[bees]"}, {"label=ants"}],
)
def test_other_names_stay(names):
    assert read_marked_names(names) is None
