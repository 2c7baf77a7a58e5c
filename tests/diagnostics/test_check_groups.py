"""Groups that nobody named are tried, and what they would make of the score is told."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from headstart.data.groups import encode_groups
from headstart.data.read import read_source
from headstart.data.samples import Subset
from headstart.diagnostics.check_groups import check_groups
from headstart.diagnostics.group_check import GroupCheck
from headstart.heads.head import TrainingSet
from headstart.settings import DataSettings, FitSettings
from headstart.storage.results import ResultFolder
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import get_task

SPEAKERS, EACH = 8, 24
CLIP = Noun("clip", "clips")


def make_context(folder: Path, *, known: bool, named: str = "{label}_speaker{who}_{number}", **options: object):
    """What the check asks of a run: texts in files, features that know the speaker or do not."""
    chance = np.random.default_rng(0)
    for who in range(SPEAKERS):
        for number in range(EACH):
            label = "ab"[number % 2]
            file = folder / label / f"{named.format(label=label, who=who, number=number)}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{label} {who} {number}")
    samples = read_source(folder, options=DataSettings.model_validate({"modality": "text"}))
    features = []
    voices = chance.normal(0, 3.0, (SPEAKERS, 2, 24))  # each says both in a way of its own
    for sample in samples.samples:
        label, who, _ = (folder / sample.name).read_text().split()
        own = voices[int(who), "ab".index(label)] if known else np.zeros(24)
        features.append(own + chance.normal(0, 1, 24) + (1.0 if label == "b" else -1.0) * np.eye(24)[0])
    rows = np.array(features, np.float32)
    subset = {sample.id: list(Subset)[place % 3] for place, sample in enumerate(samples.samples)}

    def samples_in(*subsets: Subset):
        return [sample for one in subsets for sample in samples.samples if subset[sample.id] is one]

    def training_set(branches, *subsets: Subset) -> TrainingSet:
        taken = samples_in(*subsets)
        places = {sample.id: place for place, sample in enumerate(samples.samples)}
        targets = np.array([sample.target for sample in taken])
        own = rows[[places[sample.id] for sample in taken]]
        return TrainingSet(own, targets, 2, encode_groups(taken), balanced=False, seed=0)

    return SimpleNamespace(
        settings=FitSettings.load(None, **options),
        samples=samples,
        samples_in=samples_in,
        training_set=training_set,
        strata=lambda *subsets: np.array([sample.target for sample in samples_in(*subsets)]),
        branch=lambda layer: layer,
        task=get_task("classification"),
        memo=SimpleNamespace(probes={}, probe_seconds={}),
        store=SimpleNamespace(results=ResultFolder(folder.parent / "store")),
    )


def test_features_that_know_the_speaker_flatter_and_it_is_told(tmp_path):
    found = check_groups(make_context(tmp_path, known=True))
    assert found.significant
    assert found.groups == SPEAKERS
    assert found.rows == SPEAKERS * EACH
    assert found.shared == 1
    assert found.random > found.grouped + 0.1
    said = found.describe(CLIP, get_task("classification").measure)
    assert "100% of the test clips share a part of the name (such as 'speaker0' in 'a_speaker0_" in said
    assert "fit again with --group-pattern" in said
    assert "[^_]+_([^_]+)" in said


def test_features_that_do_not_know_it_say_nothing(tmp_path):
    assert check_groups(make_context(tmp_path, known=False)) is None


def test_nothing_is_tried_where_names_say_nothing_or_no_groups_were_wished(tmp_path):
    context = make_context(tmp_path / "some", known=True, named="{label}{who}x{number}")
    context.samples_in = None  # would fail if anything was tried
    assert check_groups(make_context(tmp_path / "other", known=True, group_column="none")) is None


@pytest.mark.parametrize("significant", [True, False])
def test_a_number_is_told_in_its_own_measure(significant):
    check = GroupCheck("'patient'", "--group-column patient", 9, 90, 0.8, 2.5, 3.5, 0.1, significant)
    said = check.describe(Noun("text", "texts"), get_task("regression").measure)
    assert ("flatters by about 1" in said) is significant
    assert ("not seen to flatter" in said) is not significant
