"""The diagnostics of a run: found, pictured, written into its folder; and its report."""

from headstart.diagnostics.run import describe_diagnostics, diagnose
from headstart.pipeline.dataset import NEAR_DUPLICATES, PreparedDataset
from headstart.reporting.write import write_report
from headstart.runs.recording import save_diagnostics
from headstart.runs.run import Run
from headstart.runs.thumbnails import describe_thumbnails, make_thumbnails
from headstart.selection.compare import Comparison
from headstart.selection.context import FitContext, RunContext
from headstart.selection.results import Postprocessed, TestResult


def diagnose_run(
    dataset: PreparedDataset,
    comparison: Comparison,
    fitted: Postprocessed,
    test: TestResult,
    context: FitContext,
) -> None:
    """Find out what the data and the answers look like, and write it with thumbnails that show it.

    The classifier is saved and tested without it, so what goes wrong is told and costs nothing more.

    Args:
        dataset: the samples and their near-duplicates.
        comparison: of the arms.
        fitted: what was saved.
        test: its answers on test.
        context: of the first backbone.
    """
    context.log.attempt(
        lambda: _diagnose(dataset, comparison, fitted, test, context), None, "data and answers were not looked into"
    )


def _diagnose(
    dataset: PreparedDataset, comparison: Comparison, fitted: Postprocessed, test: TestResult, context: FitContext
) -> None:
    with context.log.stage("diagnose") as stage:
        diagnostics = diagnose(context, fitted.model, test, dataset.duplicates)
        stage.summary = describe_diagnostics(diagnostics, context)
    trained = any(arm.trains for arm in comparison.arms)
    with context.log.stage("thumbnails") as stage:
        thumbnails = make_thumbnails(diagnostics, context, test, trained=trained)
        stage.summary = describe_thumbnails(thumbnails)
    seconds = context.log.seconds[NEAR_DUPLICATES]
    save_diagnostics(diagnostics, thumbnails, context, fitted, test, seconds=seconds)


def report_run(run: Run, context: RunContext) -> None:
    """Write the report. The run is whole without it, so what goes wrong is told and costs nothing more."""
    context.log.attempt(lambda: _write_report(run, context), None, "no report was written")


def _write_report(run: Run, context: RunContext) -> None:
    with context.log.stage("report") as stage:
        file = write_report(run.folder)
        stage.summary = f"all of this to look at is in {file}"
