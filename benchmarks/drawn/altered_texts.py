"""Altered copies of texts: templates filled in anew, quotes, changed numbers, other cases and marks, slips."""

import re
from collections.abc import Callable, Sequence

import numpy as np

Alter = Callable[[str, np.random.Generator], str]

LEAST_WORDS, LEAST_TEMPLATE = 5, 8  #: of a text of which a copy is made, and of one that is a template
NAMES = ("Alvarez", "Bergdorf", "Okonkwo", "Petrograd", "Lisbon", "Tremaine", "Kowalski", "Nakamura", "Delacroix")
GREETINGS = ("Hi all,", "FYI:", "Copied from below:", "As promised,", "Re:", "See this.")
ENDINGS = ("Thanks!", "-- sent from my phone", "Cheers", "(via a friend)", "Best regards")


def change_numbers(text: str, chance: np.random.Generator) -> str:
    """Return a text with other numbers in place of its own; of a text without any, with one put at its end."""
    if not re.search(r"\d", text):
        return f"{text} {chance.integers(10, 1000)}"
    return re.sub(r"\d", lambda _: str(chance.integers(10)), text)


def fill_template(text: str, chance: np.random.Generator) -> str:
    """Return a text with a name in place of one word of its own."""
    words = text.split()
    words[int(chance.integers(1, len(words)))] = str(chance.choice(NAMES))
    return " ".join(words)


def quote(text: str, chance: np.random.Generator) -> str:
    """Return a text as somebody passes it on."""
    if chance.random() < 0.5:
        return f"{chance.choice(GREETINGS)} “{text}”"
    return f"> {text} {chance.choice(ENDINGS)}"


def change_case(text: str, chance: np.random.Generator) -> str:
    """Return a text in capitals, in small letters, or as a heading has it."""
    return str(chance.choice([text.upper(), text.lower(), text.title()]))


def change_marks(text: str, chance: np.random.Generator) -> str:
    """Return a text without marks, or with more of them."""
    return (
        re.sub(r"[^\w\s]", "", text) if chance.random() < 0.5 else re.sub(r"(\w)(\s)", r"\1,\2", text, count=3) + "!!"
    )


def slip(text: str, chance: np.random.Generator) -> str:
    """Return a text with two letters that changed places."""
    places = [at for at in range(len(text) - 1) if text[at].isalpha() and text[at + 1].isalpha()]
    at = int(chance.choice(places)) if places else 0
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def drop_word(text: str, chance: np.random.Generator) -> str:
    """Return a text without one of its words."""
    words = text.split()
    del words[int(chance.integers(len(words)))]
    return " ".join(words)


ALTERATIONS: dict[str, Alter] = {
    "numbers": change_numbers,
    "template": fill_template,
    "quote": quote,
    "case": change_case,
    "marks": change_marks,
    "slip": slip,
    "word dropped": drop_word,
}


def plant_copies(texts: Sequence[str], count: int, chance: np.random.Generator) -> list[tuple[int, str, str]]:
    """Return altered copies of some texts: the row of each, the kind of alteration, the copy."""
    lengths = [len(text.split()) for text in texts]
    order = [row for row in chance.permutation(len(texts)).tolist() if lengths[row] >= LEAST_WORDS]
    kinds, copies = list(ALTERATIONS), list[tuple[int, str, str]]()
    while order and len(copies) < count:
        kind = kinds[len(copies) % len(kinds)]
        least = LEAST_TEMPLATE if kind == "template" else LEAST_WORDS
        place = next((place for place, row in enumerate(order) if lengths[row] >= least), 0)
        row = order.pop(place)
        copies.append((row, kind, ALTERATIONS[kind](texts[row], chance)))
    return copies
