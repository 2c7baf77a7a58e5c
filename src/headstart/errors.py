"""Everything headstart raises on purpose, as one tree.

* ``HeadstartError``: our fault unless a subclass says otherwise (exit code 1)
    * ``StoreError``: the feature store is damaged, locked or full
    * ``EngineError``: a backbone could not be run on this machine
    * ``TrainingError``: training a network went wrong, or changed what it must not
    * ``SaveError``: the saved classifier does not answer like the fitted one
    * ``UserError``: your input (exit code 2)
        * ``DataError``: photos, tables, archives, arrays, splits
        * ``SettingError``: a flag, a settings file, an argument
        * ``BackboneError``: a name, a checkpoint, weights that are not there
        * ``ClassifierError``: a ``model/`` folder that cannot be used
        * ``MissingExtra``: an optional dependency is not installed
"""


class HeadstartError(Exception):
    """An error whose message says what was seen, what was wanted and what to do, in one line."""

    exit_code = 1


class StoreError(HeadstartError):
    """The feature store is damaged, locked or full."""


class EngineError(HeadstartError):
    """A backbone could not be run on this machine."""


class TrainingError(HeadstartError):
    """Training a network went wrong, or changed what it must not."""


class SaveError(HeadstartError):
    """The saved classifier does not answer like the fitted one."""


class UserError(HeadstartError):
    """Input that cannot be used as it is."""

    exit_code = 2


class DataError(UserError):
    """Photos, tables, archives, arrays or splits that cannot be used."""


class SettingError(UserError):
    """A flag, a settings file or an argument that cannot be used."""


class BackboneError(UserError):
    """A backbone that is not known, or whose weights are not there or do not fit."""


class ClassifierError(UserError):
    """A saved classifier that cannot be used."""


class MissingExtra(UserError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, purpose: str):
        super().__init__(f"{purpose} needs the package {package!r}; install it with: pip install 'headstart[{extra}]'")


def nearest(name: str, known: list[str]) -> str:
    """The end of an error about an unknown name: the nearest match, if there is one, and the list."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(known)}"
