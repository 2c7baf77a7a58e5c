"""``fit``: the natural pass, in reading order.

photos -> samples and ledger -> features -> split -> arms, fitted on train, scored on validation -> the winner refitted
on train and validation -> saved, read back -> judged on test, once.
"""

import hashlib
import inspect
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart import events, journal
from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import obtain
from headstart.data.assembly import problems_of
from headstart.data.check import decoded
from headstart.data.reading import read
from headstart.data.samples import ArraySource, Outcome, Part, Sample, Samples
from headstart.data.splits import Split, make_split
from headstart.engines.choose import PROOF_PHOTOS, ProofPhotos, choose
from headstart.errors import DataError, HeadstartError, SettingError
from headstart.evaluation.evaluation import Evaluation, evaluate
from headstart.features.extract import extract, load_photo, prepared
from headstart.features.store import Finding, Store
from headstart.journal import Journal
from headstart.run import EVALUATION, LEDGER, MODEL, RECORD, SETTINGS, SPLIT, Run, record_of, write
from headstart.runtime.classifier import Classifier, PhotoLike, load
from headstart.saving import Parts, Witness, add_scores, save
from headstart.settings import FitSettings, seconds, store_folder
from headstart.strategies import STRATEGIES
from headstart.strategies.strategy import Arm, Material, refitted

WITNESSES = 48  #: validation photos on which the saved graph is held to the fitted head
AUTO = ("linear-probe",)  #: the strategies that "auto" tries, cheap to dear


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
        UserError: photos or settings that cannot be used; nothing is written then.
        HeadstartError: anything else that went wrong; features that were computed are kept.
    """
    chosen = FitSettings.of(Path(config) if config is not None else None, **settings)
    log = Journal(listener)
    home = store_folder(chosen.store)
    out = _reserve(chosen, source)
    with Store(home, log) as store:
        samples = log.stage(
            "read", lambda: read(source, labels=labels, listener=log, cache=home / "archives"), journal.read_in_words
        )
        _split(samples, chosen)  # what is wrong with it is said now, not after the long pass
        backbone = log.stage(
            "prepare backbone", lambda: obtain(chosen.backbone, home / "networks", log), lambda it: it.name
        )
        proof = proof_photos(samples.samples, backbone)
        engine = log.stage(
            "prepare engine",
            lambda: choose(backbone, proof, engine=chosen.engine, precision=chosen.precision, listener=log),
            journal.engine_in_words,
        )
        extraction = log.stage(
            "extract",
            lambda: extract(samples.samples, backbone, engine.engine, store, workers=chosen.workers, listener=log),
            journal.extraction_in_words,
        )
        samples = _without_broken(samples, extraction.findings)
        split = _split(samples, chosen)
        material = Material(samples, split, backbone, store, extraction.space, chosen)
        arms = log.stage("fit", lambda: _arms(material), lambda made: f"{len(made)} arm{'s' * (len(made) != 1)}")
        winner = winner_of(arms)
        parts = Parts(samples.classes, backbone, engine.engine.precision, winner.layer, refitted(material, winner).head)
        out.mkdir(parents=True, exist_ok=True)
        classifier = log.stage("save", lambda: _saved(material, parts, out), journal.parity_in_words)
    test = log.stage("judge", lambda: judge(classifier, split.of(samples, Part.TEST), log), journal.evaluation_in_words)
    classifier = add_scores(classifier, {"validation": winner.validation.to_json(), "test": test.to_json()})
    log.over_budget(seconds(chosen.budget))
    run = Run(out, winner.validation, test, record_of(material, engine, extraction, arms, winner, log))
    write(run, chosen, samples, split)
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


def judge(
    classifier: Classifier, samples: Sequence[Sample], listener: events.Listener = events.ignore, *, part: str = "test"
) -> Evaluation:
    """Scores a saved classifier through its public ``predict``, from file bytes to class name.

    Raises:
        HeadstartError: photos that were read a moment ago no longer can be.
    """
    rows = []
    for sample, prediction in zip(samples, classifier.stream(map(_photo_of, samples)), strict=True):
        if prediction.error is not None:
            raise HeadstartError(f"{sample.name} could be read before and now cannot: {prediction.error}; run it again")
        rows.append(prediction.probabilities)
        if len(rows) % 32 == 0 or len(rows) == len(samples):
            listener(events.Progress("judge", len(rows), len(samples)))
    labels = np.array([sample.label for sample in samples], dtype=np.int64)
    return evaluate(part, labels, np.stack(rows), classifier.classes)


def evaluate_on(
    model: str | Path, source: Any, *, labels: Any = None, listener: events.Listener = events.ignore
) -> Evaluation:
    """Scores a saved classifier on labelled photos, all of them; classes are matched by name.

    Raises:
        UserError: photos or a classifier that cannot be used, or a class that the classifier does not know.
    """
    classifier = load(model)
    samples = decoded(read(source, labels=labels, listener=listener, strict=False), listener=listener)
    unknown = [name for name in samples.classes if name not in classifier.classes]
    if unknown or not len(samples):
        seen = (
            f"has classes that the classifier does not know ({', '.join(unknown[:5])})" if unknown else "has no photos"
        )
        raise DataError(f"{samples.root} {seen}; wanted photos of {', '.join(classifier.classes[:8])}")
    index = {name: classifier.classes.index(name) for name in samples.classes}
    relabelled = [replace(sample, label=index[samples.classes[sample.label]]) for sample in samples.samples]
    return judge(classifier, relabelled, listener, part="given")


def winner_of(arms: Sequence[Arm]) -> Arm:
    """The arm that answers most validation photos rightly; of equals the one with the lower log loss."""
    return max(arms, key=lambda arm: (arm.validation.accuracy, -arm.validation.log_loss))


def _split(samples: Samples, settings: FitSettings) -> Split:
    earlier = settings.split_from
    if earlier is not None:
        earlier = earlier / SPLIT if earlier.is_dir() else earlier
    return make_split(
        samples,
        seed=settings.seed,
        test_share=settings.test_share,
        validation_share=settings.validation_share,
        split_from=Split.load(earlier) if earlier else None,
    )


def _reserve(settings: FitSettings, source: Any) -> Path:
    """The run's folder, refused if it holds anything but an unfinished run of ours."""
    if settings.out is None:
        name = (
            Path(source).expanduser().absolute().name.partition(".")[0] if isinstance(source, str | Path) else "arrays"
        )
        return Path("runs") / f"{name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    out = settings.out.expanduser()
    if stop := next((folder for folder in out.parents if folder.exists() and not folder.is_dir()), None):
        raise SettingError(f"out {str(out)!r} cannot be made: {str(stop)!r} is a file; name another")
    if out.exists() and not out.is_dir():
        raise SettingError(f"out {str(out)!r} is a file; wanted a folder that is new or empty; name another")
    if (out / RECORD).exists():
        raise SettingError(f"out {str(out)!r} already holds a finished run, which is never overwritten; name another")
    ours = {MODEL, SETTINGS, SPLIT, LEDGER, EVALUATION}
    strange = (
        [file.name for file in out.iterdir() if file.name not in ours and not file.name.startswith(".")]
        if out.exists()
        else []
    )
    if strange:
        raise SettingError(
            f"out {str(out)!r} holds other things ({strange[0]!r}); wanted a new or empty folder; name another"
        )
    return out


def proof_photos(samples: Sequence[Sample], backbone: Backbone) -> ProofPhotos:
    """The photos that engines are proved on: those with the smallest digests, so that listing order does not matter."""
    drawn = sorted(samples, key=lambda sample: sample.digest)[: 2 * PROOF_PHOTOS]
    key = hashlib.blake2b("".join(sample.digest for sample in drawn).encode(), digest_size=6).hexdigest()

    def load() -> NDArray[np.uint8]:
        photos = prepared(drawn, backbone.contract, PROOF_PHOTOS)
        if not len(photos):
            raise DataError(f"none of the first {len(drawn)} photos decodes; run headstart check to see why")
        return photos

    return ProofPhotos(key, load)


def _without_broken(samples: Samples, findings: dict[str, Finding]) -> Samples:
    """Samples and ledger after decoding: the broken set aside, the repaired said so.

    Raises:
        DataError: too little is left to learn from.
    """
    entries = {entry.name: entry for entry in samples.ledger.entries}
    changes = {}
    for sample in samples.samples:
        if finding := findings.get(sample.digest):
            outcome = Outcome.SET_ASIDE if finding.broken else Outcome.REPAIRED
            changes[sample.name] = replace(entries[sample.name], outcome=outcome, reason=finding.reason)
    amended = samples.amended(changes)
    if problems := problems_of(amended):
        raise DataError("; also: ".join(problems[:8]))
    return amended


def _arms(material: Material) -> list[Arm]:
    names = AUTO if material.settings.strategy == "auto" else (material.settings.strategy,)
    return [arm for name in names for arm in STRATEGIES[name](material)]


def _saved(material: Material, parts: Parts, out: Path) -> Classifier:
    """Saves the classifier, held to the fitted head on validation photos."""
    held_out = sorted(material.of(Part.VALIDATION), key=lambda sample: sample.digest)[:WITNESSES]
    rows = material.store.read(material.space, [sample.digest for sample in held_out], parts.layer)
    witnesses = [
        Witness(load_photo(sample.source, parts.backbone.contract).pixels, row)
        for sample, row in zip(held_out, rows, strict=True)
    ]
    shutil.rmtree(out / MODEL, ignore_errors=True)  # of this run, when it was ended between saving and judging
    return save(parts, out / MODEL, witnesses)


def _photo_of(sample: Sample) -> PhotoLike:
    return sample.source.read() if isinstance(sample.source, ArraySource) else sample.source.path
