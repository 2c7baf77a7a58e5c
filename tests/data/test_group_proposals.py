"""Parts of names and columns that may be groups are proposed with the flag that reads them, and never assumed."""

import csv
import random
from pathlib import Path

import pytest

from headstart.data.group_proposals import find_name_parts, propose_groups_of
from headstart.data.read import read_source
from headstart.settings import DataSettings
from headstart.settings.class_pattern import read_group_pattern
from headstart_runtime.errors import DataError, SettingError

DIGITS, SPEAKERS = "0123456789", ("george", "jackson", "lucas", "nicolas", "theo")


def draw_names(make, count: int = 300) -> dict[str, str]:
    """Different names with their labels."""
    chance, drawn = random.Random(0), dict[str, str]()
    while len(drawn) < count:
        name, label = make(chance)
        drawn[name] = label
    return drawn


def name_digit(chance: random.Random) -> tuple[str, str]:
    digit = chance.choice(DIGITS)
    return f"rec/{digit}_{chance.choice(SPEAKERS)}_{chance.randint(0, 49)}.wav", digit


def name_slice(chance: random.Random) -> tuple[str, str]:
    label = chance.choice(DIGITS)
    return f"{chance.randint(100_000, 100_040)}-{label}-{chance.randint(0, 2)}-{chance.randint(0, 9)}.wav", label


def name_part(chance: random.Random) -> tuple[str, str]:
    label = chance.choice("ab")
    return f"{label}/clip_{chance.randint(0, 60):03}_part{chance.randint(0, 5)}.wav", label


def name_word(chance: random.Random) -> tuple[str, str]:
    label = chance.choice(("yes", "no", "up"))
    return f"{label}/{chance.randint(0xA000, 0xA030):x}_nohash_{chance.randint(0, 3)}.wav", label


def name_actor(chance: random.Random) -> tuple[str, str]:
    actor, label = chance.randint(1, 24), chance.choice("12345678")
    return f"Actor_{actor:02}/03-01-0{label}-{chance.randint(1, 9):02}-{actor:02}.wav", label


def name_run(chance: random.Random) -> tuple[str, str]:
    label = chance.choice("FWN")
    return (
        f"{chance.randint(3, 16):02}{chance.choice('ab')}{chance.randint(1, 9):02}{label}{chance.choice('ab')}",
        label,
    )


@pytest.mark.parametrize(
    ("make", "pattern", "read"),
    [
        (name_digit, "^[^_]+_([^_]+)", ("rec/7_jackson_32.wav", "jackson")),
        (name_slice, "^([^-]+)", ("100032-3-0-1.wav", "100032")),
        (name_part, "^[^_]+_([^_]+)", ("a/clip_003_part2.wav", "003")),
        (name_part, "^([^_]+_[^_]+)", ("a/clip_003_part2.wav", "clip_003")),
        (name_word, "^([^_]+)", ("yes/a01f_nohash_1.wav", "a01f")),
        (name_actor, "^(.+)/[^/]+$", ("Actor_03/03-01-05-02-03.wav", "Actor_03")),
        (name_run, r"^(\d+)", ("03a01Fa", "03")),
    ],
)
def test_a_part_of_names_that_several_share_is_proposed(make, pattern, read):
    drawn = draw_names(make)
    found = find_name_parts(list(drawn), list(drawn.values()))
    assert pattern in [part.pattern for part in found]
    assert read_group_pattern(pattern).read(read[0]) == read[1]


def test_the_class_is_no_group_and_words_come_before_numbers():
    drawn = draw_names(name_digit)
    found = find_name_parts(list(drawn), list(drawn.values()))
    assert set(found[0].groups) == set(SPEAKERS)
    assert not any(set(part.groups) == set(DIGITS) for part in found)


@pytest.mark.parametrize(
    "names",
    [
        [f"{label}/{label}{number}.jpg" for label in "abc" for number in range(60)],
        [f"{label}.{number}.jpg" for label in "abc" for number in range(60)],
        [f"{label}/{number}.jpg" for label in "abc" for number in range(60)],
        [f"{part}/{label}/{number}.jpg" for part in ("train", "test") for label in "abc" for number in range(30)],
        [
            f"{label}/{7919 * (1 + number + 60 * place):08x}.jpg"
            for place, label in enumerate("abc")
            for number in range(60)
        ],
    ],
)
def test_names_that_only_count_propose_nothing(names):
    labels = [name.split("/")[-2] if "/" in name else name[0] for name in names]
    assert find_name_parts(names, labels) == []


def write_table(folder: Path, header: tuple[str, ...] = ("path", "label", "speaker")) -> Path:
    """Texts of five speakers in files."""
    rows = []
    for number, (name, label) in enumerate(draw_names(name_digit, 150).items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text {number} of {label}")
        rows.append((name, label, path.stem.split("_")[1]))
    with (folder / "texts.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *(row[: len(header)] for row in rows)])
    return folder / "texts.csv"


def read(source: Path, **options: object):
    return read_source(source, options=DataSettings.model_validate({"modality": "text", **options}))


def test_a_column_that_is_not_used_is_proposed(tmp_path):
    samples = read(write_table(tmp_path))
    first, *rest = propose_groups_of(samples)
    assert (first.what, first.flag) == ("'speaker'", "--group-column speaker")
    assert set(first.groups.values()) == set(SPEAKERS)
    assert set(first.groups) == {sample.name for sample in samples.samples}
    assert not any(sample.group.given_name for sample in samples.samples)
    assert rest


def test_nothing_is_proposed_where_groups_are_known(tmp_path):
    samples = read(write_table(tmp_path), group_column="speaker")
    assert list(propose_groups_of(samples)) == []


def test_the_flag_that_is_proposed_makes_the_groups(tmp_path):
    table = write_table(tmp_path, ("path", "label"))
    proposal = next(iter(propose_groups_of(read(table))))
    assert "such as" in proposal.what
    pattern = "^[^_]+_([^_]+)"
    assert pattern in proposal.flag
    samples = read(table, group_pattern=pattern)
    assert {sample.group.given_name for sample in samples.samples} == set(SPEAKERS)
    assert any("5 groups" in note for note in samples.ledger.notes)


def test_a_pattern_that_fits_nothing_or_stands_beside_another_way_is_refused(tmp_path):
    table = write_table(tmp_path)
    with pytest.raises(DataError, match="fits none of the names, such as"):
        read(table, group_pattern="^(x)")
    with pytest.raises(SettingError, match="group_column is given beside a group_pattern"):
        read(table, group_pattern="^(.)", group_column="speaker")
