"""The table of layouts in the documents, made from their list."""

from drawn.catalog import LAYOUTS, SUBJECTS

BEGIN = "<!-- Layouts: made by docs/generate.py from benchmarks/drawn. Change that, then run: make docs -->"
END = "<!-- End of the layouts -->"
TITLES = {
    "folders": "Folders",
    "folder_tables": "Folders with tables beside",
    "file_names": "Classes in names, folders above the classes",
    "tables": "Tables",
    "table_forms": "Forms of tables",
    "table_lists": "Tables and lists beside other things",
    "near_tables": "Tables that nearly fit",
    "doubtful_rows": "Tables whose rows are not meant as they stand",
    "label_cells": "Cells of labels",
    "label_texts": "Labels in other texts",
    "leftovers": "Folders and files left from other work",
    "companions": "Masks beside photos, pieces of classes, several sets in one",
    "arrays": "Arrays",
    "containers": "Containers",
    "exports": "Exports",
    "annotations": "More annotations and containers",
    "labelling": "Files of programs for labelling",
    "services": "Services and hubs",
    "other_answers": "Several labels, numbers, grades",
    "resemblances": "What looks like something else",
    "oddities": "Files among photos",
    "text_tables": "Tables of texts",
    "clips": "Clips of sound",
    "text_files": "Texts in files, archives and formats of libraries",
}


def render_layouts() -> str:
    """Return one table, a row for each layout: its looks, the reading, the flags that it needs."""
    lines = ["| it looks like this | what is read | flags |", "|---|---|---|"]
    for subject in SUBJECTS:
        lines.append(f"| **{TITLES[subject]}** | | |")
        for layout in LAYOUTS.values():
            if layout.subject == subject:
                flags = f"`{layout.flags}`" if layout.flags else ""
                lines.append(
                    f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in (layout.seen, layout.read, flags))} |"
                )
    return "\n".join(lines)


def insert_layouts(page: str) -> str:
    """Return a page with the table between its two marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has not both marks, {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{render_layouts()}\n{END}{after}"
