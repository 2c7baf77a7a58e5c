"""Hold the source to its seams: python checks/words.py [FOLDER ...].

Outside ``modalities/image`` no identifier, import or string speaks of images, and outside ``tasks/classification`` none
of softmax or of exactly one label; docstrings and the report's templates are strings too, comments are not. With
folders, only offences inside these are listed. ``OPEN`` names the files that still offend: it may only shrink.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (ROOT / "src" / "headstart", ROOT / "runtime" / "src" / "headstart_runtime")  #: the packages


@dataclass(frozen=True)
class Seam:
    """Words that belong to one room."""

    words: re.Pattern[str]  #: in lower case; of identifiers their parts are looked at, joined by "_"
    home: str  #: for the message
    exempt: dict[str, str]  #: folder or file below the source -> why it may say them


SEAMS = (
    Seam(
        re.compile(r"(?<![a-z])(photos?|pixels?|images?|pictures?|exif|jpegs?)(?![a-z])"),
        "modalities/image",
        {
            "modalities/image/": "their home",
            "backbones/providers/": "zoos of networks that read images",
            "data/readers/tables/numbered_lists.py": "names of files as a public set has them",
            "data/readers/folders/part_tables.py": "names of folders as public sets have them",
            **{
                f"data/readers/annotations/{name}.py": "keys and file names of the formats, as the tools write them"
                for name in ("datumaro", "item_files", "tool_csv", "tool_exports", "tool_rows", "via")
            },
            "verbs/demo.py": "the demonstration is of drawn digits",
            "verbs/options.py": "made by docs/generate.py from the chapters of all modalities",
        },
    ),
    Seam(
        re.compile(r"(?<![a-z])(softmax|single[-_ ]label|cross[-_ ]entropy|mcnemar)(?![a-z])"),
        "tasks/classification",
        {
            "tasks/classification/": "their home",
            **{f"tasks/{name}/": "losses of labels and of ranks" for name in ("multilabel", "ordinal")},
            "heads/": "heads that minimise a loss over classes",
            "linalg.py": "the function itself",
            "selection/domain_similarity.py": "answers of the classifier that a network was pretrained with",
            "backbones/encoders/": "attention in a network, an operation of ONNX and of PyTorch",
            "deployment/torch_operators.py": "an operation of ONNX and of PyTorch",
            "explanation/choose_map.py": "attention in a network, an operation of ONNX",
            "training/benchmark.py": "a loss to time steps by; any would do",
        },
    ),
)
#: Said without a meaning of their own: names of data sets, types of media, a property of style sheets, a function of
#: browsers.
NEUTRAL = re.compile(r"ImageNet|imagenet|image/(?:png|jpeg|webp|svg\+xml)|background-image|drawImage")
#: Dictionaries that name the built-in residents.
REGISTRIES = ("MODALITIES", "TASKS")
#: Files that still offend.
OPEN: set[str] = set()


def split_words(text: str) -> str:
    """Return a text in lower case, the parts of identifiers joined by "_"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", "_", NEUTRAL.sub("", text)).lower()


def list_said(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of every identifier, import and string of a module."""
    ignored: set[int] = set()
    for node in ast.walk(tree):
        if id(node) in ignored:
            continue
        if isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id in REGISTRIES for target in targets):
                ignored |= {id(inner) for inner in ast.walk(node)}
                continue
        line = getattr(node, "lineno", 1)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((line + number, text) for number, text in enumerate(node.value.splitlines()))
        for field in ("id", "attr", "arg", "name", "asname", "module", "rest"):
            if isinstance(name := getattr(node, field, None), str):
                yield line, name
        if isinstance(node, ast.Global | ast.Nonlocal | ast.MatchClass):
            yield from ((line, name) for name in getattr(node, "names", getattr(node, "kwd_attrs", [])))


def list_template(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of a template, without its comments."""
    plain = re.sub(r"\{#.*?#\}", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    yield from enumerate(plain.splitlines(), 1)


def find_offences() -> dict[str, list[tuple[int, str]]]:
    """Return the offences of each file that has some, by its path in the project: line and what is said."""
    found: dict[str, list[tuple[int, str]]] = {}
    for source, file in ((one, file) for one in SOURCES for file in sorted(one.rglob("*"))):
        if file.suffix not in (".py", ".html", ".md", ".js", ".css", ".txt") or "__pycache__" in file.parts:
            continue
        name, text = file.relative_to(source).as_posix(), file.read_text("utf-8")
        seams = [seam for seam in SEAMS if not name.startswith(tuple(seam.exempt))]
        said = list_said(ast.parse(text)) if file.suffix == ".py" else list_template(text)
        for line, words in said:
            for seam in seams:
                if word := seam.words.search(split_words(words)):
                    found.setdefault(file.relative_to(ROOT).as_posix(), []).append(
                        (line, f"{word[0]!r} belongs to {seam.home}: {words.strip()}")
                    )
    return found


def main(arguments: list[str]) -> int:
    """Print offences; give 1 where there are some that are not known."""
    found = find_offences()
    folders = [Path(argument).resolve() for argument in arguments]
    for name, offences in found.items():
        if any((ROOT / name).is_relative_to(folder) for folder in folders) or (not folders and name not in OPEN):
            for line, said in sorted(set(offences)):
                print(f"{name}:{line}: {said}")
    clean = sorted(OPEN - found.keys())
    for name in clean:
        print(f"checks/words.py: {name} does not offend any more; take it out of OPEN")
    return 1 if clean or found.keys() - OPEN else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
