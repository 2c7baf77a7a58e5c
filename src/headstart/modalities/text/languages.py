"""The language of texts, where a library that tells it is installed; nothing is told without one."""

import importlib.util
from collections.abc import Sequence

LIBRARY = "lingua"  #: lingua-language-detector, Apache-2.0: it needs no network, and is sure of short texts too
MOST_CHARACTERS = 1000  #: of a text that are looked at
SURE = 0.5  #: confidence from which on a language is named


def list_languages(texts: Sequence[str]) -> list[str] | None:
    """Return the language of each text; "not sure" where it cannot be told; None where no library tells any."""
    if not texts or importlib.util.find_spec(LIBRARY) is None:
        return None
    lingua = importlib.import_module(LIBRARY)
    detector = lingua.LanguageDetectorBuilder.from_all_languages().build()
    found = []
    for text in texts:
        ranked = detector.compute_language_confidence_values(text[:MOST_CHARACTERS])
        sure = bool(ranked) and ranked[0].value >= SURE
        found.append(ranked[0].language.name.capitalize() if sure else "not sure")
    return found
