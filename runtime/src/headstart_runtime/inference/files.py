"""The files of a saved classifier in memory: what was hashed is what runs, whatever becomes of the folder.

Each file is read once, and its digest is that of the bytes that were read. Nothing is opened later. A graph is at most
2.1 GB (``saving.build`` refuses more), which ONNX Runtime and OpenVINO both take from memory; weights in a file beside
it, ONNX's external data, are never written and so not read. The graph's bytes stay for as long as the classifier does:
another process, a copy, a fork and the other engine are made from them. Of 336 MB of weights ONNX Runtime holds 338 MB,
loaded from a file, and 666 MB so; while it loads, 403 MB and 984 MB.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from headstart_runtime.errors import ClassifierError, refuse_machine_faults
from headstart_runtime.inference import model_format
from headstart_runtime.inference.novelty import Novelty
from headstart_runtime.inference.postprocess import DenseLayers, parse_heads
from headstart_runtime.modalities.spec_files import attach_files, name_files


@dataclass(frozen=True, slots=True, eq=False)
class ModelFiles:
    """The files of a classifier; they can be pickled, and copies share the bytes."""

    record: model_format.ModelRecord
    graph: bytes = field(repr=False)  #: of model.onnx
    head: bytes = field(repr=False)  #: of head.safetensors
    novelty: bytes | None = field(repr=False)  #: of novelty.safetensors

    def load_heads(self) -> tuple[DenseLayers, ...]:
        """Return the dense layers of each member's head."""
        return parse_heads(self.head, len(self.record.members))

    def load_novelty(self) -> Novelty | None:
        """Return the novelty score, None where the classifier has none.

        Raises:
            ClassifierError: its arrays do not belong to the record.
        """
        if self.record.novelty is None or self.novelty is None:
            return None
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            return Novelty.from_json(self.record.novelty, load(self.novelty))
        except (KeyError, TypeError, ValueError, SafetensorError) as error:
            raise ClassifierError(
                f"{model_format.NOVELTY_ARRAYS!r} does not belong to model.json: {error}; "
                "copy the whole model folder again"
            ) from None


def read_files(folder: Path) -> ModelFiles:
    """Read a ``model`` folder into memory.

    Raises:
        ClassifierError: a file is missing or damaged, or the folder was being replaced meanwhile.
    """
    record = _attach_spec_files(model_format.read_model(folder), folder)
    return ModelFiles(
        record,
        graph=_read_checked(folder / model_format.GRAPH, record.graph_sha256),
        head=_read_checked(folder / model_format.HEAD, record.head_sha256),
        novelty=_read_checked(folder / model_format.NOVELTY_ARRAYS, record.novelty_sha256)
        if record.novelty_sha256
        else None,
    )


def _attach_spec_files(record: model_format.ModelRecord, folder: Path) -> model_format.ModelRecord:
    """Return the record, with what the spec of each branch needs beside it, such as a vocabulary."""
    branches = []
    for branch, names in zip(record.branches, name_files([one.spec for one in record.branches]), strict=True):

        def read(name: str, sha256: str, names: Mapping[str, str] = names) -> bytes:
            return _read_checked(folder / names[name], sha256)

        branches.append(replace(branch, spec=attach_files(branch.spec, read)))
    return replace(record, branches=tuple(branches))


def _read_checked(file: Path, sha256: str) -> bytes:
    """Return a file's bytes, if they are those that were saved."""
    try:
        content = file.read_bytes()
    except (OSError, MemoryError) as error:
        refuse_machine_faults(error, f"to read {file.name}")
        raise ClassifierError(
            f"{str(file)!r} cannot be read: {getattr(error, 'strerror', None) or error}; copy the whole model folder"
        ) from None
    if (digest := hashlib.sha256(content).hexdigest()) != sha256:
        raise ClassifierError(
            f"{str(file)!r} is not the file that was saved (SHA-256 {digest[:12]}…, model.json says {sha256[:12]}…); "
            "copy the whole model folder again, or load it again if it was being replaced just now"
        )
    return content
