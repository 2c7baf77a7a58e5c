"""The rule, as it chooses among classifiers."""

from functools import partial

from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import get_task

from headstart.selection import rule

choose_winner = partial(rule.choose_winner, task=get_task("classification"), noun=Noun("photo", "photos"))
