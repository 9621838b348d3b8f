"""Generate a history of an account's states, for screenshots."""

from contextlib import closing
from pathlib import Path
import sqlite3
import time
from typing import Final

from tests.simulator import Account

from .installation import Installation

DATABASE: Final = "home-assistant_v2.db"

# The last days: the state, the state of `problem`, and for how many hours. The last one
# is as long as the account has been in its state, by what is stored.
HISTORY: Final = (
    ("authorized", "off", 31),
    ("not_authorized", "on", 3),
    ("authorized", "off", 22),
    ("suspended", "on", 9),
    ("authorized", "off", 11),
    ("not_authorized", "on", 1),
)


async def write_history(installation: Installation, account: Account) -> None:
    """Set all states of the history, one directly after the other."""
    client = installation.client
    for state, problem, _ in HISTORY:
        for key, value in (("state", state), ("problem", problem)):
            entity_id = await installation.entity_id(account, key)
            attributes = (await client.state(entity_id))["attributes"]
            await client.post(
                f"/api/states/{entity_id}", {"state": value, "attributes": attributes}
            )


def backdate_history(folder: Path, entity_id: str) -> None:
    """Backdate the recorded states of an entity by their hours."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        rows = connection.execute(
            "SELECT state_id FROM states JOIN states_meta USING (metadata_id)"
            " WHERE states_meta.entity_id = ? ORDER BY state_id DESC",
            (entity_id,),
        ).fetchall()
        at = time.time()
        for (state_id,), (_, _, hours) in zip(rows, reversed(HISTORY), strict=False):
            at -= hours * 3600
            connection.execute(
                "UPDATE states SET last_updated_ts = ?, last_changed_ts = NULL,"
                " last_reported_ts = NULL, context_user_id_bin = NULL"
                " WHERE state_id = ?",
                (at, state_id),
            )
