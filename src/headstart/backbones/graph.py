"""A network as a graph that can be cut between its layers: what lies below is frozen, what lies above is trained.

The cut above a layer is the last single tensor that everything above is made from and that the layer's features are
made from too: a block's output. So no family of networks needs code of its own; transformers are cut between blocks,
with their class token, residual networks between stages. Where a network reads several tensors, the cut is on the way
of the first one; of the others, such as a mask, those that the top reads too go to it beside the activations.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import torch
from timm.models._features_fx import get_notrace_functions, get_notrace_modules
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode

from headstart.backbones.backbone import INPUT
from headstart.backbones.loaded import LoadedNetwork
from headstart_runtime.errors import BackboneError, EngineError, nearest, refuse_machine_faults
from headstart_runtime.modalities.batch import TensorSpec, fill_axes, find_mask

FINAL = "final"
ELSE = "use the probes on it, or another backbone"  #: what is to be done where a network cannot be cut


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a network between the layer below and this one."""

    name: str  #: the layer it ends in
    parameters: int
    work: float  #: share of the arithmetic of a forward pass
    shape: tuple[int, ...]  #: of one part's activations at its end; channels last where they are a map
    tensors: tuple[str, ...]  #: its parameters, as they are named in the traced module


@dataclass(frozen=True)
class TracedNetwork:
    """A network's graph, from the tensors of its spec to its layers' features, and where it can be cut."""

    module: fx.GraphModule
    cuts: Mapping[str, fx.Node]  #: layer -> the tensor above which the next layer begins; ``INPUT`` is the input
    sections: tuple[Section, ...]  #: from the input upwards, the last is "final"
    tensors: tuple[TensorSpec, ...]  #: that it reads, in order
    mask: str | None = None  #: the one of them that says what is padding, where there is one

    def boundary_below(self, unfreeze: str) -> str:
        """Return the boundary under a layer: the layer below it, or ``INPUT``.

        Raises:
            BackboneError: no such layer, or nothing to train in it and above.
        """
        names = [part.name for part in self.sections]
        if unfreeze not in names:
            raise BackboneError(f"no layer {unfreeze!r} can be unfrozen; {nearest(unfreeze, names)}")
        index = names.index(unfreeze)
        if not any(part.parameters for part in self.sections[index:]):
            raise BackboneError(f"{unfreeze!r} has nothing to train: it only pools; unfreeze {names[index - 1]}")
        return names[index - 1] if index else INPUT

    def sections_above(self, boundary: str) -> tuple[Section, ...]:
        """Return the sections that are trained when all up to ``boundary`` is frozen."""
        names = [INPUT, *(part.name for part in self.sections)]
        return self.sections[names.index(boundary) :]

    def shape_at(self, boundary: str) -> tuple[int, ...]:
        """Return the shape of one part's activations at a boundary."""
        return next(part.shape for part in self.sections if part.name == boundary)


def make_examples(tensors: Sequence[TensorSpec], parts: int, length: int = 16) -> tuple[Tensor, ...]:
    """Return zeros of the shapes and types that a network reads; axes that are as long as they come have a length."""
    return tuple(torch.zeros(parts, *fill_axes(one, length), dtype=getattr(torch, one.dtype)) for one in tensors)


def infer_shape(
    traced: TracedNetwork, boundary: str, tensors: Sequence[TensorSpec], length: int = 16
) -> tuple[int, ...] | None:
    """Return the shape of a part's activations for tensors of other lengths; None where the code takes only its own."""
    if boundary == INPUT:
        return fill_axes(tensors[0], length)
    try:
        with torch.inference_mode():
            out = extract_trunk(traced, boundary)(*make_examples(tensors, 1, length))
    except Exception:  # noqa: BLE001  whatever its own code raises on tensors of other lengths
        return None
    return tuple(out.shape[1:])


class _Tracer(fx.Tracer):
    """Leaves alone what timm knows to be untraceable."""

    def __init__(self) -> None:
        super().__init__(autowrap_functions=tuple(get_notrace_functions()))

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, tuple(get_notrace_modules())) or super().is_leaf_module(m, module_qualified_name)


def trace(loaded: LoadedNetwork) -> TracedNetwork:
    """Return the graph of a loaded network; it shares its parameters.

    Raises:
        EngineError: its code cannot be drawn as a graph, or it does not read the first of its tensors.
    """
    tracer = _Tracer()
    try:
        graph = tracer.trace(loaded.network)
        module = fx.GraphModule(tracer.root, graph)
    except Exception as error:  # whatever the network's own code raises on a stand-in for a tensor
        refuse_machine_faults(error, "to cut the network into a frozen and a trained part")
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise EngineError(f"this network cannot be cut into a frozen and a trained part ({reason}); {ELSE}") from error
    module.eval()
    tensors = tuple(loaded.spec.tensors)
    names = [layer.name for layer in loaded.layers]
    for name, output in zip(names, _output_nodes(module), strict=True):
        if _placeholders(module)[0] not in _find_needed(output, ()):
            raise EngineError(f"its layer {name!r} does not read {tensors[0].name!r}, the first of its tensors; {ELSE}")
    cuts = _find_cuts(module, names)
    sections = tuple(_measure_sections(module, cuts, tensors))
    return TracedNetwork(module, cuts, sections, tensors, find_mask(loaded.spec))


def _find_cuts(module: fx.GraphModule, names: list[str]) -> dict[str, fx.Node]:
    outputs = _output_nodes(module)
    path = _find_path(module, outputs[-1])
    single = set(_unbridged(path))
    cuts = {INPUT: path[0]}
    for name, output in zip(names[:-1], outputs[:-1], strict=True):
        own = _find_needed(output, ())
        cuts[name] = [node for node in path if node in single and node in own][-1]
    return {**cuts, FINAL: outputs[-1]}


def _output_nodes(module: fx.GraphModule) -> tuple[fx.Node, ...]:
    (node,) = (node for node in module.graph.nodes if node.op == "output")
    return tuple(node.args[0])


def _find_path(module: fx.GraphModule, final: fx.Node) -> list[fx.Node]:
    """The nodes that are made from the first input and end in ``final``, in order.

    Constants, parameters, and what is made from other inputs alone are not in it.
    """
    needed = _find_needed(final, ())
    path: dict[fx.Node, None] = {_placeholders(module)[0]: None}
    for node in module.graph.nodes:
        if node in needed and any(source in path for source in node.all_input_nodes):
            path[node] = None
    return list(path)


def _placeholders(module: fx.GraphModule) -> list[fx.Node]:
    return [node for node in module.graph.nodes if node.op == "placeholder"]


def _unbridged(path: list[fx.Node]) -> Iterator[fx.Node]:
    """The nodes that no edge of the path jumps over."""
    place = {node: index for index, node in enumerate(path)}
    reach = 0
    for index, node in enumerate(path):
        if reach <= index:
            yield node
        reach = max([reach, *(place[user] for user in node.users if user in place)])


class _Measure(fx.Interpreter):
    """Runs a graph node by node: what shape each gives and how many operations it takes."""

    def __init__(self, module: fx.GraphModule):
        super().__init__(module)
        self.shapes: dict[fx.Node, tuple[int, ...]] = {}
        self.work: dict[fx.Node, int] = {}

    def run_node(self, n: fx.Node) -> object:
        with FlopCounterMode(display=False) as counter:
            result = super().run_node(n)
        self.work[n] = counter.get_total_flops()
        if isinstance(result, Tensor):
            self.shapes[n] = tuple(result.shape)
        return result


def _measure_sections(
    module: fx.GraphModule, cuts: Mapping[str, fx.Node], tensors: Sequence[TensorSpec]
) -> Iterator[Section]:
    measure = _Measure(module)
    with torch.inference_mode():
        measure.run(*make_examples(tensors, 1))
    total = sum(measure.work.values()) or 1
    nodes, first = list(module.graph.nodes), 0
    known = dict(module.named_parameters())
    for name, cut in cuts.items():
        last = nodes.index(cut)
        own, first = nodes[first : last + 1], last + 1
        if name == INPUT:
            continue
        names = tuple(dict.fromkeys(name for node in own for name in parameter_names(module, node)))
        yield Section(
            name=name,
            parameters=sum(prod(known[name].shape) for name in names),
            work=sum(measure.work[node] for node in own) / total,
            shape=to_channels_last(measure.shapes[cut])[1:],
            tensors=names,
        )


def parameter_names(module: fx.GraphModule, node: fx.Node) -> list[str]:
    """Return the names of the parameters that a node uses."""
    if node.op == "call_module":
        return [f"{node.target}.{name}" for name, _ in module.get_submodule(str(node.target)).named_parameters()]
    if node.op == "get_attr":
        owner, _, name = str(node.target).rpartition(".")
        return [str(node.target)] if name in dict(module.get_submodule(owner).named_parameters(recurse=False)) else []
    return []


def to_channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape (N, C, H, W) as (N, H, W, C); anything else as it is."""
    return (shape[0], *shape[2:], shape[1]) if len(shape) == 4 else shape


def extract_trunk(traced: TracedNetwork, boundary: str) -> fx.GraphModule:
    """Return the frozen part: the network's tensors to activations, float32, maps with their channels last."""
    graph = fx.Graph()
    inputs = {node: graph.node_copy(node) for node in _placeholders(traced.module)}
    out = _copy_nodes(graph, traced.module, traced.cuts[boundary], inputs)
    if len(traced.shape_at(boundary)) == 3:
        out = graph.call_method("contiguous", (graph.call_method("permute", (out, 0, 2, 3, 1)),))
    graph.output(out)
    return fx.GraphModule(traced.module, graph).eval()


def extract_top(traced: TracedNetwork, boundary: str) -> fx.GraphModule:
    """Return the top, which shares parameters: activations of ``extract_trunk`` to the last layer's features (N, D).

    Behind the activations it takes the ``list_carried`` inputs; above ``INPUT`` it takes the network's tensors.

    Raises:
        BackboneError: something above the boundary looks past it, at the first input.
    """
    graph = fx.Graph()
    if boundary == INPUT:
        known = {node: graph.node_copy(node) for node in _placeholders(traced.module)}
    else:
        source = graph.placeholder("activations")
        if len(traced.shape_at(boundary)) == 3:
            source = graph.call_method("permute", (source, 0, 3, 1, 2))
        known = {traced.cuts[boundary]: source}
        known |= {node: graph.node_copy(node) for node in _list_carried_nodes(traced, boundary)}
    graph.output(_copy_nodes(graph, traced.module, traced.cuts[FINAL], known))
    return fx.GraphModule(traced.module, graph).eval()


def list_carried(traced: TracedNetwork, boundary: str) -> tuple[TensorSpec, ...]:
    """Return the inputs, in order, that the top above a boundary reads beside the activations, such as a mask.

    Raises:
        BackboneError: the first input is among them.
    """
    if boundary == INPUT:
        return traced.tensors[1:]
    nodes = _list_carried_nodes(traced, boundary)
    both = zip(_placeholders(traced.module), traced.tensors, strict=True)
    return tuple(tensor for node, tensor in both if node in nodes)


def _list_carried_nodes(traced: TracedNetwork, boundary: str) -> list[fx.Node]:
    needed = _find_needed(traced.cuts[FINAL], {traced.cuts[boundary]})
    first, *others = _placeholders(traced.module)
    if first in needed:
        raise BackboneError("what lies above this layer also looks at the input; unfreeze another layer")
    return [node for node in others if node in needed]


def _find_needed(end: fx.Node, known: Collection[fx.Node]) -> set[fx.Node]:
    """Return the nodes that ``end`` is made from, up to nodes that are known."""
    needed: set[fx.Node] = set()
    waiting = [end]
    while waiting:
        node = waiting.pop()
        if node not in known and node not in needed:
            needed.add(node)
            waiting.extend(node.all_input_nodes)
    return needed


def _copy_nodes(graph: fx.Graph, module: fx.GraphModule, end: fx.Node, known: Mapping[fx.Node, fx.Node]) -> fx.Node:
    """Copies what ``end`` is made from into a graph, up to nodes that are known there already; gives its copy."""
    copies, needed = dict(known), _find_needed(end, known)
    for node in module.graph.nodes:
        if node in needed:
            copies[node] = graph.node_copy(node, copies.__getitem__)
    return copies[end]
