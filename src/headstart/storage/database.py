"""The SQLite file of the store: opening, schema, transactions, errors."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from headstart_runtime.errors import StoreError

SCHEMA = 1
APPLICATION = 0x48535354  # "HSST": tells our index from any other SQLite file
PATIENCE = 60.0  # seconds to wait for another process; its transactions take milliseconds, a pruning a few seconds

# A row of `rows` points to a block; a block is the rows of one commit, side by side in a shard (see shards.py).
# `committed` is where the next block of a shard starts. A closed shard is full, or was found cut.
# AUTOINCREMENT: the number of a shard is never used again, so nobody can take a new shard for a removed one.
TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE spaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint TEXT NOT NULL UNIQUE, layers TEXT NOT NULL,
    row_bytes INTEGER NOT NULL, description TEXT NOT NULL, last_used REAL NOT NULL);
CREATE TABLE shards (
    id INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL, committed INTEGER NOT NULL DEFAULT 0,
    open INTEGER NOT NULL DEFAULT 1);
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, shard INTEGER NOT NULL, start INTEGER NOT NULL, rows INTEGER NOT NULL);
CREATE INDEX blocks_by_shard ON blocks (shard);
CREATE TABLE rows (
    space INTEGER NOT NULL, digest BLOB NOT NULL, block INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (space, digest)) WITHOUT ROWID;
CREATE TABLE findings (
    space INTEGER NOT NULL, digest BLOB NOT NULL, broken INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (space, digest)) WITHOUT ROWID;
"""
# Of a table that came later, and that older stores get when they are opened.
UNSEEN = """
CREATE TABLE IF NOT EXISTS unseen (
    space INTEGER NOT NULL, digest BLOB NOT NULL, what TEXT NOT NULL, PRIMARY KEY (space, digest)) WITHOUT ROWID;
"""


class Database:
    """One connection, used by any thread, one at a time."""

    def __init__(self, path: Path):
        self.path = path
        self._turn = threading.RLock()
        with _translate_errors(path):
            self._connection = _connect(path)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the answer to a query, whole, so that no reader holds back the log."""
        with self._turn, _translate_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction: everything in it is on disk when it ends, or nothing is."""
        with self._turn, _translate_errors(self.path):
            # IMMEDIATE: a transaction that reads first and writes later cannot wait for its turn in the middle.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def shrink(self) -> None:
        """Give what removed rows took back to the disk, without rewriting the file."""
        self.rows("PRAGMA incremental_vacuum")
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """End the connection; the last one of all processes folds the log into the file."""
        with self._turn:
            self._connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    # The lock covers what SQLite cannot wait for: two processes making the file and switching it to WAL at once.
    with FileLock(path.with_suffix(".lock"), timeout=PATIENCE):
        connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in a new file, and refuse a file that is not ours or newer than us."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application != APPLICATION:
        raise StoreError(f"{path} is not an index of headstart; choose another folder with --store or HEADSTART_STORE")
    if version > SCHEMA:
        raise StoreError(
            f"the store {path.parent} was written by a newer headstart (schema {version}, this one reads {SCHEMA}); "
            "upgrade headstart or choose another folder with --store or HEADSTART_STORE"
        )
    if not tables:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL, not NORMAL: with NORMAL a power cut may take the index back by many transactions, to rows in shards that
    # were pruned or mended since. FULL costs one fsync more per commit (0.3 ms of 160 ms measured) and makes a power
    # cut lose what a kill loses: the batch in flight.
    connection.execute("PRAGMA synchronous = FULL")
    if not tables:
        header = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA};"
        connection.executescript(f"BEGIN IMMEDIATE; {TABLES} {header}")
        connection.execute("INSERT INTO meta VALUES ('schema', ?)", [str(SCHEMA)])
        connection.execute("COMMIT")
    connection.execute(UNSEEN)


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, with what to do about them."""
    try:
        yield
    except Timeout:
        raise StoreError(_describe_busy(path)) from None
    except sqlite3.ProgrammingError as error:
        raise StoreError(f"the store {path.parent} is closed ({error}); open it again") from error
    except sqlite3.Error as error:
        raise StoreError(_describe_error(error, path)) from error


def _describe_error(error: sqlite3.Error, path: Path) -> str:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return _describe_busy(path)
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        return f"{path} could not be written: {error}; free some space and run again, what was stored is kept"
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return f"{path} cannot be written: {error}; choose another folder with --store or HEADSTART_STORE"
    return f"{path} is damaged: {error}; delete the folder {path.parent}, its features will be computed again"


def _describe_busy(path: Path) -> str:
    return f"{path} was locked by another process for {PATIENCE:.0f} s; end that process or choose another --store"
