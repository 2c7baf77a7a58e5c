"""The index of the store: spaces, shards, the place of each row, decode issues. Every query stands here."""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from headstart.storage.database import Database
from headstart.storage.space import DecodeIssue, FeatureSpace, SpaceUsage, digest_to_bytes
from headstart_runtime.errors import StoreError

CHUNK = 900  # keys asked for at once; SQLite before 3.32 takes 999 values in a statement
STAMP_SECONDS = 60.0  # reading the same space again within this time writes no new stamp


class RowLocation(NamedTuple):
    """The place of a row."""

    shard: int
    start: int  #: byte in the shard where its block starts
    rows: int  #: rows in the block
    position: int  #: row in the block


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard, as the index has it."""

    id: int
    committed: int  #: bytes; the index points to nothing beyond


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Rows that were written to a shard together and are about to be committed."""

    shard: int
    start: int  #: bytes
    end: int  #: bytes
    keys: Sequence[bytes]  #: one per row
    fills: bool  #: the shard takes no more blocks


class Index:
    """The queries and changes of the store."""

    def __init__(self, path: Path):
        self._database = Database(path)
        self._stamped = (0, 0.0)  # the space this index stamped last, and when

    def space_id(self, space: FeatureSpace) -> int | None:
        """Return the number of a space, None if nothing was ever stored in it.

        Raises:
            StoreError: its fingerprint was stored with other layers.
        """
        found = self._database.rows("SELECT id, layers FROM spaces WHERE fingerprint = ?", [space.fingerprint])
        if not found:
            return None
        stored = json.loads(found[0][1])
        if stored != [list(layer) for layer in space.layers]:
            raise StoreError(
                f"fingerprint {space.fingerprint} has the layers {stored} in the store and {list(space.layers)} now; "
                "one fingerprint stands for one list of layers: put the list into it"
            )
        return int(found[0][0])

    def find_settled(self, space: int, keys: Sequence[bytes]) -> set[bytes]:
        """Return those of up to CHUNK keys that need no computing: stored, or known broken."""
        asked = ",".join("?" * len(keys))
        queries = (
            f"SELECT digest FROM rows WHERE space = ? AND digest IN ({asked})",  # noqa: S608  # only "?,?"
            f"SELECT digest FROM findings WHERE space = ? AND broken AND digest IN ({asked})",  # noqa: S608
        )
        return {key for query in queries for (key,) in self._database.rows(query, [space, *keys])}

    def places(self, space: int, keys: Sequence[bytes]) -> dict[bytes, RowLocation]:
        """Return the places of the rows of up to CHUNK keys; those that are not stored are left out."""
        found = self._database.rows(
            "SELECT digest, shard, start, blocks.rows, position FROM rows JOIN blocks ON blocks.id = block "  # noqa: S608
            f"WHERE space = ? AND digest IN ({','.join('?' * len(keys))})",
            [space, *keys],
        )
        return {key: RowLocation(*place) for key, *place in found}

    def issues(self, space: int, keys: Sequence[bytes]) -> Iterator[DecodeIssue]:
        """Return the decode issues of the samples of up to CHUNK keys."""
        asked = ",".join("?" * len(keys))
        found = self._database.rows(
            f"SELECT digest, broken, reason FROM findings WHERE space = ? AND digest IN ({asked})",  # noqa: S608
            [space, *keys],
        )
        issues = {key: DecodeIssue(key.hex(), bool(broken), reason) for key, broken, reason in found}
        unseen = self._database.rows(
            f"SELECT digest, what FROM unseen WHERE space = ? AND digest IN ({asked})",  # noqa: S608
            [space, *keys],
        )
        for key, what in unseen:
            issues[key] = replace(issues.get(key, DecodeIssue(key.hex(), broken=False)), unseen=what)
        return iter(issues.values())

    def stamp(self, space: int) -> None:
        """Remember that a space was used now."""
        last, when = self._stamped
        if last != space or time.monotonic() - when > STAMP_SECONDS:
            with self._database.change() as change:
                change.execute("UPDATE spaces SET last_used = ? WHERE id = ?", [time.time(), space])
            self._stamped = (space, time.monotonic())

    def shards(self, space: int) -> list[Shard]:
        """Return all shards of a space, oldest first."""
        found = self._database.rows("SELECT id, committed FROM shards WHERE space = ? ORDER BY id", [space])
        return [Shard(*values) for values in found]

    def open_shards(self, space: FeatureSpace) -> list[Shard]:
        """Return the shards of a space that take more blocks, oldest first."""
        found = self._database.rows(
            "SELECT shards.id, committed FROM shards JOIN spaces ON spaces.id = space "
            "WHERE fingerprint = ? AND open ORDER BY shards.id",
            [space.fingerprint],
        )
        return [Shard(*values) for values in found]

    def add_shard(self, space: FeatureSpace) -> None:
        """Add a shard, and the space if it is new; whoever locks the shard first writes to it."""
        with self._database.change() as change:
            change.execute("INSERT INTO shards (space) VALUES (?)", [_ensure_space(change, space)])

    def commit(self, space: FeatureSpace, block: RowBlock | None, issues: Sequence[DecodeIssue]) -> None:
        """Make rows visible, whose bytes must be safe on disk, and decode issues."""
        with self._database.change() as change:
            number = _ensure_space(change, space)
            if block is not None:
                _insert_block(change, number, block)
            change.executemany(
                "INSERT OR REPLACE INTO findings VALUES (?, ?, ?, ?)",
                [
                    (number, digest_to_bytes(issue.digest), issue.broken, issue.reason)
                    for issue in issues
                    if issue.broken or issue.reason
                ],
            )
            change.executemany(
                "INSERT OR REPLACE INTO unseen VALUES (?, ?, ?)",
                [(number, digest_to_bytes(issue.digest), issue.unseen) for issue in issues if issue.unseen],
            )

    def cut(self, shard: int, length: int) -> int:
        """Forget the rows of a shard beyond the length its file has now, and close it; return their number."""
        with self._database.change() as change:
            lost = (
                "SELECT blocks.id FROM blocks JOIN shards ON shards.id = shard JOIN spaces ON spaces.id = space "
                "WHERE shard = ? AND start + rows * row_bytes > ?"
            )
            space = "SELECT space FROM shards WHERE id = ?"
            gone = change.execute(
                f"DELETE FROM rows WHERE space = ({space}) AND block IN ({lost})",  # noqa: S608  # the two above
                [shard, shard, length],
            ).rowcount
            change.execute(f"DELETE FROM blocks WHERE id IN ({lost})", [shard, length])  # noqa: S608
            # Closed and never appended to again: what is behind the cut is not ours to explain.
            change.execute("UPDATE shards SET open = 0, committed = min(committed, ?) WHERE id = ?", [length, shard])
        return gone

    def remove(self, shards: Sequence[int]) -> int:
        """Forget shards, their rows, and spaces that have none left; return the number of rows."""
        numbers = [(shard,) for shard in shards]
        with self._database.change() as change:
            change.execute("CREATE TEMP TABLE IF NOT EXISTS doomed (shard INTEGER PRIMARY KEY)")
            change.execute("DELETE FROM doomed")
            change.executemany("INSERT INTO doomed VALUES (?)", numbers)
            spaces = change.execute("SELECT DISTINCT space FROM shards JOIN doomed ON shard = shards.id").fetchall()
            gone = change.execute(
                "DELETE FROM rows WHERE space IN (SELECT space FROM shards JOIN doomed ON shard = shards.id) "
                "AND block IN (SELECT id FROM blocks JOIN doomed USING (shard))"
            ).rowcount
            change.executemany("DELETE FROM blocks WHERE shard = ?", numbers)
            change.executemany("DELETE FROM shards WHERE id = ?", numbers)
            named = [{"space": space} for (space,) in spaces]
            empty = "SELECT :space WHERE NOT EXISTS (SELECT 1 FROM shards WHERE space = :space)"
            change.executemany(f"DELETE FROM findings WHERE space IN ({empty})", named)  # noqa: S608
            change.executemany(f"DELETE FROM unseen WHERE space IN ({empty})", named)  # noqa: S608
            change.executemany(f"DELETE FROM spaces WHERE id IN ({empty})", named)  # noqa: S608
        return gone

    def open_shard(self, shard: int) -> Shard | None:
        """Return a shard as it is now, None if it was removed or closed; to be asked under a fresh lock on it."""
        found = self._database.rows("SELECT id, committed FROM shards WHERE id = ? AND open", [shard])
        return Shard(*found[0]) if found else None

    def shards_by_use(self) -> list[tuple[Shard, float]]:
        """Return all shards with the time their space was last used (seconds since 1970), least recently used first."""
        found = self._database.rows(
            "SELECT shards.id, committed, last_used FROM shards JOIN spaces ON spaces.id = space "
            "ORDER BY last_used, shards.id"
        )
        return [(Shard(number, committed), used) for number, committed, used in found]

    def usage(self) -> list[SpaceUsage]:
        """Return all spaces, least recently used first."""
        found = self._database.rows(
            "SELECT fingerprint, description, (SELECT count(*) FROM rows WHERE space = spaces.id), "
            "(SELECT coalesce(sum(committed), 0) FROM shards WHERE space = spaces.id), last_used "
            "FROM spaces ORDER BY last_used, id"
        )
        return [SpaceUsage(*values) for values in found]

    def shrink(self) -> None:
        """Give what removed rows took, and the log, back to the disk."""
        self._database.shrink()

    def close(self) -> None:
        """End the connection."""
        self._database.close()


def _ensure_space(change: sqlite3.Connection, space: FeatureSpace) -> int:
    """Return the number of a space, made if it is new (another process may have pruned it), stamped as used now."""
    change.execute(
        "INSERT INTO spaces (fingerprint, layers, row_bytes, description, last_used) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (fingerprint) DO UPDATE SET last_used = excluded.last_used",
        [space.fingerprint, json.dumps(space.layers), space.row_bytes, space.description, time.time()],
    )
    found = change.execute("SELECT id FROM spaces WHERE fingerprint = ?", [space.fingerprint]).fetchone()
    return int(found[0])


def _insert_block(change: sqlite3.Connection, space: int, block: RowBlock) -> None:
    moved = change.execute(
        "UPDATE shards SET committed = ?, open = ? WHERE id = ? AND open", [block.end, not block.fills, block.shard]
    ).rowcount
    if not moved:
        raise StoreError(f"shard {block.shard} was deleted or cut while it was written to; run again to go on")
    number = change.execute(
        "INSERT INTO blocks (shard, start, rows) VALUES (?, ?, ?)", [block.shard, block.start, len(block.keys)]
    ).lastrowid
    # OR IGNORE: another process may have stored the same photo meanwhile. Both rows are right, one is enough.
    change.executemany(
        "INSERT OR IGNORE INTO rows VALUES (?, ?, ?, ?)",
        [(space, key, number, position) for position, key in enumerate(block.keys)],
    )
