"""Keeping the store within a budget: what was not used for longest goes first, in whole shards."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from headstart.features.index import Index
from headstart.features.shards import ShardFolder
from headstart.features.space import PruneReport, bytes_under, files_under

AT_ONCE = 100  # shards removed in one transaction; each holds a lock, and a process may open some 1,000 files


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Something that can be removed."""

    last_used: float  #: seconds since 1970
    bytes: int
    shard: int | None
    network: Path | None


def prune(index: Index, shards: ShardFolder, networks: Path, budget_bytes: int) -> PruneReport:
    """Remove shards and converted networks, least recently used first, until the store's folder fits the budget.

    Shards that a live writer holds stay. Networks are stamped by the time their files last changed: who uses one
    touches it. Networks can be converted again, rows can be computed again: nothing is lost but time.
    """
    root = shards.folder.parent
    before = bytes_under(root)
    _remove_orphans(index, shards)
    index.shrink()  # first: the log can be larger than what has to go
    excess = bytes_under(root) - budget_bytes
    doomed, gone = _Doomed(index, shards), 0
    for candidate in _candidates(index, shards, networks):
        if excess <= 0:
            break
        if candidate.network is not None:
            _delete(candidate.network)
            gone += 1
        elif candidate.shard is None or not doomed.take(candidate.shard):
            continue
        excess -= candidate.bytes
    doomed.remove()
    index.shrink()
    return PruneReport(before, bytes_under(root), doomed.rows, doomed.shards, gone, doomed.held)


class _Doomed:
    """Shards that are locked by us and about to be removed."""

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

    def remove(self) -> None:
        """Forget the shards, then delete their files: killed in between, the files are orphans and no row is wrong."""
        self.rows += self._index.remove(list(self._locks))
        self.shards += len(self._locks)
        for shard, lock in self._locks.items():
            self._folder.delete(shard, lock)
        self._locks.clear()


def _candidates(index: Index, shards: ShardFolder, networks: Path) -> list[_Candidate]:
    found = [
        _Candidate(used, shards.length(shard.id), shard.id, None) for shard, used in index.shards_by_use()
    ]  # stable sort: within a space the oldest shard stays first
    for entry in networks.iterdir() if networks.is_dir() else ():
        files = files_under(entry)
        newest = max((file.st_mtime for file in files), default=0.0)
        found.append(_Candidate(newest, sum(file.st_size for file in files), None, entry))
    return sorted(found, key=lambda candidate: candidate.last_used)


def _remove_orphans(index: Index, shards: ShardFolder) -> None:
    """Delete shards that the index does not know: a pruning was killed, or somebody deleted the index."""
    on_disk = shards.numbers()  # before asking the index: a shard is known before its file is made
    known = {shard.id for shard, _ in index.shards_by_use()}
    for number in on_disk:
        lock = None if number in known else shards.lock(number)
        if lock is not None:
            shards.delete(number, lock)


def _delete(network: Path) -> None:
    if network.is_dir():
        shutil.rmtree(network, ignore_errors=True)
    else:
        network.unlink(missing_ok=True)
