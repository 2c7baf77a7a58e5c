"""The package imports on Windows and macOS: nothing of it needs what only some systems have."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (ROOT / "src" / "headstart", ROOT / "runtime" / "src" / "headstart_runtime")
#: Modules that Windows lacks.
POSIX = {"resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog", "crypt", "spwd"}
#: Names that Windows or macOS lack, by module.
LACKING = {
    "os": {"fork", "forkpty", "geteuid", "getuid", "getgid", "getpgid", "killpg", "setsid", "nice", "getloadavg",
           "sync", "sched_getaffinity", "sched_setaffinity", "sysconf", "statvfs", "pread", "pwrite", "posix_fadvise",
           "memfd_create", "O_DIRECTORY", "O_NOATIME", "O_DIRECT", "O_CLOEXEC", "mkfifo", "chown", "lchown", "fchmod",
           "sendfile", "uname"},
    "signal": {"SIGKILL", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "alarm", "setitimer"},
    "time": {"tzset", "clock_gettime"},
    "mmap": {"MAP_SHARED", "MAP_PRIVATE", "PROT_READ", "MADV_DONTNEED", "MADV_RANDOM"},
}  # fmt: skip
#: Third-party packages look after themselves: only what headstart itself asks for is refused.
IMPORT_ALL = f"""
import builtins, importlib, pkgutil
usual = builtins.__import__
def guarded(name, globals=None, locals=None, fromlist=(), level=0):
    if (globals or {{}}).get("__name__", "").startswith("headstart") and name.partition(".")[0] in {POSIX!r}:
        raise ImportError(f"no module named {{name}} here, which {{globals['__name__']}} imports")
    return usual(name, globals, locals, fromlist, level)
builtins.__import__ = guarded
import headstart, headstart_runtime
names = [it.name for it in pkgutil.walk_packages(headstart.__path__, "headstart.")]
names += [it.name for it in pkgutil.walk_packages(headstart_runtime.__path__, "headstart_runtime.")]
for name in names:
    importlib.import_module(name)
from headstart.training.memory import available_memory, peak_memory, resident_memory
assert available_memory() > 0 and peak_memory() >= 0 and resident_memory() >= 0
print(len(names))
"""


@pytest.mark.slow
def test_every_module_imports_without_what_windows_lacks() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 150


def test_what_some_systems_lack_is_asked_for_first() -> None:
    """Each use stands in a function that asks ``hasattr``, or suppresses the AttributeError."""
    unguarded = []
    for file in sorted(file for source in SOURCES for file in source.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        asked = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.attr in LACKING.get(node.value.id, set())
        ]
        if not asked:
            continue
        guarded = {
            id(node)
            for scope in ast.walk(tree)
            if isinstance(scope, ast.FunctionDef)
            and any(isinstance(name, ast.Name) and name.id in ("hasattr", "AttributeError") for name in ast.walk(scope))
            for node in ast.walk(scope)
        }
        unguarded += [
            f"{file.relative_to(ROOT)}:{node.lineno} {node.value.id}.{node.attr}"
            for node in asked
            if id(node) not in guarded
        ]
    assert unguarded == []
