"""Exports for the web: a static folder with a page that answers on a visitor's own machine, by onnxruntime-web."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headstart.deployment.browser import find_browser
from headstart.deployment.contents import list_licences
from headstart.deployment.formats import ExportJob, ExportPrecision
from headstart.deployment.onnx_format import make_graph
from headstart.deployment.ort_web import read_ort_web
from headstart.deployment.tolerance import Tolerance
from headstart.deployment.web_runner import CLASSIFIER, PURPOSE, WebRunner, describe_graph
from headstart_runtime.errors import SettingError
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.inference.model_format import GRAPH
from headstart_runtime.modalities.optional_facets import WebPage, find_web_page
from headstart_runtime.tasks.threshold_task import find_thresholds

SCHEMA_VERSION = 1
MANIFEST = "app.webmanifest"
WORKER = "service-worker.js"
#: Of the folder, not of the page: types for editors; the licence stands beside what it is of.
_NOT_LOADED = (".d.ts", ".txt")


class WebFormat:
    """A page and a module for other pages."""

    name = "web"
    title = "the browser"
    precisions: Sequence[ExportPrecision] = ("f32",)

    def get_tolerance(self, precision: ExportPrecision) -> Tolerance:
        """Return those of float32 by another library's kernels, behind a browser's own decoders."""
        return Tolerance(differing=0.01, levels=1.0)  # browsers shrink the colours of JPEGs a little otherwise

    def write(self, job: ExportJob, folder: Path) -> None:
        """Write the page, its module, the graph and onnxruntime-web.

        Raises:
            SettingError: no page reads such items or shows such answers; onnxruntime-web or Chromium is not here.
        """
        record = job.classifier.record
        page = find_web_page(record.modality)
        if record.task.name not in page.tasks:
            raise SettingError(f"the web page has no form for answers of {record.task.title}; export to another format")
        given = job.options.get("ort_web")
        runtime = read_ort_web(None if given is None else Path(given).expanduser())
        find_browser(PURPOSE)
        (folder / "ort").mkdir()
        contents = {**page.read_files(), **runtime.files, GRAPH: make_graph(job), MANIFEST: _make_manifest(job)}
        worker = contents.pop(WORKER).decode()
        loaded = {name: content for name, content in contents.items() if not name.endswith(_NOT_LOADED)}
        facts = _describe(job, page, contents[GRAPH], sum(map(len, loaded.values())))
        facts["runtime"] = runtime.facts
        loaded[CLASSIFIER] = contents[CLASSIFIER] = json.dumps(facts, indent=1, ensure_ascii=False).encode()
        hashes = {name: _hash(content) for name, content in sorted(loaded.items())}
        version = _hash(json.dumps(hashes).encode())[:16]
        worker = worker.replace("{{version}}", version).replace("{{files}}", json.dumps(hashes, indent=2))
        for name, content in {**contents, WORKER: worker.encode()}.items():
            (folder / name).write_bytes(content)

    def start(self, folder: Path) -> ExportRunner:
        """Return the module of the folder, running in headless Chromium.

        Raises:
            SettingError: there is no Chromium.
            SaveError: the export does not load in it.
        """
        return WebRunner(folder)

    def describe_use(self, job: ExportJob) -> str:
        """Return how the folder is looked at, hosted, and used from other pages."""
        noun = job.classifier.record.modality.noun
        return f"""Look at it on this machine, then at the address that is said:

```bash
python -m http.server --bind 127.0.0.1 8000
```

Any static web host will do: copy the whole folder. Over HTTPS the camera works, and the page goes on working without a
network after the first visit. {noun.many.capitalize()} are answered on the visitor's machine and sent nowhere.

A page of your own takes `headstart.js` (its types are in `headstart.d.ts`):

```js
import {{ load }} from "./headstart.js";

const classifier = await load();
const answer = await classifier.predict(file); // with the keys that `headstart predict --json` has
```

A Content-Security-Policy has to allow `script-src 'self' 'wasm-unsafe-eval'`. One thread is used, so no other header is
needed."""


def _describe(job: ExportJob, page: WebPage, graph: bytes, download: int) -> dict[str, Any]:
    """Return the content of classifier.json but for the runtime."""
    record = job.classifier.record
    noun, space = record.modality.noun, record.space
    units = [str(unit) for unit in space.facts.get("units", ())]
    model = record.to_json()
    return {
        "schema_version": SCHEMA_VERSION,
        "title": job.name,
        "task": record.task.name,
        "task_title": record.task.title,
        "names": list(space.names),
        "units": units if len(units) == len(space) else [""] * len(space),
        "thresholds": dict(find_thresholds(record.task, record.postprocessor, space)),
        "noun": {"one": noun.one, "many": noun.many, "a_one": noun.a_one},
        "spec": record.spec.to_json(),
        "graph": describe_graph(GRAPH, graph),
        "facts": dict(record.task.describe_model(space, record.postprocessor, record.scores)),
        "postprocessor": model["postprocessor"],
        "novelty": model["novelty"],
        "licences": list_licences(record),
        "download_bytes": download,
    }


def _make_manifest(job: ExportJob) -> bytes:
    """Return what a browser reads where the page is put on a home screen."""
    icons: list[Mapping[str, str]] = [
        {"src": "icon.svg", "sizes": "any", "type": "image/svg+xml"},
        {"src": "icon.png", "sizes": "512x512", "type": "image/png"},
    ]
    name = re.sub(r"\s+", " ", job.name)
    facts = {
        "name": name,
        "short_name": name[:12],
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#f6f7f9",
        "theme_color": "#2457c5",
        "icons": icons,
    }
    return json.dumps(facts, indent=1, ensure_ascii=False).encode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
