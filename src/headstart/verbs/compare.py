"""``headstart.compare``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from headstart import events
from headstart.display.html import html_table
from headstart.display.watch import ShowProgress
from headstart.evaluation.comparison import PairedTest
from headstart.runs.run import Run, open_run
from headstart.selection.leaderboard import COLUMNS, LeaderboardRow, format_cells, from_json
from headstart.selection.rule import ArmChoice
from headstart.settings import FitSettings
from headstart.storage.run_layout import COMPARISON, RECORD, SCHEMA_VERSION, UNFINISHED
from headstart.verbs.fit import fit, list_settings
from headstart.verbs.options import FitOptions
from headstart_runtime.errors import SettingError, UserError, describe_schema_mismatch
from headstart_runtime.parsing import parse_json

DEFAULT_ARMS = "linear-probe,intermediate-probe,partial-finetune"  #: what is compared where nothing says what


@dataclass(frozen=True)
class ComparedRun:
    """A run's comparison, read back."""

    run: Run
    board: tuple[LeaderboardRow, ...]  #: cheap to dear
    choice: ArmChoice  #: on validation
    left_out: tuple[dict[str, Any], ...]  #: name, reason, predicted
    pairs: tuple[PairedTest, ...]  #: on test; none where it stayed shut for losing arms
    smallest: float | None  #: difference in accuracy that the test part can show; None: none
    record: dict[str, Any]  #: what the file says

    @property
    def revealed(self) -> bool:
        """Whether losing arms were scored on test."""
        return any(row.test_score is not None for row in self.board if not row.winner)

    def _repr_html_(self) -> str:
        return html_table(COLUMNS, format_cells(self.board, self.run.test.measure), caption=self.choice.verdict)


def compare(
    source: Any,
    *,
    labels: Any = None,
    config: str | Path | None = None,
    listener: events.Listener | None = None,
    progress: ShowProgress = "auto",
    cancel: events.CancelToken | None = None,
    **options: Unpack[FitOptions],
) -> ComparedRun:
    """Try several ways to transfer on one split, and compare them sample by sample.

    The same work as ``fit``. Without ``arms``, ``strategy`` or ``budget``: both probes and a partial fine-tune.

    Args:
        source: labelled data as ``fit`` takes them; or a finished run or its folder, whose comparison is read.
        labels: with arrays, a label for each.
        config: a TOML file of settings; keyword arguments win over it.
        listener: is told of progress, notes and finished stages.
        progress: as of ``fit``.
        cancel: as of ``fit``.
        **options: the settings, as of ``fit``.

    Raises:
        UserError: data or settings that cannot be used.
        HeadstartError: anything else that went wrong; what was computed is kept.
    """
    if is_run(source):
        if options or config is not None:
            raise SettingError(
                f"{str(source)!r} is a run, whose comparison is shown as it was made; leave the settings out, or give "
                "the data"
            )
        return read_comparison(source if isinstance(source, Run) else open_run(source))
    options.update(choose_arms(Path(config) if config is not None else None, **options))
    run = fit(source, labels=labels, config=config, listener=listener, progress=progress, cancel=cancel, **options)
    return read_comparison(run)


def is_run(source: Any) -> bool:
    """Return whether a source is a run, finished or not, rather than data."""
    if not isinstance(source, str | Path | Run):
        return False
    folder = Path(source).expanduser()
    return (folder / RECORD).is_file() or (folder / UNFINISHED).is_file()


def choose_arms(config: Path | None, **options: Any) -> FitOptions:
    """Return the arms that are compared where neither keywords nor the file say which."""
    settings = FitSettings.load(config, **options)
    chosen = settings.arms or settings.strategy != "auto" or settings.budget is not None
    named = "strategy" in FitSettings.load(**options).model_fields_set  # auto, but said so
    return {} if chosen or named else {"arms": DEFAULT_ARMS}


def read_comparison(run: Run) -> ComparedRun:
    """Return the comparison of a run.

    Raises:
        UserError: there is none, or one of another schema.
    """
    file = run.folder / COMPARISON
    try:
        record = parse_json(file.read_text("utf-8"))
        if record["schema_version"] != SCHEMA_VERSION:
            raise UserError(describe_schema_mismatch(str(file), record["schema_version"], SCHEMA_VERSION))
        board, test = from_json(record["arms"]), record["test"]
        choice, pairs = ArmChoice.from_json(record["choice"]), tuple(map(PairedTest.from_json, test["pairs"]))
        return ComparedRun(run, board, choice, tuple(record["left_out"]), pairs, test["smallest_difference"], record)
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{str(run.folder)!r} has no comparison that can be read: {COMPARISON} is missing or damaged; run "
            "headstart compare on the data"
        ) from None


compare.__signature__ = list_settings(compare)  # type: ignore[attr-defined]
