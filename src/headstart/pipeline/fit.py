"""``fit``: from labelled samples to a tested classifier, in reading order.

samples -> samples and ledger -> features -> split -> arms, fitted on train, compared on validation -> the winner,
fitted once more on train and validation -> saved, read back -> tested once.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from headstart import events
from headstart.data.samples import Subset
from headstart.heads.threads import limit_threads
from headstart.pipeline.arms import (
    check_training,
    form_expectation,
    make_contexts,
    record_expectation,
    refit_winner,
    try_arms,
)
from headstart.pipeline.backbones import load_backbones
from headstart.pipeline.choices import check_choices
from headstart.pipeline.dataset import prepare_dataset, read_samples, split_for_fit
from headstart.pipeline.diagnosis import diagnose_run, report_run
from headstart.pipeline.model import export_model
from headstart.pipeline.more_networks import add_network
from headstart.pipeline.postprocess import check_promises, fit_postprocessors, score_validation
from headstart.pipeline.run_test import run_test
from headstart.pipeline.testing import record_scores
from headstart.runs.reservation import claim_run, reserve_run
from headstart.runs.run import Run
from headstart.runs.writer import finish_run, write_run
from headstart.selection.arm_specs import requested_arms, select_arms
from headstart.selection.budget import Budget
from headstart.selection.context import RunContext
from headstart.selection.recall import note_known_results
from headstart.selection.test_scores import score_on_test
from headstart.settings import FitSettings, locate_store, parse_duration
from headstart.storage.store import Store
from headstart_runtime.errors import SettingError


def fit(
    source: Any,
    *,
    labels: Any = None,
    config: str | Path | None = None,
    listener: events.Listener = events.ignore,
    cancel: events.CancelToken | None = None,
    **settings: Any,
) -> Run:
    """Make a tested classifier from labelled samples.

    Args:
        source: a folder with a folder per class, perhaps inside train/validation/test; a table; an archive; an
            ``.npz``; or an array of items, such as (N, H, W[, channels]) uint8.
        labels: with an array, a label for each item.
        config: a TOML file of settings; keyword arguments win over it.
        listener: is told of progress, notes and finished stages; see ``headstart.events``.
        cancel: ends it from another thread.
        **settings: see ``headstart.settings.FitSettings``, or ``headstart fit --help``.

    Raises:
        UserError: samples or settings that cannot be used; no run is written then.
        HeadstartError: anything else that went wrong; features that were computed are kept.
        Cancelled: ``cancel`` was asked to end it; what was computed is kept.
    """
    chosen = FitSettings.load(Path(config) if config is not None else None, **settings)
    if not callable(listener):
        raise SettingError(f"listener is {type(listener).__name__}; wanted a function that takes an event")
    check_choices(chosen)
    specs = requested_arms(chosen)
    log, budget = events.RunLog(listener, cancel), Budget(parse_duration(chosen.budget))
    reserved = reserve_run(chosen.out)
    with Store(locate_store(chosen.store), log) as store, store.mark_in_use():
        context = RunContext(chosen, store, budget, log)
        samples = read_samples(source, labels, context)
        specs = select_arms(specs, chosen, samples.task)
        split = split_for_fit(samples, chosen)  # what is wrong with it is said now, not after the long pass
        check_promises(samples, split, specs, context)
        backbones = load_backbones(split.samples_in(samples, Subset.TRAIN), samples.modality, context, samples)
        check_training(specs, backbones, samples.task)
        with claim_run(reserved, source) as folder, limit_threads(len(samples) * backbones.width):
            dataset, backbones = add_network(prepare_dataset(samples, backbones, context), backbones, context)
            data, networks = make_contexts(dataset, backbones, folder, context)
            first = networks[0]
            expectation = form_expectation(first, specs)

            comparison = try_arms(data, networks, specs)
            winner = comparison.winner
            model = refit_winner(data, winner)
            ready = fit_postprocessors(winner, model, first)

            classifier = export_model(ready.model, first)
            if classifier.record.novelty is None:  # it may have had to be given up
                ready = replace(ready, model=ready.model.without_novelty())
            validation = score_validation(winner, ready, first)
            test = run_test(
                classifier,
                dataset.samples,
                dataset.samples_in(Subset.TEST),
                partial(first.load_all, ready.model.branches),
                chosen.seed,
                log,
            )
            record_scores(classifier, validation, test)
            scores = score_on_test(data, comparison, test.evaluation)

            run = write_run(
                networks,
                [loaded.chosen for loaded in backbones.all],
                dataset.extractions,
                comparison,
                scores,
                {"validation": validation, "test": test.evaluation},
                log,
                {
                    "backbone_search": backbones.tried,
                    "refitted": model is not winner.model,
                    "test_from_bytes": test.from_bytes,
                    "advice": record_expectation(expectation, comparison, samples.task.measure),
                },
            )
            diagnose_run(dataset, comparison, ready, test, first)
            note_known_results(first)
            log.end(budget.elapsed, budget.limit)
            run = finish_run(run, first, log)
            if chosen.report:
                report_run(run, context)
                run = finish_run(run, first, log)  # once more: it says what the report took
    return run
