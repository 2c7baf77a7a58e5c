"""Members that a modality may have beside those of ``Modality``, and what is done where one has them not."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from headstart_runtime.errors import SettingError
from headstart_runtime.modalities.batch import AnySpec, InputSpec
from headstart_runtime.modalities.item import NamedItem
from headstart_runtime.modalities.modality import Modality


@runtime_checkable
class ConfigurableModality(Protocol):
    """A modality whose settings say how much of an item a network sees."""

    def configure_spec(self, spec: AnySpec, settings: Any) -> InputSpec:
        """Return the spec of a network as the settings of a fit have it.

        Args:
            spec: as the network brought it.
            settings: of the fit, those of the modality's own chapter among them.
        """


@runtime_checkable
class HostModality(Protocol):
    """A modality whose items the host prepares, as a person who runs the saved graph elsewhere has to be told."""

    def describe_tensors(self) -> str:
        """Return what the saved graph takes and what makes it, as Markdown, with a comma at its end."""


@runtime_checkable
class MeasuredModality(Protocol):
    """A modality of whose items a small file may take much memory once it is decoded."""

    def measure_decoded(self, content: bytes) -> int:
        """Return the bytes that an item takes at most while it is decoded, about, told from its header.

        Raises:
            BrokenItem: it is no item of this modality.
        """


@runtime_checkable
class PartialModality(Protocol):
    """A modality of whose items a network may see a part only, as ``Decoded.unseen`` says of each."""

    def describe_unseen(self, spec: AnySpec, unseen: int, items: int) -> str:
        """Return how many of some items are seen in part, and what would have all of them seen, in a line."""


def describe_unseen(modality: Modality, spec: AnySpec, unseen: int, items: int) -> str:
    """Return how many of some items are seen in part, in a line; "" for none."""
    if unseen and isinstance(modality, PartialModality):
        return modality.describe_unseen(spec, unseen, items)
    return f"{unseen} of {items} {modality.noun.form(items)} are seen in part" if unseen else ""


def configure_spec(modality: Modality, spec: AnySpec, settings: Any) -> InputSpec:
    """Return the spec of a network as the settings have it; as it is where the modality has no such settings."""
    if isinstance(modality, ConfigurableModality):
        return modality.configure_spec(spec, settings)
    return spec


@runtime_checkable
class RecordedModality(Protocol):
    """A modality whose items may be long recordings, answered stretch by stretch, and come from a device."""

    def cut_recording(self, item: Any, seconds: float) -> Iterator[NamedItem]:
        """Yield the stretches of an item that a path leads to, so many seconds each; any other item as it is."""

    def listen(self, seconds: float) -> Iterator[NamedItem]:
        """Yield what this machine's device records, so many seconds each, for as long as it is asked.

        Raises:
            SettingError: there is no device, or no package for it.
        """


def find_recorded(modality: Modality, flag: str) -> RecordedModality:
    """Return a modality as one of recordings.

    Raises:
        SettingError: its items are none; the message names the flag.
    """
    if isinstance(modality, RecordedModality):
        return modality
    raise SettingError(f"{flag} is for classifiers of recordings, and this one reads {modality.noun.many}")


@runtime_checkable
class DrawingModality(Protocol):
    """A modality that draws items on which an exported classifier is proved."""

    def draw_items(self) -> Mapping[str, bytes]:
        """Return contents of files by name, which cover what a person's own items may lack; some may be no items."""


class WebPage(Protocol):
    """A page that decodes items and answers them in a visitor's browser."""

    tasks: frozenset[str]  #: names of the tasks whose answers have a form on it

    def read_files(self) -> Mapping[str, bytes]:
        """Return its files by name: ``index.html``, ``headstart.js``, ``service-worker.js`` and what they need."""

    def encode_array(self, item: NDArray[Any]) -> bytes:
        """Return an item that is an array as the content of a file that a browser decodes to the same."""

    def name_unread(self, content: bytes) -> str | None:
        """Return the kind of an item that browsers need not read, such as "TIFF"; None of all others."""


@runtime_checkable
class WebModality(Protocol):
    """A modality whose items a web page can answer."""

    def open_web_page(self) -> WebPage:
        """Return the page."""


def find_web_page(modality: Modality) -> WebPage:
    """Return the page that answers a modality's items.

    Raises:
        SettingError: there is none.
    """
    if isinstance(modality, WebModality):
        return modality.open_web_page()
    raise SettingError(
        f"there is no web page that reads {modality.noun.many} yet; export to another format, such as onnx"
    )


def draw_items(modality: Modality) -> Mapping[str, bytes]:
    """Return the items that a modality draws, as contents of files by name; none of one that draws none."""
    return modality.draw_items() if isinstance(modality, DrawingModality) else {}
