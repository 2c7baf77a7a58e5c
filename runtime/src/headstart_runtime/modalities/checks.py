"""Checks of what a modality gives: its batches and its specs, held to what they say of themselves.

A fault is one line that names the modality, what was seen and what was wanted, where it is made and before anything is
computed with it.
"""

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from headstart_runtime.errors import PluginError
from headstart_runtime.modalities.batch import Batch, InputSpec, Part, TensorSpec
from headstart_runtime.modalities.facets import NamedProperty, NumericProperty
from headstart_runtime.modalities.modality import Modality, get_modality
from headstart_runtime.plugins import REMEDY
from headstart_runtime.protocol_checks import describe_fault

AnyProperty: TypeAlias = NamedProperty | NumericProperty


def collate_parts(modality: Modality, parts: Sequence[Part], spec: InputSpec) -> Batch:
    """Return parts as one batch, held to the tensors of the spec: a few comparisons.

    Raises:
        PluginError: the batch has other tensors, types or lengths than the spec says.
    """
    batch = modality.collate(parts, spec)
    names = [one.name for one in spec.tensors]
    if sorted(batch) != sorted(names):
        seen = f"tensors {', '.join(map(repr, batch)) or 'none'}; wanted {', '.join(map(repr, names))}"
        raise _make_error(modality.name, f"collate gives {seen}, as the spec's tensors say")
    for one in spec.tensors:
        if not _fits(batch[one.name], one, len(parts)):
            wanted = f"{one.dtype} ({', '.join(['any' if n is None else str(n) for n in (len(parts), *one.shape)])})"
            seen = _describe_tensor(batch[one.name])
            raise _make_error(
                modality.name, f"collate gives {one.name!r} as {seen}; wanted {wanted}, as the spec's tensors say"
            )
    return batch


def check_spec(spec: InputSpec) -> None:
    """Raise an error where a spec cannot be saved and read again: ``to_json`` and ``read_spec`` have to be inverse.

    Raises:
        PluginError: they are not.
        SettingError: there is no such modality.
    """
    modality, name = get_modality(spec.kind), type(spec).__name__
    try:
        fault = _find_spec_fault(spec, modality)
    except Exception as error:  # noqa: BLE001  another package's code
        said = f"{type(error).__name__}: {describe_fault(error)}"
        fault = f"{name} cannot be saved and read again by to_json and read_spec ({said})"
    if fault:
        raise _make_error(spec.kind, fault)


def _find_spec_fault(spec: InputSpec, modality: Modality) -> str:
    record = json.loads(json.dumps(spec.to_json()))
    if not isinstance(record, dict) or record.get("kind") != spec.kind:
        return f"{type(spec).__name__}.to_json gives {record!r}; wanted a key 'kind' with {spec.kind!r} among others"
    again = modality.read_spec(record)
    if again != spec or hash(again) != hash(spec):
        return f"read_spec makes {again!r} of what to_json gives for {spec!r}; wanted an equal one"
    return ""


def check_properties(modality: str, found: Sequence[AnyProperty], items: int) -> Sequence[AnyProperty]:
    """Return properties of items as they are, each with a value for every item.

    Raises:
        PluginError: one has another number of values.
    """
    for one in found:
        if len(one.values) != items:
            raise _make_error(modality, f"its property {one.name!r} has {len(one.values)} values of {items} items")
    return found


def _fits(tensor: Any, wanted: TensorSpec, parts: int) -> bool:
    if not isinstance(tensor, np.ndarray) or tensor.dtype != np.dtype(wanted.dtype):
        return False
    pairs = zip(tensor.shape, (parts, *wanted.shape), strict=False)
    return tensor.ndim == 1 + len(wanted.shape) and all(size is None or seen == size for seen, size in pairs)


def _describe_tensor(tensor: Any) -> str:
    if not isinstance(tensor, np.ndarray):
        return type(tensor).__name__
    return f"{tensor.dtype} ({', '.join(map(str, tensor.shape))})"


def _make_error(modality: str, fault: str) -> PluginError:
    return PluginError(f"the modality {modality!r} cannot be used: {fault}; {REMEDY}")
