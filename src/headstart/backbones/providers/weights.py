"""Weights in files: state dicts, read without running anything in them and fitted strictly."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from headstart.backbones.origin import Origin
from headstart_runtime.errors import BackboneError, refuse_machine_faults


def read_weights(origin: Origin) -> dict[str, Tensor]:
    """Return a state dict from a file, read without running anything in it."""
    assert origin.file is not None
    try:
        if origin.file.suffix.lower() == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(origin.file))
        loaded = torch.load(origin.file, map_location="cpu", weights_only=True)
    except Exception as error:
        refuse_machine_faults(error, f"to read the checkpoint {str(origin.file)!r}")
        reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"
        raise BackboneError(
            f"checkpoint {str(origin.file)!r} cannot be read safely ({reason}); wanted a state dict saved as "
            ".safetensors, or as .pth with tensors only"
        ) from error
    for inner in ("state_dict_ema", "state_dict", "model", "model_ema"):
        if isinstance(loaded, Mapping) and isinstance(loaded.get(inner), Mapping):
            loaded = loaded[inner]
            break
    if not isinstance(loaded, Mapping) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise BackboneError(
            f"checkpoint {str(origin.file)!r} holds no state dict; save model.state_dict() and use that"
        )
    return {name.removeprefix("module.").removeprefix("_orig_mod."): value for name, value in loaded.items()}


def fit_into(body: nn.Module, state: dict[str, Tensor], origin: Origin) -> None:
    """Load weights strictly, except the pretrained classifier: a network of other classes is still a backbone."""
    heads = body.pretrained_cfg.get("classifier") or ()
    own_heads = tuple(f"{name}." for name in ((heads,) if isinstance(heads, str) else heads))
    expected = body.state_dict()
    own = {name for name in expected if not name.startswith(own_heads)}
    wrong = [name for name in own if name in state and state[name].shape != expected[name].shape]
    missing = sorted(own - state.keys())
    if wrong or missing:
        first = (
            f"{wrong[0]} has shape {tuple(state[wrong[0]].shape)}, wanted {tuple(expected[wrong[0]].shape)}"
            if wrong
            else f"{missing[0]} is missing"
        )
        raise BackboneError(
            f"the weights in {str(origin.file)!r} do not fit {origin.architecture}: {len(missing)} of {len(own)} "
            f"tensors missing, {len(wrong)} of another shape ({first}); name the architecture they were trained with"
        )
    unfinite = [name for name in own if state[name].is_floating_point() and not bool(state[name].isfinite().all())]
    if unfinite:
        raise BackboneError(
            f"the weights in {str(origin.file)!r} are not finite in {unfinite[0]}; use another checkpoint"
        )
    body.load_state_dict({name: state[name] for name in own}, strict=False)
