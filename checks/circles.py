"""Refuse circles of imports, those inside functions included: python checks/circles.py.

Imports for type checkers alone do not count. A package's ``__init__`` counts as the package.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (ROOT / "src" / "headstart", ROOT / "runtime" / "src" / "headstart_runtime")  #: the packages


def module_files() -> dict[str, Path]:
    """Return the file of each module, by its dotted name."""
    files = {}
    for source in SOURCES:
        for file in sorted(source.rglob("*.py")):
            parts = (source.name, *file.relative_to(source).with_suffix("").parts)
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return files


def imported_by(tree: ast.Module, known: set[str]) -> set[str]:
    """Return the modules of the package that a module imports, anywhere in it."""
    ignored: set[int] = set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            ignored |= {id(inner) for part in node.body for inner in ast.walk(part)}
        if id(node) in ignored:
            continue
        if isinstance(node, ast.ImportFrom) and node.module in known:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in known else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in known}
    return found


def find_circles(graph: dict[str, set[str]]) -> Iterator[list[str]]:
    """Yield the sets of modules that import each other, if through others (Tarjan, 1972, SIAM J. Comput. 1)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(name: str) -> Iterator[list[str]]:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                yield from visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            circle = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(circle) > 1 or name in graph[name]:
                yield sorted(circle)

    for name in sorted(graph):
        if name not in order:
            yield from visit(name)


def main() -> int:
    """Print circles; give 1 where there are some."""
    files = module_files()
    graph = {name: imported_by(ast.parse(file.read_text("utf-8")), set(files)) for name, file in files.items()}
    circles = list(find_circles(graph))
    for circle in circles:
        print("these import each other:", ", ".join(circle))
    return 1 if circles else 0


if __name__ == "__main__":
    sys.exit(main())
