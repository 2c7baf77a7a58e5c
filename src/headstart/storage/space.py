"""Records of the store: the space of comparable rows, decode issues, disk space."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

DIGEST_DIGITS = 40
FLOAT_BYTES = 4


@dataclass(frozen=True)
class FeatureSpace:
    """The space of comparable rows: of one network, one way of feeding it, one arithmetic."""

    fingerprint: str  #: 40 hexadecimal digits over weights, image spec, view, precision and engine
    layers: tuple[tuple[str, int], ...]  #: name and width of each layer, in the order they are stored
    description: str = ""  #: for people: "efficientnet_lite0, openvino bf16"

    def __post_init__(self) -> None:
        digest_to_bytes(self.fingerprint)
        names = [name for name, _ in self.layers]
        if not names or len(set(names)) != len(names) or any(width < 1 for _, width in self.layers):
            raise ValueError(f"layers {self.layers!r}: wanted one or more, each name once, each width 1 or more")

    @cached_property
    def widths(self) -> dict[str, int]:
        """Numbers per sample, by layer."""
        return dict(self.layers)

    @property
    def row_bytes(self) -> int:
        """Bytes that one sample takes in a shard."""
        return FLOAT_BYTES * sum(self.widths.values())

    def width(self, layer: str) -> int:
        """Return the numbers per sample of one layer.

        Raises:
            KeyError: the space has no such layer.
        """
        if layer not in self.widths:
            raise KeyError(f"no layer {layer!r} in {self}; it has {', '.join(self.widths)}")
        return self.widths[layer]

    def floats_before(self, layer: str) -> int:
        """Return the numbers per sample in the layers that are stored before this one."""
        names = list(self.widths)
        return sum(self.widths[name] for name in names[: names.index(layer)])

    def __str__(self) -> str:
        return self.description or self.fingerprint


@dataclass(frozen=True, slots=True)
class DecodeIssue:
    """An issue that decoding a sample found and its features do not show."""

    digest: str
    broken: bool  #: True: no features, and none will come; False: its features are stored
    reason: str = ""  #: why it is broken, or what was repaired
    unseen: str = ""  #: what of it no network sees, in a clause


@dataclass(frozen=True, slots=True)
class SpaceUsage:
    """The disk space that a space takes."""

    fingerprint: str
    description: str
    rows: int  #: samples
    bytes: int  #: of its shards
    last_used: float  #: seconds since 1970


@dataclass(frozen=True, slots=True)
class EntryUsage:
    """The disk space that a network or an unpacked archive takes."""

    #: "converted network", "trained network", "unfinished training", "unpacked archive" or "results of a version"
    kind: str
    name: str  #: of its folder
    bytes: int
    last_used: float  #: seconds since 1970


@dataclass(frozen=True, slots=True)
class PruneReport:
    """The result of a pruning."""

    bytes_before: int  #: of everything in the store's folder
    bytes_after: int
    rows: int  #: samples whose features were removed, counted once per space
    shards: int
    networks: int  #: entries of networks/
    held: int  #: shards and entries that would have gone and were kept, for a live writer or a running job needs them


def digest_to_bytes(digest: str) -> bytes:
    """Return a digest as the index keeps it: 20 bytes.

    Raises:
        ValueError: it is no digest.
    """
    try:
        key = bytes.fromhex(digest)
    except ValueError:
        key = b""
    if len(digest) != DIGEST_DIGITS or 2 * len(key) != DIGEST_DIGITS:
        raise ValueError(f"{digest!r} is not 40 hexadecimal digits; rows go by Sample.digest, not by Sample.id")
    return key


def digests_to_bytes(digests: Sequence[str]) -> list[bytes]:
    """Return digests as the index keeps them."""
    return [digest_to_bytes(digest) for digest in digests]
