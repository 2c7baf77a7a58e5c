"""Hold the source to its conventions of naming: python checks/naming.py [FOLDER ...].

Refused are: a public function, class or type defined in two modules; ``it`` as a variable, but in a comprehension of
one line; a docstring that begins with What, How or Which; a file of more than 300 lines. With folders, only offences
inside these are listed.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (ROOT / "src" / "headstart", ROOT / "runtime" / "src" / "headstart_runtime")  #: the packages
MOST_LINES = 300
#: Names that several modules may define: interchangeable modules of one registry, by the folder that holds them.
INTERCHANGEABLE: dict[str, str] = {"Exported": "deployment/host", "start": "deployment/host"}
#: The faces of the package: what stands there may have the name of what it calls.
FACES = ("cli", "verbs", "sklearn", "command", "errors.py")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_QUESTIONS = ("What ", "How ", "Which ")


def _place(file: Path) -> Path:
    """Return a file's path inside its package."""
    return next(file.relative_to(source) for source in SOURCES if file.is_relative_to(source))


def public_names(tree: ast.Module) -> Iterator[str]:
    """Yield the public functions, classes and types that a module defines; constants are not meant."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            variable = isinstance(node.value, ast.Call) and ast.unparse(node.value.func).endswith("TypeVar")
            yield from (name for name in names if not name.isupper() and not variable and name != "__all__")


def find_doubles(trees: dict[Path, ast.Module]) -> Iterator[tuple[Path, int, str]]:
    """Yield public names that two modules define."""
    places: dict[str, list[Path]] = defaultdict(list)
    for file, tree in trees.items():
        for name in dict.fromkeys(public_names(tree)):
            if not name.startswith("_"):
                places[name].append(file)
    for name, files in sorted(places.items()):
        counted = [file for file in files if _place(file).parts[0] not in FACES] or files[:1]
        inside = INTERCHANGEABLE.get(name)
        counted = [file for file in counted if inside is None or not _place(file).is_relative_to(inside)]
        if len(counted) > 1:
            others = ", ".join(str(_place(file)) for file in counted)
            yield from ((file, 1, f"{name} is defined in several modules: {others}") for file in counted)


def find_it(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield where ``it`` is a variable outside a comprehension of one line."""
    allowed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, _COMPREHENSIONS) and node.lineno == node.end_lineno:
            targets = [
                name.id for part in node.generators for name in ast.walk(part.target) if isinstance(name, ast.Name)
            ]
            if "it" in targets:
                allowed |= {id(name) for name in ast.walk(node)}
    for node in ast.walk(tree):
        named = (isinstance(node, ast.Name) and node.id == "it") or (isinstance(node, ast.arg) and node.arg == "it")
        if named and id(node) not in allowed:
            yield node.lineno, "the variable 'it' has no name of its own"


def find_questions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield docstrings that ask instead of saying."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node) or ""
            if text.startswith(_QUESTIONS):
                yield getattr(node, "lineno", 1), f"the docstring begins with {text.split()[0]!r}"


def find_offences() -> list[tuple[Path, int, str]]:
    """Return every offence: file, line, what it is."""
    texts = {file: file.read_text("utf-8") for source in SOURCES for file in sorted(source.rglob("*.py"))}
    trees = {file: ast.parse(text) for file, text in texts.items()}
    found = list(find_doubles(trees))
    for file, tree in trees.items():
        found += [(file, line, said) for line, said in (*find_it(tree), *find_questions(tree))]
        if (lines := texts[file].count("\n")) > MOST_LINES:
            found.append((file, lines, f"{lines} lines; at most {MOST_LINES} are wanted"))
    return found


def main() -> int:
    """Print offences; give 1 where there are some."""
    folders = [Path(argument).resolve() for argument in sys.argv[1:]] or list(SOURCES)
    found = [it for it in find_offences() if any(it[0].is_relative_to(folder) for folder in folders)]
    for file, line, said in sorted(found):
        print(f"{file.relative_to(ROOT)}:{line}: {said}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
