"""Texts for a first try without data: messages to a shop, drawn from templates and written as a table.

What a message asks for is its class. Many words stand in messages of several classes, some messages ask for two things
and are labelled by the first, and letters are mistyped; all are the same each time, by a fixed seed.
"""

from pathlib import Path

import numpy as np
from numpy.random import Generator

from headstart.storage.atomic import replace_text
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import NamedItem

EACH = 150  #: messages of a class
SEED = 0
TYPING = 0.012  #: share of letters that are mistyped
MIXED = 0.08  #: share of messages that go on with what those of another class say

GREETINGS = ("Hello, ", "Hi there. ", "Dear team, ", "Good morning, ", "", "", "", "Hey, ")
ENDINGS = (" Thanks.", " Thank you in advance!", " Best, {name}", " {name}", "", "", " Please answer soon.", " Regards")
NAMES = ("Ana", "Ben", "Chidi", "Dora", "Emre", "Fatima", "Goran", "Hana", "Ivo", "Jun")
GOODS = ("kettle", "blue jacket", "lamp", "pair of boots", "desk", "headphones", "garden hose", "mixer", "rug", "bike")
DAYS = ("Monday", "Tuesday", "last week", "yesterday", "ten days ago", "the 3rd", "the weekend")
#: What messages of each class say; in braces what is drawn.
TEMPLATES = {
    "delivery": (
        "my {good} was to arrive on {day} and nothing came",
        "where is order {number}? The tracking has not moved since {day}",
        "the courier says the {good} was left at a door, but not at mine",
        "can you send the {good} to another address, I move on {day}",
        "how long does it take until a {good} is here",
    ),
    "return": (
        "the {good} does not fit and I want to send it back",
        "I would like my money back for order {number}",
        "the {good} came broken, can I have another one",
        "is there a label with which I can return the {good} I bought {day}",
        "I sent the {good} back on {day} and still wait for the refund",
    ),
    "payment": (
        "I was charged twice for order {number}",
        "my card is declined although there is money on it",
        "could you send the invoice of the {good} once more, with our company's name",
        "the voucher I got {day} is not taken off the price",
        "can I pay for the {good} in three parts",
    ),
    "account": (
        "I cannot log in since {day}, the code never comes",
        "please change the e-mail of my account, the old one is gone",
        "how do I delete my account and all that you have of me",
        "the page says my password is wrong, and the link to a new one does not work",
        "somebody ordered a {good} in my name, was my account hacked",
    ),
    "product": (
        "does the {good} come in green",
        "how heavy is the {good} and does it need a battery",
        "is the {good} of last year the same as the new one",
        "will you have the {good} again, it is sold out since {day}",
        "which of the two would you take for a child of nine, the {good} or the {good}",
    ),
    "praise": (
        "the {good} is wonderful, we use it every day",
        "I only want to say that your man on the phone was very kind on {day}",
        "best {good} I ever had, and it came sooner than promised",
        "thank you for sending a new {good} so quickly, all is well now",
        "five stars from us, the {good} looks even better than on the page",
    ),
}


def write_messages(file: Path) -> Path:
    """Write the messages as a table; a file that has them already is left as it is.

    Raises:
        DataError: something else is in that file, or it cannot be written.
    """
    table = format_messages()
    try:
        if file.exists():
            if file.read_text("utf-8") == table:
                return file
            raise DataError(f"{str(file)!r} has something else in it; name another folder")
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_text(file, table)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"the messages cannot be written to {str(file)!r}: {reason}; name another folder") from None
    return file


def format_messages() -> str:
    """Return the messages as a table with the columns text and label."""
    lines = ["text,label"]
    for label in TEMPLATES:
        for number in range(EACH):
            random = np.random.default_rng([SEED, list(TEMPLATES).index(label), number])
            quoted = draw_message(label, random).replace('"', '""')
            lines.append(f'"{quoted}",{label}')
    return "\n".join([*lines, ""])


def draw_message(label: str, random: Generator) -> str:
    """Return a message of a class."""
    said = _fill(str(random.choice(TEMPLATES[label])), random)
    if random.random() < MIXED:
        other = str(random.choice([name for name in TEMPLATES if name != label]))
        said += f". By the way, {_fill(str(random.choice(TEMPLATES[other])), random)}"
    ending = _fill(str(random.choice(ENDINGS)), random)
    mark = "?" if said.startswith(("where", "how", "is ", "can ", "does", "will", "which", "could")) else "."
    return _mistype(f"{random.choice(GREETINGS)}{said}{mark}{ending}", random)


def show_example(file: Path) -> NamedItem:
    """Return a message that is in no table."""
    text = "I paid and the rug is not here yet, has it been sent?"
    return NamedItem(text, text)


def _fill(template: str, random: Generator) -> str:
    while "{" in template:
        before, _, rest = template.partition("{")
        slot, _, after = rest.partition("}")
        drawn = {
            "good": lambda: str(random.choice(GOODS)),
            "day": lambda: str(random.choice(DAYS)),
            "name": lambda: str(random.choice(NAMES)),
            "number": lambda: str(random.integers(10_000, 99_999)),
        }[slot]()
        template = f"{before}{drawn}{after}"
    return template


def _mistype(text: str, random: Generator) -> str:
    """Return a text in which some letters are left out, doubled or exchanged with the next."""
    letters = list(text)
    for place in np.flatnonzero(random.random(len(letters)) < TYPING)[::-1]:
        if not letters[place].isalpha():
            continue
        way = int(random.integers(3))
        if way == 0:
            del letters[place]
        elif way == 1:
            letters.insert(place, letters[place])
        elif place + 1 < len(letters):
            letters[place : place + 2] = letters[place : place + 2][::-1]
    return "".join(letters)
