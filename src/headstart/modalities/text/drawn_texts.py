"""Drawn texts that an export is proved on: empty and long ones, other scripts, other encodings."""

from collections.abc import Mapping

_LINE = "Where does the old river run when the snow melts, and who asked first? "


def draw_texts() -> Mapping[str, bytes]:
    """Return drawn texts as contents of files by name."""
    texts = {
        "question.txt": "How many rivers run through the capital of France?",
        "statement.txt": "The second delivery arrived two days late and one box was broken.",
        "one-word.txt": "Why",
        "long.txt": _LINE * 80,
        "upper.txt": _LINE.upper(),
        "accents.txt": "Où est passé le garçon naïf qui mangeait des crêpes à l’œuf, señor Müller?",
        "greek.txt": "Πού βρίσκεται η μεγαλύτερη πόλη;",
        "chinese.txt": "世界上最高的山是哪一座？",
        "emoji.txt": "great 👍🏽 but the 🚲 broke 😡😡😡",
        "numbers.txt": "In 1969, 3.5 % of 12,000 people paid $4.20 (or £3.10) -- e.g. at http://example.org/a?b=c#d",
        "spaces.txt": "  two   lines\r\n\r\n\tand a tab  ",
        "odd-words.txt": "antidisestablishmentarianism xkqzvjw " + "a" * 400,
        "blank.txt": " \n\t ",
    }
    files = {name: text.encode() for name, text in texts.items()}
    return files | {"empty.txt": b"", "marked.txt": b"\xef\xbb\xbf" + _LINE.encode()}
