"""Explanations by removal: pieces of an item are taken out, and what the answer loses without them is theirs.

Robnik-Sikonja and Kononenko, 2008, *Explaining classifications for individual instances*, IEEE TKDE 20; of texts Li et
al., 2016, *Understanding neural networks through representation erasure*. Where an item has many pieces they are taken
out some at a time, those side by side, and the strongest of these stretches are then looked at piece by piece.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.errors import ClassifierError
from headstart_runtime.explanation.answer_explainer import AnswerExplainer, HeatMap
from headstart_runtime.explanation.graph import Graph
from headstart_runtime.inference import model_format
from headstart_runtime.inference.forking import after_fork, keep_for_ever
from headstart_runtime.inference.graph_inputs import find_first_branches, make_graph_inputs
from headstart_runtime.inference.postprocess import DenseLayers, apply_head
from headstart_runtime.inference.predictors import FeaturePredictor
from headstart_runtime.modalities.batch import average_parts
from headstart_runtime.modalities.checks import collate_parts
from headstart_runtime.modalities.explanation_facet import RemovalFacet
from headstart_runtime.modalities.item import OpenedItem

FIRST = 64  #: stretches that are taken out one by one
REFINED = 4  #: of them, the strongest, of which each piece is taken out alone
TOGETHER = 32  #: changed items that go through the networks at once

Rows = list[Floats]  #: features of changed items, (M, D) for each branch


class RemovalExplainer(AnswerExplainer):
    """Pieces of items that a saved model's answers lose by."""

    def __init__(self, folder: Path):
        """Read the model.

        Raises:
            UserError: its task has no explanations.
            ClassifierError: it cannot be read, or its kind of data is not explained so.
        """
        super().__init__(folder)
        facet = self.modality.explanation
        if not isinstance(facet, RemovalFacet):
            raise ClassifierError(f"nothing can be taken out of {self.modality.noun.many}")
        self._facet = facet
        self._predict = FeaturePredictor(self._files).predict
        self._names = [model_format.features_name(branch) for branch in range(len(self.record.branches))]
        self._session: Any = self._create_session()
        after_fork(self, RemovalExplainer._abandon)

    def _create_session(self) -> Any:
        graph = Graph(self._files.graph)
        return graph.create_session(graph.inputs, self._names)

    def _abandon(self) -> None:
        keep_for_ever(self._session)
        self._session = None

    @property
    def method(self) -> str:
        """Return how the weights are made."""
        return self._facet.method

    def _explain(self, opened: OpenedItem, label: str | None) -> HeatMap:
        value = opened.load(self.record.spec)
        pieces = self._facet.split(value)
        whole = self._compute([value])
        told = self._predict(whole)
        outputs = {name: rows[0] for name, rows in told.outputs.items()}
        chosen = self._answer.choose(self.record.space, outputs, label)
        weights = np.maximum(self._weigh(value, pieces, whole, chosen.index), 0)
        most = float(weights.max(initial=0))
        return HeatMap(
            values=(weights / most if most > 0 else weights).astype(np.float32)[None],
            extent=pieces,
            method=self.method,
            label=chosen.label,
            shown=chosen.shown,
            value=chosen.value,
            probability=chosen.probability,
            features=whole[0][0],
            out_of_distribution=bool(told.out_of_distribution[0]),
        )

    def _weigh(self, value: Any, pieces: Any, whole: Rows, index: int) -> Floats:
        """Return what the answer loses without each piece, (P,); of a stretch each piece has its share."""
        count = len(pieces)
        if count < 2:
            return np.ones(count, np.float32)
        stretches = np.array_split(np.arange(count), min(count, FIRST))
        lost = self._measure(value, pieces, stretches, whole, index)
        weights = np.concatenate(
            [np.full(len(one), loss / len(one)) for one, loss in zip(stretches, lost, strict=True)]
        ).astype(np.float32)
        long = [place for place in np.argsort(-lost)[:REFINED] if len(stretches[place]) > 1 and lost[place] > 0]
        if long:
            alone = [np.array([piece]) for place in long for piece in stretches[place].tolist()]
            weights[np.concatenate(alone)] = self._measure(value, pieces, alone, whole, index)
        return weights

    def _measure(self, value: Any, pieces: Any, removed: Sequence[Ints], whole: Rows, index: int) -> Floats:
        """Return what the answer loses without each of some sets of pieces, (M,)."""
        rows: list[Rows] = []
        for first in range(0, len(removed), TOGETHER):
            masks = [_make_mask(len(pieces), some) for some in removed[first : first + TOGETHER]]
            rows.append(self._compute([self._facet.remove(value, pieces, mask) for mask in masks]))
        without = [np.concatenate(found) for found in zip(*rows, strict=True)]
        return self._compare(whole, without, index)

    def _compare(self, whole: Rows, without: Rows, index: int) -> Floats:
        """Return how much less changed items (M,) speak for what is explained; a member weighs by what it gives."""
        lost, total = np.zeros(len(without[0]), np.float32), 0.0
        for member, head in zip(self.record.members, self._heads, strict=True):
            before, after = (
                apply_head(head, np.concatenate([rows[branch] for branch in member.branches], axis=1))
                for rows in (whole, without)
            )
            slope = self._answer.differentiate(self.record.space, before[0], index)
            weight = slope.share * (member.weight if self.record.combine == "mean" else 1.0)
            lost += weight * ((before - after) @ slope.gradient)
            total += weight
        return lost / np.float32(total or 1.0)

    def _compute(self, values: Sequence[Any]) -> Rows:
        """Return the features of decoded items, (M, D) for each branch."""
        if self._session is None:  # in a forked child
            self._session = self._create_session()
        specs = [branch.spec for branch in self.record.branches]
        if self.modality.graph is not None or len(values) == 1:
            inputs = [make_graph_inputs(value, self.modality, specs) for value in values]
            alone = [self._session.run(self._names, dict(each)) for each in inputs]
            return [
                np.concatenate([average_parts(rows[branch], [len(rows[branch])]) for rows in alone])
                for branch in range(len(specs))
            ]
        batch: dict[str, Any] = {}
        counts = {}
        for spec, branch in find_first_branches(specs).items():
            parts = [self.modality.make_parts(value, spec) for value in values]
            counts[spec] = [len(each) for each in parts]
            joined = collate_parts(self.modality, [part for each in parts for part in each], spec)
            batch |= {model_format.tensor_name(name, branch): tensor for name, tensor in joined.items()}
        rows = self._session.run(self._names, batch)
        return [average_parts(each, counts[spec]) for each, spec in zip(rows, specs, strict=True)]

    @cached_property
    def _heads(self) -> tuple[DenseLayers, ...]:
        return self._files.load_heads()


def _make_mask(count: int, removed: Ints) -> Bools:
    mask = np.zeros(count, np.bool_)
    mask[removed] = True
    return mask
