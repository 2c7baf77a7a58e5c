"""Reviews of a stay, made of sentences about a few things: which these are, how many stars, and a number of points.

How a thing is found is told by words of five levels; stars and points are of the mean level, and some are off.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

WORDS = (
    ("awful", "disgusting", "a disgrace", "unbearable", "terrible"),
    ("poor", "tired", "below what we expected", "rather bad", "disappointing"),
    ("fine", "average", "all right", "nothing special", "as one expects"),
    ("good", "pleasant", "really nice", "well done", "better than most"),
    ("wonderful", "outstanding", "the best we ever had", "perfect", "a delight"),
)
THINGS = {
    "food": ("the breakfast was {}", "dinner in the hall was {}", "what the kitchen sent was {}", "the soup was {}"),
    "staff": ("the man at the desk was {}", "how they answered us was {}", "the waiters were {}", "the porter was {}"),
    "room": ("our room was {}", "the bed was {}", "the bathroom was {}", "the view from the window was {}"),
    "price": ("what we paid was {}", "for the money it was {}", "the bill at the end was {}", "the rate was {}"),
    "place": ("the street it stands in was {}", "the way to the station was {}", "the beach near by was {}"),
}
OPENINGS = ("We stayed {} nights.", "Came here in {}.", "Our {} visit.", "", "", "I travel a lot.", "With {} children:")
DRAWN = ("two", "three", "four", "March", "June", "autumn", "second", "first", "last", "five")
ENDINGS = ("That is all.", "", "", "Now you know.", "We told the owner.", "Read the others too.", "So much for that.")
OFF, NOISE = 0.08, 4.0  #: share of stars that are one off; points, standard deviation


@dataclass(frozen=True)
class Review:
    """A review and what is asked of it."""

    text: str
    things: tuple[str, ...]
    stars: int  #: 1 to 5
    points: float  #: about 0 to 100


def draw_reviews(count: int, seed: int) -> list[Review]:
    """Return so many reviews."""
    chance = np.random.default_rng(seed)
    return [_draw_review(chance) for _ in range(count)]


def _draw_review(chance: Generator) -> Review:
    things = sorted(str(one) for one in chance.choice(list(THINGS), int(chance.integers(1, 4)), replace=False))
    level = chance.uniform(0, 4)
    levels = np.clip(np.round(level + chance.normal(0, 0.5, len(things))), 0, 4).astype(int)
    sentences = [
        str(chance.choice(THINGS[thing])).format(chance.choice(WORDS[own]))
        for thing, own in zip(things, levels, strict=True)
    ]
    order = chance.permutation(len(things))
    said = [str(chance.choice(OPENINGS)).format(chance.choice(DRAWN))]
    said += [f"{sentences[place][0].upper()}{sentences[place][1:]}." for place in order]
    said.append(str(chance.choice(ENDINGS)))
    stars = round(float(levels.mean())) + 1
    if chance.random() < OFF:
        stars += int(chance.choice([-1, 1]))
    points = 25 * float(levels.mean()) + chance.normal(0, NOISE)
    return Review(" ".join(filter(None, said)), tuple(things), min(5, max(1, stars)), round(points, 1))


def write_reviews(table: Path, reviews: list[Review], answer: str) -> Path:
    """Write reviews and one of their answers as a table: "things", "stars" or "points"."""
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for one in reviews:
            value = getattr(one, answer)
            writer.writerow([one.text, ";".join(value) if isinstance(value, tuple) else value])
    return table
