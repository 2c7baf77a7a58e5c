"""The choice of engine and precision for a backbone on this machine; each is checked on real samples."""

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.engines.factory import EngineFactory
from headstart.engines.openvino import OpenVinoFactory
from headstart.engines.parity import EngineChoice, ParitySamples
from headstart.engines.pytorch_factory import PyTorchFactory, find_accelerator, has_gpu
from headstart.settings import Precision
from headstart.settings.chapters import BUILT_IN_ENGINES
from headstart_runtime.errors import EngineError
from headstart_runtime.extras import has_extra
from headstart_runtime.hardware import Hardware, count_cores
from headstart_runtime.plugins import Registry
from headstart_runtime.protocol_checks import expect_members

GROUP = "headstart.engines"
ENGINES: dict[str, EngineFactory] = {factory.name: factory for factory in (OpenVinoFactory(), PyTorchFactory())}
REGISTRY: Registry[EngineFactory] = Registry(
    GROUP,
    "engine",
    ENGINES,
    expect_members(EngineFactory),
    name_in="name",
    reserved=BUILT_IN_ENGINES,
    unknown=EngineError,
)


def rank_engines(backbone: Backbone, hardware: Hardware) -> list[EngineFactory]:
    """Return the engines that can run a backbone on a machine, the most preferred first."""
    ranks = list(REGISTRY.poll(lambda factory: factory.rank(backbone, hardware)))
    able = [(factory, rank) for factory, rank in ranks if rank is not None]
    return [factory for factory, _ in sorted(able, key=lambda ranked: -ranked[1])]


def choose_engine(
    backbone: Backbone,
    samples: ParitySamples,
    *,
    engine: str = "auto",
    precision: Precision = "auto",
    listener: events.Listener = events.ignore,
) -> EngineChoice:
    """Return the fastest engine that gives the right features.

    Args:
        backbone: what to run.
        samples: what a check is made on.
        engine: a name, or "auto".
        precision: "auto" is bf16 where the processor has it and loses little on these samples; "bf16" does not ask.
        listener: is told of a fallback.

    Raises:
        EngineError: none works.
        MissingExtra: the one that is asked for, or the check of a network that PyTorch converted, needs PyTorch.
    """
    if engine == "auto" and has_gpu() and not has_extra("train", "torch"):
        listener(
            events.Note("this machine's GPU is not used: PyTorch is not installed (pip install 'headstart[train]')")
        )
    if engine != "auto":
        return REGISTRY.get(engine).start(backbone, samples, precision, listener)
    first, *others = rank_engines(backbone, Hardware(count_cores(), find_accelerator()))
    for other in others:
        try:
            return first.start(backbone, samples, precision, listener)
        except EngineError as error:
            listener(events.Note(f"{error}; {other.title} runs it instead"))
        first, precision = other, "f32"
    return first.start(backbone, samples, precision, listener)
