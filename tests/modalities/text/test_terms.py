"""Weighed terms against scikit-learn's, and the spec that counts them."""

from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from headstart_runtime.modalities.modality import get_modality, read_spec
from headstart_runtime.modalities.terms import get_term_modality
from headstart_runtime.modalities.text.term_spec import TermSpec, make_term_spec
from headstart_runtime.modalities.text.terms import PIECE, WORD, Vocabulary, load_vocabulary, split_terms, weigh_texts

TEXTS = [
    "Where is the Eiffel Tower?",
    "the tower is in Paris, the capital",
    "Who built the tower in 1889 ?",
    "naïve café — naïve cafés",
    "a a a b",
    "b a",
]


def test_words_pairs_and_pieces() -> None:
    counts = Counter(split_terms("Go, go a"))
    assert {term[1:] for term in counts if term[0] == WORD} == {"go", ",", "a", "go ,", ", go", "go a"}
    pieces = {term[1:] for term in counts if term[0] == PIECE}
    assert {" g", "go", "o ", " go", " go ", " a ", "go,"} <= pieces
    assert counts[f"{WORD}go"] == 2


@pytest.mark.parametrize(
    ("kind", "vectorizer"),
    [
        (WORD, TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2, token_pattern=r"(?u)\w+|[^\w\s]")),
        (PIECE, TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(2, 5), min_df=2)),
    ],
)
def test_weights_are_those_of_scikit_learn(kind: str, vectorizer: TfidfVectorizer) -> None:
    wanted = vectorizer.fit_transform(TEXTS).toarray()
    content, rows = weigh_texts(TEXTS)
    vocabulary = load_vocabulary(content)
    own = np.zeros((len(TEXTS), rows.width))
    for row in range(len(TEXTS)):
        at = slice(rows.starts[row], rows.starts[row + 1])
        own[row, rows.places[at]] = rows.values[at]
    for term, column in vectorizer.vocabulary_.items():
        np.testing.assert_allclose(own[:, vocabulary.places[kind + term]], wanted[:, column], atol=1e-5, err_msg=term)
    assert sum(term[0] == kind for term in vocabulary.places) == len(vectorizer.vocabulary_)


def test_the_spec_goes_round_and_counts_alike() -> None:
    modality = get_modality("text")
    terms = get_term_modality(modality)
    assert terms is not None
    counted = terms.count_terms(TEXTS)
    assert isinstance(counted.spec, TermSpec)
    again = read_spec(counted.spec.to_json())
    assert again == counted.spec
    spec = again.with_files(counted.spec.contents)  # type: ignore[attr-defined]
    parts = [modality.make_parts(text, spec)[0] for text in TEXTS]
    batch = modality.collate(parts, spec)
    dense = np.zeros((len(TEXTS), counted.rows.width), np.float32)
    for row, (places, weights) in enumerate(zip(batch["term_ids"], batch["term_weights"], strict=True)):
        np.add.at(dense[row], places, weights)
    np.testing.assert_allclose(dense @ dense.T, counted.rows.compute_kernel(), atol=1e-5)


def test_a_text_without_a_known_term_weighs_nothing() -> None:
    content, _ = weigh_texts(TEXTS)
    (part,) = get_modality("text").make_parts("漢字", make_term_spec(content))
    assert part["term_weights"].tolist() == [0.0]


def test_a_vocabulary_goes_round() -> None:
    content, _ = weigh_texts(TEXTS)
    vocabulary = Vocabulary.from_bytes(content)
    assert vocabulary.to_bytes() == content
    assert weigh_texts([])[1].width == 0


def test_texts_are_weighed_as_a_saved_classifier_weighs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart_runtime.modalities.text.terms._TERMS", 60)
    content, rows = weigh_texts(TEXTS)
    for row, text in enumerate(TEXTS):
        places, weights = load_vocabulary(content).weigh(Counter(split_terms(text)))
        at = slice(rows.starts[row], rows.starts[row + 1])
        np.testing.assert_array_equal(rows.places[at], places)
        np.testing.assert_allclose(rows.values[at], weights, atol=1e-6)


def test_of_very_many_terms_those_of_one_text_so_far_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["one two", "two three", "one four", "two four"]
    assert "wone" in load_vocabulary(weigh_texts(texts)[0]).places
    monkeypatch.setattr("headstart_runtime.modalities.text.terms._TERMS", 1)
    monkeypatch.setattr("headstart_runtime.modalities.text.terms.MOST_COUNTED", 40)
    places = load_vocabulary(weigh_texts(texts)[0]).places
    assert "wtwo" in places
    assert "wone" not in places


def test_items_without_words_have_no_terms() -> None:
    assert get_term_modality(get_modality("image")) is None
