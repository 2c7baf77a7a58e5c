"""Reasons for the places of classes and groups, one decision for each, as ``check --explain`` shows them."""

from headstart.data.decisions import ANY, Decision, PlaceKind, Role
from headstart.data.readers.folders.folder_record import FolderLayout, LabelPlace
from headstart.settings import DataSettings

MOST_CLASSES = 20_000  #: folders of classes with a decision each; those of more are taken from their items


def decide_places(layout: FolderLayout, place: LabelPlace, options: DataSettings) -> None:
    """Add a decision for each place of classes and of groups that has none yet.

    Args:
        layout: of the source.
        place: of the classes and groups; gets the decisions.
        options: what the user said of them.
    """
    if place.where == "folder":
        _decide_class_folders(layout, place, "as --classes-from folder says" if options.classes_from else "")
    elif place.where == "parent":
        reason = (
            "as --classes-from parent says" if options.classes_from else f"right above its {layout.modality.noun.many}"
        )
        _decide_level(layout, place, Role.CLASS, "parent", reason)
    elif place.rule is not None:
        reason = "as --classes-from name says" if options.classes_from else "the names speak of a few classes"
        place.decisions.append(Decision(PlaceKind.NAME, (place.rule.description,), Role.CLASS, reason))
    elif place.pattern is not None:
        text = place.pattern.expression.pattern
        place.decisions.append(Decision(PlaceKind.NAME, (text,), Role.CLASS, "as --class-pattern says"))
    _decide_groups(layout, place, options)


def _decide_class_folders(layout: FolderLayout, place: LabelPlace, reason: str) -> None:
    known = {decision.place for decision in (*layout.decisions, *place.decisions)}
    folders = [kid for part in layout.parts for kid in part.node.filled if kid.steps not in known]
    for kid in folders if len(folders) <= MOST_CLASSES else ():
        own = reason or "a folder for each class"
        place.decisions.append(Decision(PlaceKind.FOLDER, kid.steps, Role.CLASS, own))


def _decide_groups(layout: FolderLayout, place: LabelPlace, options: DataSettings) -> None:
    said = f"as --group-from {options.group_from} says" if options.group_from else ""
    if place.group_from == "name" and place.group_rule is not None:
        reason = said or "a word for a person, a thing or a day, and its number"
        place.decisions.append(Decision(PlaceKind.NAME, (place.group_rule.description,), Role.GROUP, reason))
    elif place.group_from in ("folder", "parent") and said:
        _decide_level(layout, place, Role.GROUP, place.group_from, said)


def _decide_level(layout: FolderLayout, place: LabelPlace, role: Role, where: str, reason: str) -> None:
    """Add a decision on a level of folders, in each part whose items all lie as deep."""
    known = {decision.place for decision in (*layout.decisions, *place.decisions)}
    for part in layout.parts:
        above = part.node.steps
        depths = {len(it.steps) for it in layout.files if it.file.is_item and it.subset is part.subset}
        depth = 1 if where == "folder" else depths.pop() if len(depths) == 1 else 0
        steps = (*above, *[ANY] * depth)
        if depth and steps not in known:
            place.decisions.append(Decision(PlaceKind.FOLDER, steps, role, reason))
