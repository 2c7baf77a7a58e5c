"""Texts among other things: what their files begin with, and what tables, folders and files of them are called."""

import codecs
import re

from headstart_runtime.modalities.item import SourceHints

SUFFIXES = frozenset({".txt", ".text"})

HINTS = SourceHints(
    array_form="(N,), text",
    array_names=("texts", "text", "sentences", "documents", "docs", "reviews", "messages"),
    path_columns=("text_path", "text_file", "txt", "txt_path", "txt_file", "document_path", "document_file"),
    value_columns=(
        *("text", "texts", "sentence", "sentences", "review", "review_text", "reviews", "review_body", "message"),
        *("messages", "tweet", "tweet_text", "comment", "comment_text", "comment_body", "question", "question_text"),
        *("sms", "document", "content", "body", "post", "headline", "utterance", "statement", "passage", "query"),
        *("full_text", "raw_text", "clean_text", "text_content", "phrase", "excerpt", "email", "article", "abstract"),
        *("title", "summary", "description"),
    ),
    label_columns=(
        *(
            "sentiment",
            "polarity",
            "topic",
            "topics",
            "intent",
            "emotion",
            "emotions",
            "genre",
            "genres",
            "tag",
            "tags",
        ),
        *("stars", "star_rating", "rating", "review_rating", "overall", "score", "is_spam", "spam", "is_duplicate"),
        *("is_sarcastic", "sarcasm", "stance", "toxicity", "relevance", "priority", "department", "language", "lang"),
    ),
    units={"words": "words", "characters": "characters"},
    container_words=frozenset("text texts txt doc docs document documents".split()),  # noqa: SIM905
)
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
MOST_CONTROL = 0.02  #: share of bytes of a text that are control characters; files of other kinds have more
_OTHERS = (b"%PDF-", b"{\\rtf", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF", b"OggS", b"fLaC", b"ID3", b"PK\3\4")


def recognise_text(head: bytes) -> bool | None:
    """Return whether a file that begins so is a text; None of one in an encoding of which only all of it can tell."""
    if head.startswith(_MARKS):
        return True
    if not head.strip() or head.startswith(_OTHERS) or b"\0" in head:
        return False
    if len(_CONTROL.findall(head)) > MOST_CONTROL * len(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        letters = sum(byte < 0x80 for byte in head)
        return True if 2 * letters > len(head) else None
    return True
