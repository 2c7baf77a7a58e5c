"""Samples and ledgers at a prompt."""

from headstart.data.samples import FileStatus, Ledger, LedgerEntry, Samples
from headstart.tasks.classification.targets import make_class_space


def test_they_show_themselves_in_a_line() -> None:
    samples = Samples(
        make_class_space(("ants", "bees")), (), Ledger((LedgerEntry("a.jpg", FileStatus.SKIPPED),)), "photos", "image"
    )
    assert repr(samples) == "Samples(0 in 2 classes of 'photos')"
    assert repr(samples.ledger).startswith("Ledger(")
    assert "1 skipped" in repr(samples.ledger)
