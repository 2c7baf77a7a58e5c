"""The protocol of the file that brings an engine."""

from typing import Protocol

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.engines.parity import EngineChoice, ParitySamples
from headstart.settings import Precision
from headstart_runtime.hardware import Hardware


class EngineFactory(Protocol):
    """Says how well an engine suits a machine, and starts it; imports no heavy library before.

    A package of your own registers one under the entry point group ``headstart.engines``; see docs/backbones.md.
    """

    name: str
    title: str  #: for a person

    def rank(self, backbone: Backbone, hardware: Hardware) -> float | None:
        """Return how much this engine is to be preferred, the greater the sooner; None where it cannot run here.

        OpenVINO has 1, PyTorch 2 where there is a GPU and else 0.
        """
        ...

    def start(
        self, backbone: Backbone, samples: ParitySamples, precision: Precision, listener: events.Listener
    ) -> EngineChoice:
        """Return the engine at a precision, checked against a reference.

        Args:
            backbone: what to run.
            samples: what a check is made on.
            precision: "auto" is bf16 where the processor has it and loses little on these samples.
            listener: is told of a fallback to float32.

        Raises:
            EngineError: it does not run this backbone, or gives other features.
        """
        ...
