"""Kinds of changes of a photo, and which of them keep what a task asks: the answer must stay that of the photo.

A task states them (``Task.invariances``), a user may add some (the setting ``keeps``). Presets are held to them. What a
user names is done whatever it is, and said.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

ALL = frozenset("*")  #: every change keeps the answer

#: Knob -> the kind of change it makes.
KINDS: dict[str, str] = {
    "crop_scale": "crop",
    "zoom": "crop",
    "shift_width": "crop",
    "shift_height": "crop",
    "erasing": "crop",
    "window": "crop",
    "view_size": "scale",
    "flip_horizontal": "flip",
    "flip_vertical": "flip",
    "rotation": "turn",
    "shear": "turn",
    "colour_jitter": "colour",
}
#: What a policy draws from.
POLICY_KINDS = ("crop", "turn", "colour")
#: Kind of change -> words for such views.
WORDS: dict[str, str] = {
    "crop": "views that cut a part off",
    "scale": "views that make things smaller",
    "flip": "mirror images",
    "turn": "turned views",
    "colour": "other light and colours",
}
#: Values at which a knob changes nothing; those that are left out are at rest at 0.
_REST: dict[str, Any] = {"crop_scale": 1.0, "window": 1.0, "view_size": 1.0, "policy": "none"}


def list_given_knobs(settings: Any) -> dict[str, Any]:
    """Return the knobs that are set, by name; what a preset decides is left out."""
    values = {name: getattr(settings, name) for name in (*KINDS, "policy")}
    return {name: value for name, value in values.items() if value is not None}


def read_kept_changes(settings: Any, kept: AbstractSet[str]) -> frozenset[str]:
    """Return the changes that keep the answer: those of the task, and those that the settings add.

    A part of a photo that may be cut off may be made smaller too.
    """
    named = {name.strip() for name in settings.keeps.split(",")} if settings.keeps else set()
    found = frozenset(kept) | named | (ALL if "all" in named else set())
    return found | {"scale"} if "crop" in found else found


def explain_kept_changes(settings: Any, preset: Mapping[str, Any], kept: AbstractSet[str]) -> list[str]:
    """Return what of a preset is left out and why, and what is done though it may change the answer: clauses.

    Args:
        settings: with the fields of ``AugmentSettings``.
        preset: the knobs of the preset that the settings name, as it stands.
        kept: changes that keep what a task asks.
    """
    found, given = read_kept_changes(settings, kept), list_given_knobs(settings)
    if "*" in found:
        return []
    asked = [name for name, value in preset.items() if name in KINDS and name not in given and _does(name, value)]
    clauses = []
    if out := list(dict.fromkeys(KINDS[name] for name in asked if KINDS[name] not in found)):
        instead = "; photos are made smaller and moved instead" if "crop" in out and "scale" in found else ""
        clauses.append(
            f"{join_words([WORDS[kind] for kind in out])} are left out of the preset {settings.augmentation}, as they "
            f"may change the answer (--keeps {','.join(out)} if they do not){instead}"
        )
    risky = [name for name, value in given.items() if _does(name, value) and not _is_kept(name, found)]
    if risky:
        flags = join_words([f"--{name.replace('_', '-')}" for name in risky])
        are, they = ("is", "it") if len(risky) == 1 else ("are", "they")
        clauses.append(f"{flags} {are} done as asked for, though {they} may change the answer")
    return clauses


def _does(name: str, value: Any) -> bool:
    """Return whether a knob with a value changes anything."""
    return bool(value != _REST.get(name, 0))


def _is_kept(name: str, kept: AbstractSet[str]) -> bool:
    return all(kind in kept for kind in (POLICY_KINDS if name == "policy" else (KINDS[name],)))


def join_words(words: list[str]) -> str:
    """Return words as a list in a sentence."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
