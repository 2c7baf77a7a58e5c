"""Teachable Machine: projects with samples called ``Class 1-!-0.png``, and exported models, which have none.

A project (``.tm``) is a ZIP archive of such files. Samples that it exports are an archive for each class,
and are read as archives are.
"""

import re
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import choose_by_names, list_clear_suffixes
from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import normalise_class_name
from headstart.data.readers.evidence import find_near_top
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.data.samples import FileStatus, LedgerEntry
from headstart.data.sources import FileSource
from headstart_runtime.errors import DataError

_SAMPLE = re.compile(r"(.+)-!-\d+\.\w+")
_MODELS = (
    frozenset({"metadata.json", "model.json"}),
    frozenset({"labels.txt", "keras_model.h5"}),
    frozenset({"labels.txt", "model_unquant.tflite"}),
    frozenset({"labels.txt", "model.tflite"}),
)


class TeachableReader:
    """The reader of an unpacked project; it refuses an exported model."""

    suffixes: tuple[str, ...] = (".tm",)
    label_place: str = ""

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether all items of a folder are called as those of a project, or it is a model without items."""
        if tree is None:
            return False
        items = find_near_top(tree, list_clear_suffixes())
        if items:
            return all(path.parent == tree.root and _SAMPLE.fullmatch(path.name) for path in items)
        names = {path.name for path in tree.scan(tree.root).files}
        return any(names >= model for model in _MODELS)

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every sample of a project; its class is how its name begins.

        Raises:
            DataError: it is a model, without samples.
        """
        assert tree is not None
        content = tree.scan(tree.root)
        found = {path: match for path in content.files if (match := _SAMPLE.fullmatch(path.name))}
        if not found:
            raise DataError(
                f"{str(source)!r} has a model that Teachable Machine exported, without its samples; save the project "
                "there (Download project as file) and read that: headstart check project.tm"
            )
        choice = choose_by_names(context.options.modality, (path.name for path in found), repr(str(source)))
        samples = tuple(
            RawSample(path.name, normalise_class_name(match[1]), FileSource(path)) for path, match in found.items()
        )
        others = sorted({*content.files, *content.folders} - found.keys())
        entries = tuple(LedgerEntry(path.name, FileStatus.SKIPPED, "no sample of the project") for path in others)
        note = "the names are those of a project of Teachable Machine: the class stands before '-!-'"
        return SourceListing(
            str(source),
            samples,
            frozenset(sample.label for sample in samples),
            entries,
            content.ignored,
            (*choice.notes, note),
            choice.modality.name,
            decisions=(
                Decision(PlaceKind.NAME, ("CLASS-!-NUMBER",), Role.CLASS, "as Teachable Machine calls samples"),
            ),
        )
