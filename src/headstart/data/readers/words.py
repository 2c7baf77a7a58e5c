"""Words in the names of files, folders and columns, and those that owners of items are called by."""

import re

#: Words before the number of a person, an animal, a place or a day that items are of.
OWNERS = frozenset(
    "patient patients pat subject subj sub person participant case study scan scanner slide series site hospital "  # noqa: SIM905
    "centre center user animal mouse rat specimen donor id pid p s session day visit video vid clip sequence seq "
    "recording track patienten patientin proband probanden probandin paciente pacientes paziente sujeto sujet".split()
)
#: More that a table has a column for: whoever made an item, the recording it was cut from, the place or lot it is of.
MORE_OWNERS = frozenset(
    "speaker singer writer author signer artist player driver worker operator individual child twin household "  # noqa: SIM905
    "herd nest hive colony litter plant tree plot field farm biopsy block well plate culture passage movie "
    "film record burst shot flight mission trip transect station location camera cam "
    "participants persons individuals tier tiere hund kuh pferd animaux animales teilnehmer versuchsperson vpn fall "
    "device machine instrument microscope sensor lot batch roll wafer board panel sheet reel charge production "
    "mrn accession encounter".split()
)
#: A name that is the number of a thing and of an item of it: ``v01_12``, ``patient03_slice7``.
TRACK = re.compile(r"(.*\d[^\W_]*)([\s._\-]+\(?(?:[^\W\d_]+[._\- ]?)?)\d+\)?")
#: What stands beside such a word without saying anything: ``patient_id``, ``Lot No.``, ``video name``.
_FILLERS = frozenset(
    "id ids no nr num number name code key uid index idx nummer kennung kürzel instance numero número numéro".split()  # noqa: SIM905
)


def split_words(name: str) -> list[str]:
    """Return the words in a name of a file or folder, in lower case, without numbers and signs."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.findall(r"[^\W\d_]+", apart)]


def names_owner(column: str) -> bool:
    """Return whether a column is called like those whose items are kept together: ``speaker_id``, ``Lot No.``."""
    words = [word for word in split_words(column) if word not in _FILLERS]
    known = OWNERS | MORE_OWNERS
    return bool(words) and all(len(word) > 1 and (word in known or word.removesuffix("s") in known) for word in words)
