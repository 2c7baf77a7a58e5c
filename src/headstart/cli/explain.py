"""``headstart explain MODEL ITEM... --out FOLDER``."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headstart.display.marked_text import format_marked
from headstart_runtime.command.answering import Given, read_items, report_expansion
from headstart_runtime.command.answers import warn_of_unfamiliar
from headstart_runtime.command.stdin_items import LineForm
from headstart_runtime.errors import SettingError
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.items import Expansion, refuse_nothing
from headstart_runtime.modalities.explanation_facet import RemovalFacet
from headstart_runtime.stderr import print_to_stderr


def explain(
    model: Path,
    items: list[str] | None = None,
    /,
    *,
    text: Annotated[list[str] | None, Parameter(allow_leading_hyphen=True)] = None,
    lines: LineForm = "auto",
    out: Path | None = None,
    label: str | None = None,
    path_column: str | None = None,
    text_column: str | None = None,
) -> int:
    """Show where a saved classifier looked.

    For each item a file is written: the item beside what spoke for the label or raised the number, mostly as
    a heat map, where yellow does so most and what stays dark does not. Running text is also printed, with what spoke
    most between double stars and what spoke less between single ones, in colours where a person looks on; for it
    --out may be left out. Nothing is overwritten. Where data are read,
    such files are known and skipped. An item that cannot be read gets a line with its error, and the rest go on; the
    exit code is then 2.

    Examples:
        headstart explain runs/beetles/model new.jpg --out why
        headstart explain runs/beetles/model inbox/ --out why --label stag
        headstart explain runs/reviews/model --text "I would see it again"

    Args:
        model: A saved classifier: a run's model folder, or the run.
        items: Files, folders (searched in depth), tables, archives, arrays, or - for a list on standard input, in
            lines or ended by null bytes.
        text: A text to explain the answer of, where items are texts; may be given several times.
        lines: What a line of standard input is: names, texts or json; see headstart predict.
        out: The folder for what is drawn; of running text it may be left out.
        label: The class, label or number to explain; without it, the likeliest of each item, or the first number.
        path_column: The column of a table with the items or their paths, or the array of items; found when not given.
        text_column: The columns whose cells are texts; see headstart predict.
    """
    from headstart.verbs.explain import explain_each
    from headstart_runtime.explanation.choose_explainer import open_explainer

    items, texts = items or [], text or []
    if not items and not texts:
        raise SettingError("nothing to explain is given; name files, or give a text with --text")
    explainer = open_explainer(model)
    modality, seen, failed = explainer.modality, 0, 0
    facet = modality.explanation
    if out is None and not (isinstance(facet, RemovalFacet) and facet.marks_text):
        raise SettingError(f"name a folder with --out: what spoke for an answer is drawn on {modality.noun.a_one}")
    met = Expansion(alone=len(items) == 1, columns=ItemColumns(path_column, text_column, explainer.record.item_columns))
    for explained in explain_each(
        explainer, read_items(modality, Given(items, texts, lines), met), out=out, label=label
    ):
        seen += 1
        if explained.heat is None:
            failed += 1
            print(f"{explained.source}: error: {explained.error}", flush=True)
        else:
            heat = explained.heat
            remark = warn_of_unfamiliar(modality.noun) if heat.out_of_distribution else ""
            file = f", {explained.file}" if explained.file else ""
            print(f"{explained.source}: {heat.label} {heat.shown}{remark}{file}", flush=True)
            if explained.marked:
                print(f"    {format_marked(explained.marked, colours=sys.stdout.isatty())}", flush=True)
    sys.stdout.flush()
    report_expansion(met, modality.noun)
    if not seen and "-" not in items:
        refuse_nothing(modality, ", ".join(items), met.skipped)
    if failed:
        print_to_stderr(f"headstart: {failed} of {seen} {modality.noun.many} could not be read; their lines say why")
    return 2 if failed else 0
