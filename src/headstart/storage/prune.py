"""Pruning of the store to a budget: the least recently used goes first, in whole shards."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from headstart.storage.activation_files import ACTIVATIONS, get_activation_lock
from headstart.storage.index import Index
from headstart.storage.locks import lock_for_pruning
from headstart.storage.results import RESULTS
from headstart.storage.shards import ShardFolder
from headstart.storage.space import EntryUsage, PruneReport
from headstart.storage.usage import get_disk_usage

GONE = ".gone-"  # begins the names of what is being removed
ARCHIVES = "archives"  # where reading unpacks them
TRAINED = "trained"  # networks that were trained, and trainings that were cut short
AT_ONCE = 100  # shards removed in one transaction; each holds a lock, and a process may open some 1,000 files


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Something that can be removed."""

    last_used: float  #: seconds since 1970
    bytes: int
    shard: int | None
    entry: Path | None  #: a converted network, an unpacked archive, the activations of a key, results of a version

    def used_since(self, moment: float) -> bool:
        """Return whether it was used from a moment on, seconds since 1970; of an entry that is asked once more."""
        if self.last_used >= moment or self.entry is None:
            return self.last_used >= moment
        try:
            return self.entry.stat().st_mtime >= moment
        except OSError:
            return False


def prune(index: Index, shards: ShardFolder, networks: Path, budget_bytes: int) -> PruneReport:
    """Remove what was not used for longest until all fits: shards, networks, archives, activations, trainings, results.

    Shards and activations that a live writer holds stay, and so does whatever a running job has taken up. All but
    shards are stamped by their folder's time: who uses one touches it. All can be made again: nothing is lost but time.
    """
    with lock_for_pruning(shards.folder.parent) as in_use_from:
        return _prune(index, shards, networks, budget_bytes, in_use_from)


def _prune(index: Index, shards: ShardFolder, networks: Path, budget_bytes: int, in_use_from: float) -> PruneReport:
    root = shards.folder.parent
    before = get_disk_usage(root)
    _remove_orphans(index, shards)
    for folder in _list_folders(root, networks):
        for left in folder.glob(f"{GONE}*"):
            _erase(left)
    index.shrink()  # first: the log can be larger than what has to go
    excess = get_disk_usage(root) - budget_bytes
    doomed, gone = _Doomed(index, shards), 0
    for candidate in _list_candidates(index, shards, networks):
        if excess <= 0:
            break
        if candidate.used_since(in_use_from):
            doomed.held += 1
            continue
        if candidate.entry is not None:
            if not doomed.delete(candidate.entry):
                continue
            gone += candidate.entry.parent == networks
        elif candidate.shard is None or not doomed.take(candidate.shard):
            continue
        excess -= candidate.bytes
    doomed.remove()
    index.shrink()
    return PruneReport(before, get_disk_usage(root), doomed.rows, doomed.shards, gone, doomed.held)


class _Doomed:
    """Entries that are being removed: shards that are locked by us first and go together, other entries at once."""

    def __init__(self, index: Index, folder: ShardFolder):
        self._index, self._folder = index, folder
        self._locks: dict[int, FileLock] = {}
        self.rows = self.shards = self.held = 0

    def take(self, shard: int) -> bool:
        """Lock a shard for removal; False if a live writer has it."""
        lock = self._folder.lock(shard)
        if lock is None:
            self.held += 1
            return False
        self._locks[shard] = lock
        if len(self._locks) >= AT_ONCE:
            self.remove()
        return True

    def delete(self, entry: Path) -> bool:
        """Delete a network, an archive or the activations of a key; False if a live process writes these."""
        if entry.parent.name != ACTIVATIONS:
            _delete(entry)
            return True
        try:
            with get_activation_lock(entry).acquire(blocking=False):
                _delete(entry)
        except Timeout:
            self.held += 1
            return False
        return True

    def remove(self) -> None:
        """Forget the shards, then delete their files: killed in between, the files are orphans and no row is wrong."""
        self.rows += self._index.remove(list(self._locks))
        self.shards += len(self._locks)
        for shard, lock in self._locks.items():
            self._folder.delete(shard, lock)
        self._locks.clear()


def _list_folders(root: Path, networks: Path) -> tuple[Path, ...]:
    """Return the folders of entries that go as a whole."""
    return networks, root / ARCHIVES, root / ACTIVATIONS, root / TRAINED, root / RESULTS


def list_entries(root: Path, networks: Path) -> list[EntryUsage]:
    """Return what the networks, archives, trainings and results of a store take, least recently used first."""
    kinds = {
        networks: "converted network",
        root / TRAINED: "trained network",
        root / ARCHIVES: "unpacked archive",
        root / RESULTS: "results of a version",
    }
    found = [
        EntryUsage(
            "unfinished training" if entry.suffix == ".unfinished" else kind,
            entry.name,
            get_disk_usage(entry),
            entry.stat().st_mtime,
        )
        for folder, kind in kinds.items()
        if folder.is_dir()
        for entry in folder.iterdir()
        if _is_whole(entry)
    ]
    return sorted(found, key=lambda entry: entry.last_used)


def _list_candidates(index: Index, shards: ShardFolder, networks: Path) -> list[_Candidate]:
    found = [
        _Candidate(used, shards.length(shard.id), shard.id, None) for shard, used in index.shards_by_use()
    ]  # stable sort: within a space the oldest shard stays first
    folders = [folder for folder in _list_folders(shards.folder.parent, networks) if folder.is_dir()]
    entries = [entry for folder in folders for entry in folder.iterdir() if _is_whole(entry)]
    found.extend(_Candidate(entry.stat().st_mtime, get_disk_usage(entry), None, entry) for entry in entries)
    return sorted(found, key=lambda candidate: candidate.last_used)


def _remove_orphans(index: Index, shards: ShardFolder) -> None:
    """Delete shards that the index does not know: a pruning was killed, or somebody deleted the index."""
    on_disk = shards.numbers()  # before asking the index: a shard is known before its file is made
    known = {shard.id for shard, _ in index.shards_by_use()}
    for number in on_disk:
        lock = None if number in known else shards.lock(number)
        if lock is not None:
            shards.delete(number, lock)


def _is_whole(entry: Path) -> bool:
    """Return whether nobody makes an entry now: drafts start with a dot, archives are unpacked under another ending."""
    return not entry.name.startswith(".") and entry.suffix not in (".lock", ".partial")


def _delete(entry: Path) -> None:
    """Take the name away first: killed half way, what is left must not be taken for the whole."""
    doomed = entry.with_name(f"{GONE}{entry.name}")
    try:
        entry.replace(doomed)
    except OSError:
        return  # in use, on a system that keeps what is open
    _erase(doomed)


def _erase(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)
