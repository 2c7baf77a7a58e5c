"""Obstacles to training a network: the one place that advice, prices, comparisons and reports ask."""

from headstart_runtime.extras import PYTORCH, ExtraName, describe_missing_extra
from headstart_runtime.modalities.batch import AnySpec, find_mask, is_free
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.task import Task

EXTRA: ExtraName = "train"  #: that training takes
TRAINING = ("partial-finetune", "full-finetune", "scratch")  #: strategies that train a network


def find_training_obstacle(network: str, spec: AnySpec, task: Task) -> str:
    """Return why a network cannot be trained for a task here, to stand behind a colon; "" where it can.

    Args:
        network: its name.
        spec: the ``InputSpec`` by which it reads items.
        task: that is learnt.
    """
    return find_network_obstacle(network, spec, task) or describe_missing_extra(EXTRA, "training a network", *PYTORCH)


def find_network_obstacle(network: str, spec: AnySpec, task: Task) -> str:
    """Return why a network cannot be trained for a task, whatever is installed; "" where it can."""
    allowed = task.strategies is None or any(name in task.strategies for name in TRAINING)
    if task.training is None or not allowed:
        return f"{task.title} trains no networks"
    return find_input_obstacle(network, spec)


def find_input_obstacle(network: str, spec: AnySpec) -> str:
    """Return why a network with such inputs cannot be trained, whatever is learnt; "" where it can.

    Samples of several lengths are in one step of training: it has to be told what of them is padding.
    """
    if not is_free(spec) or find_mask(spec) is not None:
        return ""
    many = get_modality(spec.kind).noun.many
    what = "only networks whose inputs have one length, or a mask of what is padding, can be trained"
    return f"{network} reads {many} of any length, and {what}"
