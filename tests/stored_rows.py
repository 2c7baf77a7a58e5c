"""The rows of a store, read past the store itself."""

import sqlite3
from pathlib import Path


def list_stored_rows(store: Path) -> set[str]:
    """Return the space and digest of all rows that a store has."""
    if not (store / "index.sqlite3").exists():
        return set()
    connection = sqlite3.connect(store / "index.sqlite3")
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'rows'").fetchone()[0]
        named = "SELECT fingerprint, digest FROM rows JOIN spaces ON spaces.id = rows.space"
        return {f"{space[:8]}-{digest.hex()}" for space, digest in connection.execute(named)} if tables else set()
    finally:
        connection.close()
