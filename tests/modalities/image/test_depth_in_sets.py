from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart.backbones.convert import load_backbone
from headstart.data.check import check_samples
from headstart.data.inspection import update_notes
from headstart.data.ledger import load_ledger, save_ledger
from headstart.data.read import read_source
from headstart.data.samples import Subset
from headstart.extraction.extract import get_feature_space
from headstart.modalities.image.stats import stats_space
from headstart_runtime.modalities.image.spec import WHOLE_EDGE, GreyRange, ImageSpec
from headstart_runtime.modalities.modality import get_modality

IMAGES = get_modality("image")
SPEC = ImageSpec(32, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
TWELVE_BITS = replace(SPEC, grey=(GreyRange("uint16", 0.0, 4095.0),))


@pytest.fixture
def panel(tmp_path):
    """Two classes of X-rays of 12 bits in 16, one of them with a bit more; train and test as given."""
    chance = np.random.default_rng(0)
    for part, each in (("train", 12), ("test", 4)):
        for label, name in enumerate(("no", "yes")):
            folder = tmp_path / part / name
            folder.mkdir(parents=True)
            for number in range(each):
                values = chance.integers(0, 900, (60, 50)) + 2500 * label * (np.arange(50) > 25)
                if part == "test" and name == "yes" and number == 0:
                    values[:10] = 9000
                Image.fromarray(values.astype(np.uint16)).save(folder / f"{number}.png")
    return tmp_path


def test_a_set_has_one_range_found_in_train(panel):
    samples = read_source(panel)
    train = [sample.properties for sample in samples.samples if sample.subset is Subset.TRAIN]
    fitted = IMAGES.fit_spec(SPEC, train)
    assert fitted == TWELVE_BITS
    described = "photos with more than 8 bits are scaled by 0..4095 (uint16), the range of 24 of them in train"
    assert IMAGES.describe_fit(fitted, train) == described
    assert samples.ledger.notes[-1] == (
        "32 photos have more than 8 bits a pixel (16 with 10 significant bits of 16, 15 with 12 significant bits of "
        "16, 1 with 14 significant bits of 16)"
    )
    notes = {entry.name: entry.note for entry in update_notes(samples, fitted).ledger.entries}
    assert notes["train/no/0.png"] == "10 significant bits of 16, scaled by the set's range 0..4095"
    alone = {entry.name: entry.note for entry in update_notes(samples, SPEC).ledger.entries}
    assert alone["train/no/0.png"] == "10 significant bits of 16, scaled by its own range 0..1023"
    assert notes["test/yes/0.png"].endswith("it has values above, to 0..9000, which are clipped")


def test_the_ledger_keeps_what_was_measured(panel, tmp_path):
    samples = update_notes(read_source(panel), TWELVE_BITS)
    save_ledger(samples.ledger, tmp_path / "ledger.jsonl")
    assert load_ledger(tmp_path / "ledger.jsonl") == samples.ledger


def test_a_survey_notes_them_and_sets_none_aside(panel):
    found = check_samples(read_source(panel, strict=False))
    assert not found.problems
    assert found.usable == {"no": 16, "yes": 16}


def test_features_of_another_range_have_a_place_of_their_own(small):
    backbone = load_backbone(small.name, small.store / "networks")
    assert backbone.with_spec(backbone.spec) == backbone
    other = backbone.with_spec(replace(backbone.spec, grey=(GreyRange("uint16", 0.0, 4095.0),)))
    assert other.fingerprint != backbone.fingerprint
    assert stats_space(other.spec) != stats_space(backbone.spec)

    class Engine:
        name, precision = "openvino", "f32"

    assert get_feature_space(other, Engine()) != get_feature_space(backbone, Engine())


def test_a_classifier_scales_later_photos_as_its_training_photos_were(panel, small, tmp_path):
    chosen = {"strategy": "linear-probe", "near_duplicates": "report", "report": False}
    run = headstart.fit(panel, backbone=small.name, store=small.store, out=tmp_path / "run", **chosen)
    classifier = headstart.load(run.folder)
    assert classifier.record.spec.grey == (GreyRange("uint16", 0.0, 4095.0),)
    entries = {entry.name: entry for entry in load_ledger(run.folder / "ledger.jsonl").entries}
    assert "scaled by the set's range 0..4095" in entries["test/no/1.png"].note
    dark = panel / "test" / "no" / "1.png"
    eight = np.rint(np.asarray(Image.open(dark)) / 4095 * 255).astype(np.uint8)
    for photos in ([dark, eight], [dark, eight] * 12):  # one by one, and many at a time
        answers = classifier.predict(photos)
        assert np.allclose(answers[0].probabilities, answers[1].probabilities, atol=1e-5)
        assert answers[0].note == "10 significant bits of 16, scaled by the training photos' range 0..4095"
        assert answers[1].note == ""
    assert "which are clipped" in classifier.predict(panel / "test" / "yes" / "0.png").note
