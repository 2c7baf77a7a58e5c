"""BatchNorm with frozen statistics, folded into the convolution before it: the same function with one pass less.

In inference mode BatchNorm is ``x * scale + shift`` per channel. Folded, the scale multiplies the filter and the shift
becomes its bias; training then moves filter and bias directly. Jacob et al. 2018 (CVPR), section 3.2.
"""

from typing import cast

import torch
from timm.layers import BatchNormAct2d, Conv2dSame
from torch import fx, nn

#: Other convolutions compute their filter anew in each forward pass, so there is nothing to fold into.
_FOLDABLE = (nn.Conv2d, Conv2dSame)


def fold_batchnorm(module: fx.GraphModule) -> int:
    """Fold in place every BatchNorm that alone follows a plain convolution; return how many.

    What was in a ``BatchNormAct2d`` beside the norm, dropout and activation, stays in the graph as modules.
    """
    count = 0
    for node in list(module.graph.nodes):
        if node.op != "call_module" or len(node.args) != 1 or node.kwargs:
            continue
        norm, source = module.get_submodule(str(node.target)), node.args[0]
        if not isinstance(norm, nn.BatchNorm2d) or norm.running_mean is None or not isinstance(source, fx.Node):
            continue
        if source.op != "call_module" or len(source.users) != 1:
            continue
        conv = module.get_submodule(str(source.target))
        if (
            type(conv) not in _FOLDABLE
            or _count_uses(module, str(source.target)) > 1
            or _count_uses(module, str(node.target)) > 1
        ):
            continue
        _replace_module(module, str(source.target), _fold(cast("nn.Conv2d", conv), norm))
        _replace_module(module, str(node.target), _rest_of_norm(norm))
        count += 1
    module.recompile()
    return count


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    with torch.no_grad():
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = torch.rsqrt(norm.running_var + norm.eps)
        shift = -norm.running_mean * scale
        if norm.affine:
            scale, shift = scale * norm.weight, shift * norm.weight + norm.bias
        if conv.bias is not None:
            shift = shift + conv.bias * scale
        conv.weight = nn.Parameter(conv.weight * scale.view(-1, 1, 1, 1), requires_grad=conv.weight.requires_grad)
        conv.bias = nn.Parameter(shift.clone(), requires_grad=conv.weight.requires_grad)
    return conv


def _rest_of_norm(norm: nn.BatchNorm2d) -> nn.Module:
    if isinstance(norm, BatchNormAct2d):
        return nn.Sequential(norm.drop, norm.act)
    return nn.Identity()


def _count_uses(module: fx.GraphModule, target: str) -> int:
    return sum(node.op == "call_module" and node.target == target for node in module.graph.nodes)


def _replace_module(module: fx.GraphModule, target: str, new: nn.Module) -> None:
    owner, _, name = target.rpartition(".")
    setattr(module.get_submodule(owner), name, new)
