"""The form in which a source writes labels: words for each, and the tasks that read one."""

from headstart.label_text import LabelForm
from headstart_runtime.tasks.task import all_tasks

#: The labels of a source, for people.
FORM_WORDS: dict[LabelForm, str] = {
    "one": "one label for each item",
    "several": "several labels for an item",
    "indicators": "a column of 0 and 1 for each label",
    "columns": "several columns",
}


def propose_tasks(form: LabelForm) -> str:
    """Return the flags of the tasks that read labels of a form, for a message; "" where there is none."""
    return " or ".join(f"--task {task.name}" for task in all_tasks() if form in task.targets.reads)


def propose_reading(form: LabelForm) -> str:
    """Return the end of a message on labels that a task does not read: what reads them."""
    flags = propose_tasks(form)
    return f"add {flags} to read them" if flags else "no task here reads them"
