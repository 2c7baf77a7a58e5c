"""Answers of any number of items, streamed into whole Parquet parts; the same call goes on where it was ended.

::

    answers/_manifest.json         what shapes the answers: another model, source, engine, threshold is refused
    answers/_listing.jsonl         the items, in their order, as they were when the job began
    answers/part-000000.parquet    of items 0 to N-1; all parts are held against the list at the end
    answers.parquet.unfinished/    the same, where one file is wanted; removed once that is there
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from headstart_runtime import __version__
from headstart_runtime.answer_files.listing import (
    LISTING,
    Watch,
    describe_listing,
    hash_listing,
    read_listed,
    write_listing,
)
from headstart_runtime.answer_files.lock import lock_folder
from headstart_runtime.answer_files.manifest import (
    AnswerManifest,
    format_now,
    hash_model,
    read_manifest_of,
    refuse_differences,
    save_manifest,
)
from headstart_runtime.answer_files.parts import (
    PART_ITEMS,
    Checked,
    check_parts,
    count_rows,
    join_answer_parts,
    list_missing_parts,
    name_part,
    read_note,
    write_part,
)
from headstart_runtime.answer_files.place import (
    JOINED,
    Place,
    explain_refusal,
    find_answer_place,
    publish,
    refuse_foreign,
    remove_beginning,
    remove_folder,
)
from headstart_runtime.answer_files.records import AnswerSource, WrittenAnswers
from headstart_runtime.answer_files.table import PURPOSE, AnswerColumns
from headstart_runtime.errors import DataError, HeadstartError, SettingError
from headstart_runtime.extras import require_extra
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.inference.streaming import Prefetchable
from headstart_runtime.tasks.threshold_task import make_threshold_rule
from headstart_runtime.whole_files import remove_drafts


@dataclass(frozen=True, slots=True)
class _Job:
    """A command that writes answers."""

    classifier: Classifier
    source: AnswerSource
    place: Place
    columns: AnswerColumns
    fixed: Mapping[str, Any]
    threshold: float | None
    part_items: int
    watch: Watch

    @property
    def listing(self) -> Path:
        """The file of the list."""
        return self.place.folder / LISTING


def write_answers(
    classifier: Classifier,
    source: AnswerSource,
    out: str | os.PathLike[str],
    *,
    threshold: float | None = None,
    top: int = 1,
    part_items: int = PART_ITEMS,
    watch: Watch = lambda *_: None,
) -> WrittenAnswers:
    """Answer items and write a row for each, with bounded memory for any number of them.

    What a call that was ended left is taken up: parts that are whole stay, the others are answered. An item that cannot
    be read is a row with its error.

    Args:
        classifier: that answers; with the engine "auto" the one for so many items, and later calls take the same.
        source: of the items.
        out: a folder for the parts, or a file that ends in ``.parquet``.
        threshold: as of ``Classifier.stream``.
        top: how many of the likeliest answers are listed, where there are several.
        part_items: items of a part.
        watch: is told how many items are answered, and of how many; while they are counted of None.

    Raises:
        SettingError: the place has answers of another command, is being written to, or cannot be; a threshold.
        DataError: the source cannot be read, has changed since, or has no items.
        StoreError: there is no space left; what is answered stays.
        MissingExtra: pyarrow is not installed.
    """
    require_extra("tables", PURPOSE)
    record = classifier.record
    make_threshold_rule(threshold, record.task, record.postprocessor, record.space)  # refused before anything is listed
    columns = AnswerColumns.from_task(record.task, record.space, min(top, len(classifier.classes)))
    fixed = {
        "model": hash_model(record),
        **source.named,
        "engine": classifier.engine,
        "threshold": None if threshold is None else float(threshold),
        "top": columns.top,
        "columns": [list(column) for column in columns.columns],
    }
    job = _Job(classifier, source, find_answer_place(out), columns, fixed, threshold, part_items, watch)
    return _find_finished(job) or _work(job)


def _find_finished(job: _Job) -> WrittenAnswers | None:
    """Return the answers where all are there.

    Raises:
        SettingError: they are of another command, or the file is another one.
    """
    place = job.place
    manifest = read_manifest_of(place.folder) if place.folder.is_dir() else None
    if place.file is not None and place.file.exists():
        record = read_note(place.file).get("manifest")
        if record is None:
            raise SettingError(f"out {str(place.out)!r} is there already and is not overwritten; name another")
        done = AnswerManifest.from_json(record, str(place.file))
        if manifest is None or manifest.job == done.job:
            manifest = done
            if place.folder.is_dir():  # ended between the last two steps
                with explain_refusal(place.out), lock_folder(place.folder, place.out):
                    remove_folder(place)
    if manifest is None or manifest.finished is None or (place.file is not None and not place.file.exists()):
        return None
    refuse_differences(manifest, job.fixed, place.out, job.classifier.folder)
    _compare_source(job, manifest)
    if place.file is None and list_missing_parts(place.folder, manifest):  # removed since: they are answered again
        return None
    return _describe_written(job, manifest, answered=0)


def _work(job: _Job) -> WrittenAnswers:
    place = job.place
    with explain_refusal(place.out):
        was_there = place.folder.is_dir()
        if was_there and read_manifest_of(place.folder) is None:
            refuse_foreign(place)  # before the lock is a file in it
        place.folder.mkdir(parents=True, exist_ok=True)
        with lock_folder(place.folder, place.out):
            try:
                manifest = _begin(job)
            except BaseException:
                remove_beginning(place, keep_folder=was_there)
                raise
            manifest, answered = _complete(job, manifest)
            if place.file is not None:
                join_answer_parts(place.folder, place.folder / JOINED, manifest, job.columns)
                if (rows := count_rows(place.folder / JOINED)) != manifest.listing.items:
                    raise HeadstartError(f"joined are {rows:,} rows of {manifest.listing.items:,}; run it again")
                publish(place)
    return _describe_written(job, manifest, answered)


def _begin(job: _Job) -> AnswerManifest:
    """Return the manifest of the job; a new one is made with the list of items."""
    place, classifier = job.place, job.classifier
    remove_drafts(place.folder)
    if manifest := read_manifest_of(place.folder):
        refuse_differences(manifest, job.fixed, place.out, classifier.folder)
        if hash_listing(job.listing) != manifest.listing.sha256:
            raise SettingError(f"{str(job.listing)!r} is not the list that was written; name another place")
        _compare_source(job, manifest)
        return manifest
    refuse_foreign(place)
    modality = classifier.record.modality
    listing = write_listing(job.listing, job.source.read(), modality, keep=not job.source.again, watch=job.watch)
    if not listing.items:
        job.source.nothing()
        raise DataError(f"no {modality.noun.many} are given")
    fixed = {**job.fixed, "engine": classifier.select_engine(listing.items)}
    made = {"model": str(classifier.folder), "date": format_now(), "headstart": __version__}
    manifest = AnswerManifest(fixed, listing, str(Path.cwd()), job.part_items, made)
    save_manifest(place.folder, manifest)
    return manifest


def _compare_source(job: _Job, manifest: AnswerManifest) -> None:
    """Refuse other items than those of the list, where the names of the source do not tell.

    Raises:
        SettingError: they are others.
    """
    if job.source.settled:
        return
    now = describe_listing(job.source.read(), job.classifier.record.modality, keep=not job.source.again)
    if now.sha256 != manifest.listing.sha256:
        raise SettingError(
            f"out {str(job.place.out)!r} has answers of other {job.classifier.record.modality.noun.many} "
            f"({now.items:,} now, {manifest.listing.items:,} then); give the same again, or name another place"
        )


def _complete(job: _Job, manifest: AnswerManifest) -> tuple[AnswerManifest, int]:
    """Answer what is missing and hold all to the list; return the finished manifest, and how many were answered."""
    folder, answered = job.place.folder, 0
    if manifest.finished is not None and not list_missing_parts(folder, manifest):
        return manifest, 0
    for _ in range(2):  # a part that is damaged is answered anew, once
        missing = list_missing_parts(folder, manifest)
        answered += _answer_parts(job, manifest, missing)
        checked: Checked = check_parts(folder, job.listing, manifest)
        if not checked.damaged:
            break
        for part in checked.damaged:
            name_part(folder, part).unlink(missing_ok=True)
    else:
        raise HeadstartError(f"parts of {str(folder)!r} do not have the items of the list: {checked.damaged[:5]}")
    manifest = manifest.finish(checked.items, checked.failed)
    save_manifest(folder, manifest)
    return manifest, answered


def _answer_parts(job: _Job, manifest: AnswerManifest, missing: list[int]) -> int:
    """Answer the items of some parts, and write these one by one; return how many items."""
    if not missing:
        return 0
    wanted, total = set(missing), manifest.listing.items
    done = total - sum(len(manifest.range_of(part)) for part in missing)
    job.watch(done, total)
    again = None if manifest.listing.complete else job.source.read()
    modality = job.classifier.record.modality
    items = read_listed(
        job.listing, lambda number: number // manifest.part_items in wanted, Path(manifest.home), again, modality
    )
    answers = _watch_all(_stream(job, manifest, items), job.watch, done, total)
    for part in missing:
        numbers = manifest.range_of(part)
        rows = [job.columns.make_row(*pair) for pair in zip(numbers, islice(answers, len(numbers)), strict=True)]
        write_part(job.place.folder, part, rows, job.columns, manifest.job)
    with suppress(StopIteration):  # reads a source to its end, which has to be that of the list
        next(answers)
    return total - done


def _stream(job: _Job, manifest: AnswerManifest, items: Iterator[Any]) -> Iterator[Any]:
    classifier = job.classifier.with_engine(manifest.fixed["engine"])
    return classifier.stream(Prefetchable(items), threshold=job.threshold)


def _watch_all(answers: Iterator[Any], watch: Watch, done: int, total: int) -> Iterator[Any]:
    for count, answer in enumerate(answers, done + 1):
        watch(count, total)
        yield answer


def _describe_written(job: _Job, manifest: AnswerManifest, answered: int) -> WrittenAnswers:
    finished = manifest.finished or {}
    parts = manifest.count_parts() if job.place.file is None else 1
    noun = job.classifier.record.modality.noun
    return WrittenAnswers(job.place.out, finished["items"], finished["failed"], answered, parts, noun)
