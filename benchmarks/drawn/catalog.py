"""All layouts, in the order of their documents."""

from drawn import arrays, containers, desk, folders, oddities, tables

SUBJECTS = tuple(module.__name__.rpartition(".")[2] for module in (folders, tables, arrays, containers, oddities))
LAYOUTS = {name: it for subject in SUBJECTS for name, it in desk.LAYOUTS.items() if it.subject == subject}
