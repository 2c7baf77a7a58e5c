"""All layouts, in the order of their documents."""

from drawn import (
    annotations,
    arrays,
    companions,
    containers,
    desk,
    doubtful_rows,
    exports,
    file_names,
    folder_tables,
    folders,
    label_cells,
    label_texts,
    labelling,
    leftovers,
    near_tables,
    oddities,
    other_answers,
    resemblances,
    services,
    table_forms,
    table_lists,
    tables,
    text_files,
    text_tables,
)

SUBJECTS = tuple(
    module.__name__.rpartition(".")[2]
    for module in (
        folders,
        folder_tables,
        file_names,
        tables,
        table_forms,
        table_lists,
        near_tables,
        doubtful_rows,
        label_cells,
        label_texts,
        leftovers,
        companions,
        arrays,
        containers,
        exports,
        annotations,
        labelling,
        services,
        other_answers,
        resemblances,
        oddities,
        text_tables,
        text_files,
    )
)
LAYOUTS = {name: it for subject in SUBJECTS for name, it in desk.LAYOUTS.items() if it.subject == subject}
