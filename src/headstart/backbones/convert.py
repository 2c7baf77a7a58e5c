"""A backbone's name -> its ONNX graph and record in the store, converted once.

Later uses import no PyTorch, nor does the first where the provider builds the graph itself.
"""

import json
import shutil
from pathlib import Path

from headstart import events
from headstart.backbones import zoo
from headstart.backbones.backbone import GRAPH, PYTORCH_EXPORT, RECORD, SCHEMA_VERSION, Backbone, write_record
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.classifier import write_classifier
from headstart.backbones.loaded import BuiltNetwork, LoadedNetwork
from headstart.backbones.origin import Origin
from headstart.backbones.outputs import check_outputs
from headstart.backbones.reference import REFERENCE, write_reference
from headstart.backbones.torch_export import write_graph
from headstart.storage.atomic import new_folder, stamp
from headstart.storage.intact import is_intact, write_digests
from headstart_runtime.errors import BackboneError, refuse_machine_faults
from headstart_runtime.modalities.checks import check_spec


def load_backbone(name: str, folder: Path, listener: events.Listener = events.ignore) -> Backbone:
    """Return the backbone of that name, converted now if it never was.

    Args:
        name: see ``backbones.catalog``.
        folder: where converted networks lie, one folder each; the store's ``networks``.
        listener: is told of a conversion.

    Raises:
        BackboneError: an unknown name, or weights that are not there or do not fit.
        MissingExtra: it was never converted, that takes PyTorch, and PyTorch is not installed.
    """
    origin = resolve_origin(name)
    home = folder / origin.key
    known = _read_converted(home, origin)
    if known is None:
        return _convert(origin, home, listener)
    stamp(home)  # pruning goes by it
    return known


def _read_converted(home: Path, origin: Origin) -> Backbone | None:
    """The converted network, if it is whole and of this version; an older one is converted anew."""
    try:
        record = json.loads((home / RECORD).read_text("utf-8"))
        files = (GRAPH,) if origin.conversion == PYTORCH_EXPORT else (GRAPH, REFERENCE)
        if record["schema_version"] != SCHEMA_VERSION or not all((home / file).is_file() for file in files):
            return None
        if not is_intact(home):
            return None
        return Backbone.from_json({**record, "name": origin.name}, home)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _convert(origin: Origin, home: Path, listener: events.Listener) -> Backbone:
    listener(events.Note(f"preparing {origin.name}: first use on this machine"))
    network = zoo.load_facts(origin)
    check_spec(network.spec)
    backbone = Backbone(
        name=origin.name,
        architecture=origin.architecture,
        weights=network.weights,
        weights_sha256=network.weights_sha256,
        licence=network.licence,
        parameters=network.parameters,
        layers=network.layers,
        spec=network.spec,
        folder=home,
        conversion=origin.conversion,
    )
    try:
        with new_folder(home) as draft:
            if isinstance(network, BuiltNetwork):
                _write_built(network, draft)
            else:
                _export(network, origin, draft / GRAPH)
            write_classifier(draft, network.classifier)
            write_record(backbone, draft)
            write_digests(draft)
            shutil.rmtree(home, ignore_errors=True)  # damaged, or of another version
    except OSError:
        if _read_converted(home, origin) is None:  # else another process was faster, and its conversion serves
            raise
    return backbone


def _write_built(network: BuiltNetwork, draft: Path) -> None:
    import onnx

    onnx.save(network.graph, draft / GRAPH)
    write_reference(draft, network.reference)


def _export(loaded: LoadedNetwork, origin: Origin, file: Path) -> None:
    try:
        _check_outputs(loaded, origin)
        export_network(loaded, file)
    except BackboneError:
        raise
    except Exception as error:  # the exporter raises whatever its tracing meets
        refuse_machine_faults(error, f"in the store for {origin.name} as ONNX ({file.parent.parent})")
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise BackboneError(
            f"{origin.name} cannot be converted to ONNX, which saving a classifier needs ({reason}); choose another"
        ) from error


def _check_outputs(loaded: LoadedNetwork, origin: Origin) -> None:
    import torch

    from headstart.backbones.graph import make_examples

    with torch.inference_mode():
        outputs = loaded.network(*make_examples(loaded.spec.tensors, 2))
    check_outputs(origin.name, loaded.layers, outputs, 2)


def export_network(loaded: LoadedNetwork, file: Path) -> None:
    """Write a loaded network as one ONNX file with a free number of parts."""
    write_graph(loaded.network, loaded.spec.tensors, [layer.name for layer in loaded.layers], file)
