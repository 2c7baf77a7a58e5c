"""Registries that other packages add to, through ``importlib.metadata`` entry points.

A registry has the objects of this package by name, and those that installed packages register. What is installed is
looked up once a process (``forget_plugins`` has it looked up again, as does another ``sys.path``), and an object is
imported when it is first asked for. One that cannot be used is left out, and a line on standard error says so, once a
process; asked for by name, it is an error.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, distributions, entry_points
from typing import Any, Generic, ParamSpec, TypeVar

from headstart_runtime.errors import HeadstartError, PluginError, SettingError, nearest
from headstart_runtime.protocol_checks import describe_fault
from headstart_runtime.stderr import print_to_stderr

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

REMEDY = "update or remove the package"

_printed: set[str] = set()  #: what was said of plugins
_forget: list[Callable[[], None]] = []  #: what else is made from plugins and kept


def cache_until_forgotten(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function whose values are kept for the process, or until ``forget_plugins`` is called."""
    kept = cache(function)
    _forget.append(kept.cache_clear)
    return kept  # type: ignore[return-value]  # mypy: its parameters are those of the function


def forget_plugins() -> None:
    """Forget which packages are installed and what they registered: it is looked up again, and told again."""
    _scan_path.cache_clear()
    _printed.clear()
    for forget in _forget:
        forget()


def list_plugin_names(group: str) -> list[str]:
    """Return the names under which other packages registered something, without loading it."""
    return sorted({entry.name for entry in _scan(group)})


class Registry(Generic[T]):
    """The objects of one kind by name: those of this package, and those that other packages register."""

    def __init__(
        self,
        group: str,
        kind: str,
        builtin: Mapping[str, Any],
        check: Callable[[T], str],
        *,
        name_in: str = "",
        reserved: Collection[str] = (),
        unknown: type[HeadstartError] = SettingError,
    ) -> None:
        """Make a registry.

        Args:
            group: of the entry points, such as "headstart.providers".
            kind: for people: "provider".
            builtin: the objects of this package; text is "module:class", which is imported and made when asked for.
            check: says why an object of another package cannot be used; "" where it can.
            name_in: the attribute in which an object has its name, which has to be that of the entry point.
            reserved: names that mean something else.
            unknown: the type of the error about a name that is none.
        """
        self.group, self.kind, self.builtin = group, kind, builtin
        self._check, self._name_in, self._reserved, self._unknown = check, name_in, reserved, unknown
        self._made: dict[str, T] = {}  #: built-in objects that were imported
        self._loaded: dict[str, T | PluginError] = {}  #: of other packages
        self._scanned: object = None  #: the look-up that these are of

    def names(self) -> list[str]:
        """Return the names that there are, the built-in ones first; nothing is loaded for it."""
        return list(dict.fromkeys([*self.builtin, *list_plugin_names(self.group)]))

    def get(self, name: str) -> T:
        """Return the object of a name.

        Raises:
            HeadstartError: there is none, as where its package is not installed any more; of the registry's own type.
            PluginError: it cannot be used.
        """
        if name in self.builtin:
            return self._get_builtin(name)
        found = self._get_plugin(name)
        if isinstance(found, PluginError):
            raise found.with_traceback(None)
        return found

    def all(self) -> dict[str, T]:
        """Return the objects by name, the built-in ones first; of those that cannot be used a line is printed."""
        sound = {name: self._get_builtin(name) for name in self.builtin}
        for name in list_plugin_names(self.group):
            found = self._get_plugin(name)
            if isinstance(found, PluginError):
                tell_left_out(str(found))
            else:
                sound[name] = found
        return sound

    def poll(self, ask: Callable[[T], R]) -> Iterator[tuple[T, R]]:
        """Yield the objects with what each answers; one of another package that raises is passed over, with a line."""
        for name, member in self.all().items():
            try:
                yield member, ask(member)
            except HeadstartError:
                raise
            except Exception as error:
                if name in self.builtin:
                    raise
                tell_left_out(f"{self._describe(name)} raises {type(error).__name__}: {describe_fault(error)}")

    def reject(self, name: str, fault: str) -> None:
        """Leave out an object of another package, for a reason that shows only when it is used."""
        self._loaded[name] = PluginError(f"{self._describe(name)} cannot be used: {fault}; {REMEDY}")

    def find_package(self, name: str) -> str:
        """Return the package that registers a name, with its version; "" for a name of this package or of none."""
        found = [] if name in self.builtin else self._find_entries(name)
        return _describe_package(found[0]) if found else ""

    def check_name(self, name: str) -> None:
        """Raise where there is nothing of that name that can be used; "unknown" is said of a name, not of a package.

        Raises:
            HeadstartError: an unknown name; of the registry's own type.
            PluginError: it cannot be used.
        """
        if name not in self.names():
            raise self._unknown(f"unknown {self.kind} {name!r}; {nearest(name, self.names())}")
        self.get(name)

    def _get_builtin(self, name: str) -> T:
        member = self.builtin[name]
        if not isinstance(member, str):
            return member
        if name not in self._made:
            module, _, attribute = member.partition(":")
            self._made[name] = getattr(import_module(module), attribute)()
        return self._made[name]

    def _get_plugin(self, name: str) -> T | PluginError:
        entries = self._find_entries(name)
        if not entries:
            known = nearest(name, self.names())
            raise self._unknown(
                f"no {self.kind} {name!r} is installed; {known}; a package that provides it has to be installed"
            )
        if name not in self._loaded:
            self._loaded[name] = self._load(name, entries)
        return self._loaded[name]

    def _load(self, name: str, entries: tuple[EntryPoint, ...]) -> T | PluginError:
        if len({entry.value for entry in entries}) > 1:
            packages = " and ".join(f"{_describe_package(entry)} ({entry.value})" for entry in entries)
            return PluginError(f"the {self.kind} {name!r} ({self.group}) is of two packages, {packages}; remove one")
        if name in self.builtin or name in self._reserved:
            return PluginError(f"{self._describe(name)} cannot be used: headstart has that name itself; {REMEDY}")
        try:
            member: T = entries[0].load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  a module may raise anything, or end the program
            return PluginError(f"{self._describe(name)} cannot be loaded: {describe_fault(error)}; {REMEDY}")
        if not (fault := self._check(member)) and self._name_in:
            own = getattr(member, self._name_in)
            fault = f"its {self._name_in} is {own!r}; wanted the name of the entry point" if own != name else ""
        return PluginError(f"{self._describe(name)} cannot be used: {fault}; {REMEDY}") if fault else member

    def _find_entries(self, name: str) -> tuple[EntryPoint, ...]:
        scan = _scan(self.group)
        if scan is not self._scanned:
            self._scanned, self._loaded = scan, {}
        return tuple(entry for entry in scan if entry.name == name)

    def _describe(self, name: str) -> str:
        entry = self._find_entries(name)[0]
        return f"the {self.kind} {name!r} of the package {_describe_package(entry)} ({self.group}, {entry.value})"


def tell_left_out(fault: str) -> None:
    """Print a line about something of another package that is left out, once a process."""
    if fault not in _printed:
        _printed.add(fault)
        print_to_stderr(f"note: left out: {fault}")


def _describe_package(entry: EntryPoint) -> str:
    with suppress(Exception):  # metadata that are damaged
        if entry.dist is not None and entry.dist.name:
            return f"{entry.dist.name} {entry.dist.version}"
    return "of an unknown name"


def _scan(group: str) -> Sequence[EntryPoint]:
    """Return the entry points of a group; a new object whenever they were looked up again."""
    return _scan_path(group, tuple(sys.path))


@lru_cache(maxsize=64)  # groups, and paths that programs change them to
def _scan_path(group: str, path: tuple[str, ...]) -> Sequence[EntryPoint]:
    try:
        return list(entry_points(group=group))
    except Exception:  # noqa: BLE001  one package has damaged metadata, whatever it is for: each is read alone
        return list(_read_packages(group))


def _read_packages(group: str) -> Iterator[EntryPoint]:
    seen: set[str] = set()
    for package in distributions():
        name = "of an unknown name"
        try:
            name = package.name or name
            entries = [entry for entry in package.entry_points if entry.group == group and name not in seen]
        except Exception as error:  # noqa: BLE001  whatever reading them raises
            fault = describe_fault(error)
            tell_left_out(f"the entry points of the package {name} cannot be read ({fault}); reinstall or remove it")
            continue
        seen.add(name)
        yield from entries
