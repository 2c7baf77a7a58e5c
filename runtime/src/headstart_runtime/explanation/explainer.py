"""Explainer of a saved model: the part of each place of an item in an answer; the task says what is explained of it."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.errors import ClassifierError, HeadstartError, refuse_machine_faults
from headstart_runtime.explanation.answer_explainer import AnswerExplainer, HeatMap
from headstart_runtime.explanation.choose_map import choose_map
from headstart_runtime.explanation.graph import Graph
from headstart_runtime.explanation.layer import ExplainedLayer, TensorValues
from headstart_runtime.explanation.maps import ClassTokenMap, RolloutMap
from headstart_runtime.explanation.parts import ItemValues, compute_item, halve
from headstart_runtime.explanation.slope import MemberSlope, differentiate_head, run_head
from headstart_runtime.inference import model_format
from headstart_runtime.inference.forking import after_fork, keep_for_ever
from headstart_runtime.inference.postprocess import DenseLayers
from headstart_runtime.modalities.batch import AnySpec, Batch
from headstart_runtime.modalities.explanation_facet import ExplanationFacet, RemovalFacet
from headstart_runtime.modalities.item import OpenedItem
from headstart_runtime.tasks.explanation_facet import ExplainedOutput

FINEST = 28  #: places along an edge where maps of several layers are added; finer ones are averaged


class Explainer(AnswerExplainer):
    """Heat maps of a saved classifier's answers. Made once, used for any number of items, from one thread."""

    def __init__(self, folder: Path):
        """Read the classifier and find the maps that its answers are made from.

        Raises:
            UserError: its task has no heat maps.
            ClassifierError: it cannot be read, its kind of data has no explanation, or a network has no map of places.
        """
        super().__init__(folder)
        facet = self.modality.explanation
        if facet is None or isinstance(facet, RemovalFacet):
            raise ClassifierError(f"answers to {self.modality.noun.many} are not explained by maps inside a network")
        self._facet: ExplanationFacet = facet
        graph = Graph(self._files.graph)
        self._branches = {
            index: self._find_layers(graph, index) for member in self.record.members for index in member.branches
        }
        layers = [layer for read in self._branches.values() for layer in read]
        self._outputs = self._list_outputs()
        names = [*self._outputs, *(name for layer in layers for name in layer.tensors)]
        names += [model_format.OUT_OF_DISTRIBUTION] if self.record.novelty else []
        self._names = tuple(name for name in dict.fromkeys(names) if name not in graph.inputs)
        self._session: Any = graph.create_session(graph.inputs, self._names)
        after_fork(self, Explainer._abandon)

    def _abandon(self) -> None:
        keep_for_ever(self._session)
        self._session = None

    def _run(self, inputs: Batch) -> TensorValues:
        """Return the tensors that are asked for, and the inputs, which a map may need beside it."""
        if self._session is None:  # in a forked child
            graph = Graph(self._files.graph)
            self._session = graph.create_session(graph.inputs, self._names)
        return {**inputs, **dict(zip(self._names, self._session.run(None, dict(inputs)), strict=True))}

    def _compute(self, item: OpenedItem) -> ItemValues:
        read: dict[AnySpec, list[str]] = {}
        for branch, layers in self._branches.items():
            spec = self.record.branches[branch].spec
            read.setdefault(spec, []).extend(name for layer in layers for name in layer.tensors)
        return compute_item(self._run, item, self.record, read)

    def _explain(self, opened: OpenedItem, label: str | None) -> HeatMap:
        values = self._compute(opened)
        chosen = self._choose_output(values, label)
        shown = self._choose_part(values, chosen.index)
        extent = self._facet.locate(opened, self._widest, shown or 0)
        places = np.maximum(self._attribute(values, chosen.index, shown), 0)
        most = float(places.max())
        return HeatMap(
            values=(places / most if most > 0 else places).astype(np.float32),
            extent=extent,
            method=self.method,
            label=chosen.label,
            shown=chosen.shown,
            value=chosen.value,
            probability=chosen.probability,
            features=np.concatenate([layer.average(values.parts(0)) for layer in self._branches[0]]),
            out_of_distribution=bool(values.whole.get(model_format.OUT_OF_DISTRIBUTION, False)),
            part=shown or 0,
            parts=1 if shown is None else len(values.parts(0)),
        )

    @property
    def method(self) -> str:
        """Return how the maps are made."""
        return " + ".join(dict.fromkeys(layer.map.method for read in self._branches.values() for layer in read))

    def _differentiate_members(self, values: ItemValues, index: int) -> list[MemberSlope]:
        """Return each member's slope; a member weighs as much as it gives to the answer."""
        rows = []
        for member, head in zip(self.record.members, self._heads, strict=True):
            both = [(branch, layer) for branch in member.branches for layer in self._branches[branch]]
            features = [layer.average(values.parts(branch)) for branch, layer in both]
            logits, masks = run_head(head, np.concatenate(features))
            slope = self._answer.differentiate(self.record.space, logits, index)
            gradient = differentiate_head(head, masks, slope.gradient)
            weight = member.weight if self.record.combine == "mean" else 1.0
            ends = np.cumsum([len(each) for each in features])[:-1]
            layers = [(*one, own) for one, own in zip(both, np.split(gradient, ends), strict=True)]
            rows.append(MemberSlope(weight * slope.share, slope.answer, layers))
        total = sum(row.weight for row in rows) or 1.0
        return [replace(row, weight=row.weight / total) for row in rows]

    def _list_outputs(self) -> tuple[str, ...]:
        """Return the names of the outputs that answers are read from."""
        outputs = self.record.task.graph.list_outputs(self.record.postprocessor, self.record.space)
        return tuple(name for name, _, _ in outputs)

    def _choose_output(self, values: ItemValues, label: str | None) -> ExplainedOutput:
        outputs = {name: np.asarray(values.whole[name]) for name in self._outputs}
        return self._answer.choose(self.record.space, outputs, label)

    def _choose_part(self, values: ItemValues, index: int) -> int | None:
        """Return the part of an item that says most; None where one map shows all parts."""
        count = min(len(values.parts(branch)) for branch in self._branches)
        if self._facet.dimensions == 1 or count == 1:
            return None
        said = np.zeros(count)
        for member in self._differentiate_members(values, index):
            for branch, layer, own in member.layers:
                said += [member.weight * float(layer.features(part) @ own) for part in values.parts(branch)[:count]]
        return int(said.argmax())

    def _attribute(self, values: ItemValues, index: int, shown: int | None = None) -> Floats:
        """Return what places add to what is explained, over all members."""
        shape = self._find_shape(values)
        members = self._differentiate_members(values, index)
        parts = [member.weight * self._attribute_member(values, member, shape, shown) for member in members]
        return np.asarray(sum(parts), np.float32)

    def _attribute_member(
        self, values: ItemValues, member: MemberSlope, shape: tuple[int, int], shown: int | None
    ) -> Floats:
        """Return one member's answer on the grid: its layers' maps, and what belongs to no place spread over all."""
        places, rest, whole = np.zeros(shape, np.float32), member.answer or 0.0, member.answer is not None
        for branch, layer, own in member.layers:
            parts = values.parts(branch)
            part = layer.attribute(parts, own, shown)
            rest -= float(layer.average(parts) @ own) - part.rest
            places += self._facet.align(part.places, self.record.branches[branch].spec, self._widest, shape)
            whole &= not isinstance(layer.map, ClassTokenMap | RolloutMap)
        if member.answer is None:  # there is nothing to add up to: places are told from each other
            return np.asarray(places - places.mean(), np.float32)
        # A class token carries evidence of its own from block to block, which belongs to no place, nor to all.
        return places + rest if whole else places

    def _find_shape(self, values: ItemValues) -> tuple[int, int]:
        """Return the shape of the answer's map: as the map has it, or as the finest of several."""
        shapes = [layer.find_shape(values.parts(branch)) for branch, read in self._branches.items() for layer in read]
        edges = [max(shape) for shape in shapes]
        if self._facet.dimensions == 1:
            return 1, max(edges)
        edge = edges[0] if len(edges) == 1 else min(FINEST, max(edges))
        return edge, edge

    def _find_layers(self, graph: Graph, branch: int) -> tuple[ExplainedLayer, ...]:
        """Return the layers of a branch, in the order that their features are joined in."""
        facts = self.record.branches
        entry = facts[branch].network
        features = model_format.features_name(branch)
        node = graph.producers.get(features)
        spec = facts[branch].spec
        drawn = self._facet.make_probe(spec)
        probe, shorter = (
            {model_format.tensor_name(name, entry): one[name] for name in one} for one in (drawn, halve(drawn, spec))
        )
        missing = [name for name in (features, *probe) if name not in graph.producers and name not in graph.inputs]
        if node is None or missing:
            raise ClassifierError(
                f"{model_format.GRAPH} has no tensor {missing[0]!r}; copy the whole model folder again"
            )
        names = list(node.input) if node.op_type in ("Concat", "Identity") else [features]
        found = []
        for name in names:
            try:
                chosen = choose_map(graph, probe, name, self._facet.dimensions, shorter or None)
            except HeadstartError:
                raise
            except Exception as error:  # ONNX Runtime's errors have no common base
                refuse_machine_faults(error, "to take the network apart")
                raise ClassifierError(
                    self._refuse(branch, next(iter(str(error).strip().splitlines()), type(error).__name__)[:200])
                ) from error
            if chosen is None:
                lost = f"nothing under its layer {name.rpartition('/')[2]!r} keeps the places of a {{one}} apart"
                raise ClassifierError(self._refuse(branch, self.modality.noun.fill(lost)))
            found.append(ExplainedLayer(name, chosen))
        return tuple(found)

    def _refuse(self, branch: int, reason: str) -> str:
        name = self.record.branches[branch].backbone.name
        return f"answers that {name} is part of cannot be explained: {reason}"

    @cached_property
    def _widest(self) -> AnySpec:
        return self._facet.find_widest([self.record.branches[branch].spec for branch in self._branches])

    @cached_property
    def _heads(self) -> tuple[DenseLayers, ...]:
        return self._files.load_heads()
