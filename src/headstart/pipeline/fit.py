"""``fit``: the natural pass, in reading order.

photos -> samples and ledger -> features -> split -> arms, made on train, compared on validation -> the winner, fitted
once more on train and validation -> saved, read back -> judged on test, once.
"""

import inspect
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from headstart import events
from headstart.data.read import read_source
from headstart.data.relaxed_split import make_relaxed_split
from headstart.data.samples import FileStatus, Sample, Samples, Subset
from headstart.data.scorable import check_scorable
from headstart.data.split import Split, load_split
from headstart.diagnostics import run as looking_back
from headstart.diagnostics.run import diagnose
from headstart.diagnostics.subject import Subject
from headstart.engines.engine import Engine
from headstart.errors import DataError, HeadstartError, SettingError
from headstart.evaluation.evaluation import Evaluation
from headstart.events import RunLog
from headstart.export import FittedModel, ParityExample, UnsteadyNoveltyError, add_scores, export_model
from headstart.extraction.extract import load_photo
from headstart.hardware import ComputePrecision
from headstart.heads.threads import limit_threads
from headstart.inference.classifier import Classifier, load
from headstart.inference.engines import InferenceEngineChoice
from headstart.pipeline import postprocess as guarding
from headstart.pipeline import progress as journal
from headstart.pipeline.backbones import LoadedBackbone, load_backbones, read_samples, resolve_backbones, split_samples
from headstart.pipeline.dataset import TWINS, PreparedDataset, prepare_dataset
from headstart.pipeline.postprocess import fit_postprocessors
from headstart.pipeline.testing import judge_in_stages, score_classifier
from headstart.reporting.write import write_report
from headstart.runs import thumbnails as pictures
from headstart.runs.recording import save_findings
from headstart.runs.reservation import claim_run, reserve_run
from headstart.runs.run import Run, finished, record_of, write
from headstart.runs.thumbnails import pictures_of
from headstart.selection.advisor import StrategyAdvice, advise_strategy, judge_advice
from headstart.selection.arm import refit_model
from headstart.selection.compare import TRAINING, ArmSpec, Comparison, compare_arms, requested_arms
from headstart.selection.context import Budget, FitContext
from headstart.selection.results import Postprocessed
from headstart.selection.test_scores import score_on_test
from headstart.settings import DataSettings, FitSettings, locate_store, parse_duration
from headstart.storage.locks import try_mark_in_use
from headstart.storage.run_layout import MODEL, SPLIT
from headstart.storage.store import Store

WITNESSES = 48  #: validation photos on which the saved graph is held to the fitted head


def fit(
    source: Any,
    *,
    labels: Any = None,
    config: str | Path | None = None,
    listener: events.Listener = events.ignore,
    **settings: Any,
) -> Run:
    """Makes a tested classifier from labelled photos.

    Args:
        source: a folder with a folder per class, perhaps inside train/validation/test; a table; an archive; an
            ``.npz``; or images, (N, H, W[, channels]) uint8.
        labels: with images, a label for each.
        config: a TOML file of settings; keyword arguments win over it.
        listener: is told of progress, notes and finished stages; see ``headstart.events``.
        **settings: see ``headstart.settings.FitSettings``, or ``headstart fit --help``.

    Raises:
        UserError: photos or settings that cannot be used; no run is written then.
        HeadstartError: anything else that went wrong; features that were computed are kept.
    """
    chosen = FitSettings.load(Path(config) if config is not None else None, **settings)
    if not callable(listener):
        raise SettingError(f"listener is {type(listener).__name__}; wanted a function that takes an event")
    specs = requested_arms(chosen)
    log = RunLog(listener)
    clock = Budget(parse_duration(chosen.budget))
    home = locate_store(chosen.store)
    reserved = reserve_run(chosen.out)
    with Store(home, log) as store, store.in_use():
        samples = log.stage("read", lambda: read_samples(source, labels, home, chosen, log), journal.read_in_words)
        split = _split(samples, chosen)  # what is wrong with it is said now, not after the long pass
        train = split.samples_in(samples, Subset.TRAIN)
        names, search = resolve_backbones(train, len(samples), store, chosen, clock, log)
        found = load_backbones(names, train, store, chosen, log)
        width = max(sum(layer.width for layer in it.backbone.layers) for it in found)
        with claim_run(reserved, source) as out, limit_threads(len(samples) * width):
            photos = prepare_dataset(samples, found, chosen, store, log)
            materials = _materials(photos, found, chosen, store, out, clock, log)
            material = materials[0]
            advice = _advice(material, specs, log)
            comparison = log.stage("fit", lambda: compare_arms(materials, specs), journal.comparison_in_words)
            winner = comparison.winner
            parts = log.stage(
                "refit",
                lambda: refit_model(material, winner),
                lambda it: journal.refit_in_words(
                    winner, it, len(material.samples_in(Subset.TRAIN, Subset.VALIDATION))
                ),
            )
            guards = log.stage("calibrate", lambda: fit_postprocessors(material, winner, parts), guarding.in_words)
            classifier = log.stage("save", lambda: _saved(material, guards.model, out), journal.parity_in_words)
            if classifier.record.novelty is None:  # it may have had to be given up
                guards = replace(guards, model=guards.model.without_novelty())
            judged = judge_in_stages(classifier, material.samples_in(Subset.TEST), chosen.seed, log)
            validation = _marked(winner.validation, guards)
            scores = {"validation": validation.to_json(), "test": judged.evaluation.to_json()}
            add_scores(classifier, scores, judged.engines)
            revealed = score_on_test(material, comparison, judged.evaluation)
            record = record_of(materials, [it.chosen for it in found], photos.extractions, comparison, revealed, log)
            tried = [asdict(rung) for rung in search.candidates] if search else []
            more = {"backbone_search": tried, "refitted": parts is not winner.model, **_held_to(advice, comparison)}
            run = Run(out, validation, judged.evaluation, {**record, **more})
            write(run, material, comparison, revealed)
            subject = Subject(material, guards, judged, photos.duplicates, log.seconds[TWINS])
            _look_back(subject, comparison, out, log)
            log.end(clock.elapsed, clock.limit)
            run = finished(run, material, log)
            if chosen.report:
                _report(run, log)
                run = finished(run, material, log)  # once more: it says what the report took
    return run


def _signature() -> inspect.Signature:
    """What ``help(fit)`` shows: the settings by name, each from the one place where it stands."""
    own = [it for it in inspect.signature(fit).parameters.values() if it.kind is not inspect.Parameter.VAR_KEYWORD]
    knobs = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=knob.default, annotation=knob.annotation)
        for name, knob in FitSettings.model_fields.items()
    ]
    return inspect.Signature([*own, *knobs], return_annotation=Run)


fit.__signature__ = _signature()  # type: ignore[attr-defined]


def evaluate(
    model: str | Path | Run | Classifier,
    source: Any,
    *,
    labels: Any = None,
    options: DataSettings | None = None,
    engine: InferenceEngineChoice = "auto",
    listener: events.Listener = events.ignore,
) -> Evaluation:
    """Scores a saved classifier on labelled photos, all of them; classes are matched by name.

    Args:
        model: a saved classifier's folder, or the run's.
        source: as ``fit`` takes it.
        labels: with images, a label for each.
        options: how photos and labels are read.
        engine: what answers; see ``headstart.load``.
        listener: is told of progress.

    Raises:
        UserError: photos or a classifier that cannot be used, or a class that the classifier does not know.
    """
    classifier = load(model, engine)
    home = locate_store()
    with try_mark_in_use(home):  # photos of an archive that were pruned meanwhile would be missing from the score
        samples = read_source(
            source, labels=labels, options=options, listener=listener, cache=home / "archives", strict=False
        )
        check_scorable(samples, classifier.classes)
        index = {name: classifier.classes.index(name) for name in samples.classes}
        relabelled = [replace(sample, label=index[samples.classes[sample.label]]) for sample in samples.samples]
        aside = samples.ledger.counts()[FileStatus.SKIPPED]
        if aside:
            listener(events.Note(f"{aside} files are skipped; headstart check says why"))
        if seen := _seen(classifier.folder, relabelled):
            known = f"{seen} of {len(relabelled)} photos are among those that the classifier was made from"
            listener(events.Note(f"{known}: the score flatters"))
        return score_classifier(classifier, relabelled, listener, part="given", strict=False).evaluation


def _seen(model: Path, samples: Sequence[Sample]) -> int:
    """How many photos the run learnt from or chose by; 0 where the model lies in no run that says so."""
    try:
        parts = load_split(model.parent).by_digest() if (model.parent / SPLIT).is_file() else {}
    except DataError:  # a score can be had without it
        return 0
    return sum(parts.get(sample.digest, Subset.TEST) is not Subset.TEST for sample in samples)


def _advice(material: FitContext, specs: Sequence[ArmSpec], log: RunLog) -> StrategyAdvice | None:
    """What the field's rule expects, where a network is to be trained: a run of probes alone has no need of it."""
    if not any(spec.name in TRAINING for spec in specs):
        return None
    try:
        return log.stage("advise", lambda: advise_strategy(material), lambda it: it.reason)
    except HeadstartError as error:
        log(events.Note(f"no expectation could be formed: {error}"))
        return None


def _held_to(advice: StrategyAdvice | None, comparison: Comparison) -> dict[str, Any]:
    """The expectation and whether it came true, for the record."""
    if advice is None:
        return {"advice": None}
    came = judge_advice(advice, comparison.choice, {arm.name: arm.strategy for arm in comparison.arms})
    return {"advice": {**advice.to_json(), "outcome": asdict(came)}}


def _materials(
    it: PreparedDataset,
    found: Sequence[LoadedBackbone],
    settings: FitSettings,
    store: Store,
    out: Path,
    clock: Budget,
    log: RunLog,
) -> list[FitContext]:
    """What there is to learn from, for each network; all on one split."""
    engines: dict[tuple[str, ComputePrecision], Engine] = {}
    pairs = [(twins.first, twins.second) for twins in it.duplicates] if settings.near_duplicates == "group" else []
    loosened = make_relaxed_split(it.apart, pairs, lambda samples: _split(samples, settings))
    if loosened.classes:
        log(events.Note(loosened.split.notes[0]))
    return [
        FitContext(
            samples=loosened.samples,
            split=loosened.split,
            backbone=network.backbone,
            engine=network.chosen.engine,
            store=store,
            space=extraction.space,
            parity_samples=network.parity_samples,
            settings=settings,
            folder=out,
            budget=clock,
            listener=log,
            engines=engines,
        )
        for network, extraction in zip(found, it.extractions, strict=True)
    ]


def _look_back(subject: Subject, comparison: Comparison, out: Path, log: RunLog) -> None:
    """Writes what the run found out about its data and its answers, and the pictures that show it."""
    findings = log.stage("look back", lambda: diagnose(subject), looking_back.describe_diagnostics)
    trained = any(arm.trains for arm in comparison.arms)
    shown = log.stage("pictures", lambda: pictures_of(findings, out / MODEL, trained=trained), pictures.in_words)
    save_findings(findings, shown, out)


def _report(run: Run, log: RunLog) -> None:
    """Writes the report. The run is whole without it, so what goes wrong is told and costs nothing more."""
    try:
        log.stage("report", lambda: write_report(run.folder), lambda file: f"all of this to look at is in {file}")
    except Exception as error:  # noqa: BLE001  a fault of ours must not cost hours of training
        log(events.Note(f"no report was written: {type(error).__name__}: {error}"))


def _split(samples: Samples, settings: FitSettings) -> Split:
    split = split_samples(samples, settings)
    empty = [part.value for part in Subset if not split.samples_in(samples, part)]
    if empty:
        raise DataError(
            f"the {' and '.join(empty)} part of {samples.root} has no usable photo; wanted one at least in train, "
            "validation and test; put photos there, or remove its folder"
        )
    return split


def _marked(validation: Evaluation, guards: Postprocessed) -> Evaluation:
    """The score on validation, marked where the calibration was fitted on these photos too."""
    if guards.held.how != "validation" or guards.model.calibration.kind == "none":
        return validation
    return replace(validation, chosen_on=(*validation.chosen_on, "calibration"))


def _saved(material: FitContext, parts: FittedModel, out: Path) -> Classifier:
    """Saves a classifier, held to the fitted heads on validation photos."""
    held_out = sorted(material.samples_in(Subset.VALIDATION), key=lambda sample: sample.digest)[:WITNESSES]
    rows = [material.load_features(branch, held_out) for branch in parts.branches]
    witnesses = [
        ParityExample(
            lambda source=sample.source: load_photo(source, parts.spec).pixels,  # type: ignore[misc]
            tuple(of_branch[index] for of_branch in rows),
        )
        for index, sample in enumerate(held_out)
    ]
    shutil.rmtree(out / MODEL, ignore_errors=True)  # of this run, when it was ended between saving and judging
    try:
        return export_model(parts, out / MODEL, witnesses)
    except UnsteadyNoveltyError:
        told = "photos are so alike that rounding decides which are unfamiliar, so that the classifier declines none"
        material.listener(events.Note(told))
        kept = parts.without_novelty()
        plain = [replace(witness, features=witness.features[: len(kept.branches)]) for witness in witnesses]
        return export_model(kept, out / MODEL, plain)
