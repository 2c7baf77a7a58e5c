"""The rule, as it chooses among classifiers."""

from functools import partial

from headstart.selection import rule
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import get_task

choose_winner = partial(rule.choose_winner, task=get_task("classification"), noun=Noun("photo", "photos"))
