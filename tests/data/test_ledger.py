import json

import pytest

from headstart.data.ledger import load_ledger, save_ledger
from headstart.data.samples import FileStatus, Ledger, LedgerEntry
from headstart_runtime.errors import DataError

PROPERTIES = {"width": 3, "camera": "Canon EOS 5D", "depth": {"kind": "uint16", "low": 0.5}, "page": None}
LEDGER = Ledger(
    (
        LedgerEntry(
            "schöne Äpfel/1\u2028.png", FileStatus.ACCEPTED, "", "schöne Äpfel", "ab12", "PNG", PROPERTIES, "a note"
        ),
        LedgerEntry("b\udc80.png", FileStatus.SKIPPED, "zero bytes"),
    ),
    ignored=2,
    notes=("a note",),
    modality="image",
)


def test_round_trip_with_names_of_every_kind(tmp_path):
    save_ledger(LEDGER, tmp_path / "new/ledger.jsonl")
    assert load_ledger(tmp_path / "new/ledger.jsonl") == LEDGER
    header, *lines = (tmp_path / "new/ledger.jsonl").read_text("utf-8").rstrip("\n").split("\n")
    assert json.loads(header) == {"schema_version": 2, "modality": "image", "ignored": 2, "notes": ["a note"]}
    assert "schöne Äpfel" in lines[0]


def test_writing_leaves_nothing_beside_and_replaces(tmp_path):
    save_ledger(Ledger(()), tmp_path / "ledger.jsonl")
    save_ledger(LEDGER, tmp_path / "ledger.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.jsonl"]
    assert load_ledger(tmp_path / "ledger.jsonl") == LEDGER


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file"),
        ("", "is not a ledger"),
        ("[]", "is not a ledger"),
        ('{"schema_version": 3}', "has schema version 3, this headstart reads 2; open it with the"),
        ('{"schema_version": 1, "ignored": 0, "notes": []}', "has schema version 1, this headstart reads 2; open it"),
        ('{"schema_version": 2, "ignored": 0, "notes": []}', "is not a ledger: KeyError 'modality'"),
        ('{"schema_version": 2, "modality": "", "ignored": 0, "notes": []}\n{"name": "a"}', "is not a ledger"),
        (
            '{"schema_version": 2, "modality": "", "ignored": 0, "notes": []}\n{"name": {}, "status": "accepted"}',
            "is not a ledger: TypeError name is dict",
        ),
        (
            '{"schema_version": 2, "modality": "", "ignored": 0, "notes": []}\n1e999',
            "is not a ledger: TypeError a line is float",
        ),
    ],
)
def test_what_is_no_ledger(tmp_path, text, message):
    if text is not None:
        (tmp_path / "l").write_text(text)
    with pytest.raises(DataError, match=message):
        load_ledger(tmp_path / "l")


def test_amending_drops_what_is_skipped(pets):
    from headstart.data.read import read_source

    samples = read_source(pets)
    gone = LedgerEntry("cats/0.png", FileStatus.SKIPPED, "does not decode")
    amended = samples.with_updates({"cats/0.png": gone})
    assert len(amended) == 19
    assert amended.ledger.counts()[FileStatus.SKIPPED] == 1
    assert amended.samples == samples.samples[1:]
    assert amended.ledger.modality == samples.modality == "image"


def test_rows_stay_rows(tmp_path):
    for in_rows, unit in ((True, "rows"), (False, "files")):
        ledger = Ledger((LedgerEntry("row 2", FileStatus.ACCEPTED),), in_rows=in_rows)
        save_ledger(ledger, tmp_path / "ledger.jsonl")
        assert load_ledger(tmp_path / "ledger.jsonl") == ledger
        assert load_ledger(tmp_path / "ledger.jsonl").unit.many == unit
