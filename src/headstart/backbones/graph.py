"""A network as a graph that can be cut between its layers: what lies below is frozen, what lies above is trained.

The cut above a layer is the last single tensor that everything above is made from and that the layer's features are
made from too: a block's output. So no family of networks needs code of its own; transformers are cut between blocks,
with their class token, residual networks between stages.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import torch
from timm.models._features_fx import get_notrace_functions, get_notrace_modules
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode

from headstart.backbones.backbone import INPUT
from headstart.backbones.loaded import LoadedNetwork
from headstart.errors import BackboneError, EngineError, nearest, refuse_machine_faults

FINAL = "final"


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a network between the layer below and this one."""

    name: str  #: the layer it ends in
    parameters: int
    work: float  #: share of the arithmetic of a forward pass
    shape: tuple[int, ...]  #: of one photo's activations at its end; channels last where they are a map
    tensors: tuple[str, ...]  #: its parameters, as they are named in the traced module


@dataclass(frozen=True)
class TracedNetwork:
    """A network's graph, from uint8 pixels (N, S, S, 3) to its layers' features, and where it can be cut."""

    module: fx.GraphModule
    cuts: Mapping[str, fx.Node]  #: layer -> the tensor above which the next layer begins; ``INPUT`` is the input
    sections: tuple[Section, ...]  #: from the input upwards, the last is "final"

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
        """Return the shape of one photo's activations at a boundary."""
        return next(part.shape for part in self.sections if part.name == boundary)


def infer_shape(traced: TracedNetwork, boundary: str, size: int) -> tuple[int, ...] | None:
    """Return the shape of a photo's activations for pixels of another size; None where the code takes only its own."""
    if boundary == INPUT:
        return (size, size, 3)
    try:
        with torch.inference_mode():
            out = extract_trunk(traced, boundary)(torch.zeros(1, size, size, 3, dtype=torch.uint8))
    except Exception:  # noqa: BLE001  whatever its own code raises on pixels of another size
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
        EngineError: its code depends on its input in a way that cannot be drawn as a graph.
    """
    try:
        tracer = _Tracer()
        graph = tracer.trace(loaded.network)
        module = fx.GraphModule(tracer.root, graph)
    except Exception as error:  # whatever the network's own code raises on a stand-in for a tensor
        refuse_machine_faults(error, "to cut the network into a frozen and a trained part")
        raise EngineError(
            f"this network cannot be cut into a frozen and a trained part ({str(error).splitlines()[0][:120]}); use "
            "the probes on it, or another backbone"
        ) from error
    module.eval()
    names = [layer.name for layer in loaded.layers]
    cuts = _find_cuts(module, names)
    return TracedNetwork(module, cuts, tuple(_measure_sections(module, cuts, loaded.spec.size)))


def _find_cuts(module: fx.GraphModule, names: list[str]) -> dict[str, fx.Node]:
    outputs = _output_nodes(module)
    path = _find_path(module, outputs[-1])
    single = set(_unbridged(path))
    cuts = {INPUT: path[0]}
    for name, output in zip(names[:-1], outputs[:-1], strict=True):
        own = _ancestors(output)
        cuts[name] = [node for node in path if node in single and node in own][-1]
    return {**cuts, FINAL: outputs[-1]}


def _output_nodes(module: fx.GraphModule) -> tuple[fx.Node, ...]:
    (node,) = (node for node in module.graph.nodes if node.op == "output")
    return tuple(node.args[0])


def _ancestors(node: fx.Node) -> set[fx.Node]:
    found: set[fx.Node] = set()
    waiting = [node]
    while waiting:
        if (node := waiting.pop()) not in found:
            found.add(node)
            waiting.extend(node.all_input_nodes)
    return found


def _find_path(module: fx.GraphModule, final: fx.Node) -> list[fx.Node]:
    """The nodes that are made from the input and end in ``final``, in order; constants and parameters are not in it."""
    needed = _ancestors(final)
    path: dict[fx.Node, None] = {}
    for node in module.graph.nodes:
        if node in needed and (node.op == "placeholder" or any(source in path for source in node.all_input_nodes)):
            path[node] = None
    return list(path)


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


def _measure_sections(module: fx.GraphModule, cuts: Mapping[str, fx.Node], size: int) -> Iterator[Section]:
    measure = _Measure(module)
    with torch.inference_mode():
        measure.run(torch.zeros(1, size, size, 3, dtype=torch.uint8))
    total = sum(measure.work.values()) or 1
    nodes, first = list(module.graph.nodes), 0
    known = dict(module.named_parameters())
    for name, cut in cuts.items():
        last = nodes.index(cut)
        own, first = nodes[first : last + 1], last + 1
        if name == INPUT:
            continue
        tensors = tuple(dict.fromkeys(tensor for node in own for tensor in parameter_names(module, node)))
        yield Section(
            name=name,
            parameters=sum(prod(known[tensor].shape) for tensor in tensors),
            work=sum(measure.work[node] for node in own) / total,
            shape=to_channels_last(measure.shapes[cut])[1:],
            tensors=tensors,
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
    """Return the frozen part: uint8 pixels (N, S, S, 3) to activations, float32, maps with their channels last."""
    graph = fx.Graph()
    out = _copy_nodes(graph, traced.module, [traced.cuts[INPUT]], traced.cuts[boundary])
    if len(traced.shape_at(boundary)) == 3:
        out = graph.call_method("contiguous", (graph.call_method("permute", (out, 0, 2, 3, 1)),))
    graph.output(out)
    return fx.GraphModule(traced.module, graph).eval()


def extract_top(traced: TracedNetwork, boundary: str) -> fx.GraphModule:
    """Return the top: activations of ``extract_trunk`` to the last layer's features (N, D); it shares parameters.

    Raises:
        BackboneError: something above the boundary looks past it, at the input.
    """
    graph = fx.Graph()
    start = traced.cuts[boundary]
    if boundary == INPUT:
        out = _copy_nodes(graph, traced.module, [start], traced.cuts[FINAL])
    else:
        source = graph.placeholder("activations")
        if len(traced.shape_at(boundary)) == 3:
            source = graph.call_method("permute", (source, 0, 3, 1, 2))
        out = _copy_nodes(graph, traced.module, [], traced.cuts[FINAL], {start: source})
    graph.output(out)
    return fx.GraphModule(traced.module, graph).eval()


def _copy_nodes(
    graph: fx.Graph,
    module: fx.GraphModule,
    inputs: list[fx.Node],
    end: fx.Node,
    known: Mapping[fx.Node, fx.Node] | None = None,
) -> fx.Node:
    """Copies what ``end`` is made from into a graph, up to nodes that are known there already; gives its copy."""
    copies = dict(known or {})
    needed: set[fx.Node] = set()
    waiting = [end]
    while waiting:
        node = waiting.pop()
        if node in copies or node in needed:
            continue
        needed.add(node)
        waiting.extend(node.all_input_nodes)
    for node in module.graph.nodes:
        if node not in needed:
            continue
        if node.op == "placeholder" and node not in inputs:
            raise BackboneError("what lies above this layer also looks at the input; unfreeze another layer")
        copies[node] = graph.node_copy(node, copies.__getitem__)
    return copies[end]
