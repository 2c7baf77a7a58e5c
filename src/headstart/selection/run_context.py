"""What every step of a run needs, whatever it does."""

from dataclasses import dataclass
from pathlib import Path

from headstart.events import RunLog
from headstart.selection.context import Budget
from headstart.settings import FitSettings
from headstart.storage.store import Store


@dataclass(frozen=True)
class RunContext:
    """Settings, the store of features, the time that may be spent, and the log that is told of it."""

    settings: FitSettings
    store: Store
    budget: Budget
    log: RunLog

    @property
    def archives(self) -> Path:
        """Folder in the store where archives are unpacked."""
        return self.store.folder / "archives"
