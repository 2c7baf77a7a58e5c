"""What there is to learn from, for every modality and task; features are computed once for all tests of a module."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from headstart.selection import STRATEGIES
from headstart.selection.arm import Arm
from headstart.selection.arm_specs import PROBES
from headstart.selection.context import BackboneMemo, FitContext
from tests import small_network
from tests.conftest import Warm
from tests.contracts.drawn_items import ITEMS, install_drawn
from tests.contracts.drawn_tasks import DRAWN, draw_table
from tests.selection.made import make_contexts


@dataclass
class Contexts:
    """Contexts by modality and task, made when they are first asked for."""

    small: Warm
    folder: Path
    stack: ExitStack
    made: dict[tuple[str, str], FitContext] = field(default_factory=dict)
    fitted: dict[tuple[str, str], list[Arm]] = field(default_factory=dict)

    def table(self, modality: str, task: str) -> Path:
        """Return the table of a task's labels of a modality's items."""
        return draw_table(self.folder / modality, task, modality)

    def name_network(self, modality: str, place: int = 0) -> str:
        """Return the name of a modality's network, by which it is found."""
        name = ITEMS[modality].networks[place]
        if not name:
            return self.small.name
        if name not in small_network.FAMILIES.values():
            return name
        file = self.folder / f"{name}.safetensors"
        return small_network.name_of(file if file.exists() else small_network.write_weights(file, name), name)

    @contextmanager
    def open(self, modality: str, task: str, *networks: int, **settings: Any) -> Iterator[list[FitContext]]:
        """Make contexts of one's own: of networks by their place, with settings."""
        given = {"task": task, "modality": modality, "batch_size": 4, "c_points": 3, **DRAWN[task].settings}
        names = [self.name_network(modality, place) for place in networks]
        out = self.folder / f"{modality}-{task}-run"
        table = self.table(modality, task)
        with make_contexts(table, self.small.store, out, names, **{**given, **settings}) as made:
            yield made

    def get(self, modality: str, task: str) -> FitContext:
        """Return the context of a modality's first network."""
        key = modality, task
        if key not in self.made:
            (self.made[key],) = self.stack.enter_context(self.open(modality, task, 0))
        return self.made[key]

    def probes(self, modality: str, task: str) -> list[Arm]:
        """Return the probes of it: on the last layer, on the best or all, and on terms where there are any."""
        key = modality, task
        if key not in self.fitted:
            plans = [plan for name in PROBES for plan in STRATEGIES[name](self.get(*key))]
            self.fitted[key] = [plan.make() for plan in plans]
        return self.fitted[key]


def choose_settings(context: FitContext, **settings: Any) -> FitContext:
    """The same with other settings; nothing that was fitted by the former is taken."""
    return replace(context, settings=context.settings.model_copy(update=settings), memo=BackboneMemo())


@pytest.fixture(scope="module")
def contexts(small: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contexts]:
    """Contexts of every modality and task."""
    with install_drawn(tmp_path_factory.mktemp("site")), ExitStack() as stack:
        yield Contexts(small, tmp_path_factory.mktemp("drawn"), stack)
