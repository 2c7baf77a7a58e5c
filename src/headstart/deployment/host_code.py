"""The code in an export's folder: copied there, and run from there."""

import uuid
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

from headstart.deployment.formats import ExportJob
from headstart_runtime.errors import SaveError
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.extras import EXTRAS
from headstart_runtime.inference.model_format import HEAD, NOVELTY_ARRAYS

CODE = "predict.py"  #: in an export's folder


def copy_code(name: str, folder: Path) -> None:
    """Write the module of ``deployment.host`` with a name into a folder, as its ``predict.py``."""
    (folder / CODE).write_bytes((files("headstart.deployment.host") / f"{name}.py").read_bytes())


def load_code(folder: Path) -> Any:
    """Return the code of an export's folder as a module; it has a function ``start(folder)``.

    Raises:
        SaveError: it cannot be imported.
    """
    module = ModuleType(f"exported_{uuid.uuid4().hex}")
    module.__file__ = str(folder / CODE)
    content = (folder / CODE).read_text("utf-8")
    try:
        exec(compile(content, folder / CODE, "exec"), module.__dict__)  # noqa: S102  no __pycache__ in the export
    except ImportError as error:
        raise SaveError(f"the code of the export cannot be run here: {error}; install what it needs") from error
    return module


def start_code(folder: Path) -> ExportRunner:
    """Return the code of an export's folder, running; errors as of ``load_code``."""
    runner: ExportRunner = load_code(folder).start(folder)
    return runner


def copy_heads(job: ExportJob, folder: Path) -> None:
    """Write what the host computes heads and novelty from: ``Host.apply_heads``."""
    files = job.classifier.files
    (folder / HEAD).write_bytes(files.head)
    if files.novelty is not None:
        (folder / NOVELTY_ARRAYS).write_bytes(files.novelty)


def list_runtime_extras(job: ExportJob, extras: Sequence[str]) -> list[str]:
    """Return the extras of ``headstart-runtime`` that an export needs: those given, and that of its modality."""
    return [*extras, *(name for name in EXTRAS if name == job.classifier.record.modality.name)]


def describe_code(job: ExportJob, extras: Sequence[str]) -> str:
    """Return how ``predict.py`` is run, as Markdown.

    Args:
        job: the classifier.
        extras: of ``headstart-runtime``, that its code needs.
    """
    record, needed = job.classifier.record, list_runtime_extras(job, extras)
    package = f"'headstart-runtime[{','.join(needed)}]'" if needed else "headstart-runtime"
    return f"""```bash
pip install {package}
python {CODE} {record.modality.noun.phrases.argument}
python {CODE} --check
```

The last line answers the golden items and compares. In Python, in this folder:

```python
from pathlib import Path

from predict import start

exported = start()
for file in sorted(Path("golden").glob("0-*")):
    print(exported.answer(file).outputs["{record.task.answer}"])
print(exported.names)
```"""
