"""A tokenizer of a few words and of all letters, as a ``tokenizer.json``."""

import json
import string

_WORDS = (
    *(
        [
            "the",
            "a",
            "of",
            "and",
            "on",
            "in",
            "was",
            "it",
            "that",
            "there",
            "by",
            "under",
            "over",
            "again",
            "not",
            "is",
            "are",
            "i",
            "you",
            "very",
        ]
    ),
    *(
        [
            "wave",
            "ship",
            "harbour",
            "tide",
            "sail",
            "gull",
            "anchor",
            "deck",
            "oak",
            "moss",
            "fern",
            "owl",
            "bark",
            "path",
            "mushroom",
            "beetle",
        ]
    ),
    *(["good", "bad", "great", "awful", "fine", "dull", "lovely", "poor", "film", "book", "song"]),
)
_LETTERS = (*string.ascii_lowercase, *string.digits, *string.punctuation)
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_WORDS]
VOCABULARY += [one for one in _LETTERS if one not in VOCABULARY]
VOCABULARY += [f"##{one}" for one in _LETTERS]


def write_tokenizer() -> bytes:
    """Return the content of the file, as a BERT's is."""
    ids = {token: number for number, token in enumerate(VOCABULARY)}
    special = {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in ("[CLS]", "[SEP]")}
    record = {
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 8},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        },
        "added_tokens": [
            {
                "id": ids[name],
                "content": name,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for name in VOCABULARY[:5]
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
            ],
            "pair": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 1}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 1}},
            ],
            "special_tokens": special,
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        },
    }
    return json.dumps(record).encode()
