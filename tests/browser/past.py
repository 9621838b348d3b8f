"""Paint the past of an account, so that its history has something to show."""

from contextlib import closing
from pathlib import Path
import sqlite3
import time
from typing import Final

from tests.simulator import Account

from .household import Household

DATABASE: Final = "home-assistant_v2.db"

# The last days: the state, whether that was a problem, and for how many hours.
PAST: Final = (
    ("authorized", "off", 31),
    ("not_authorized", "on", 3),
    ("authorized", "off", 22),
    ("suspended", "on", 9),
    ("authorized", "off", 11),
    ("not_authorized", "on", 2),
)


async def live_through_past(household: Household, account: Account) -> None:
    """Let the account live through its past, in no time."""
    client = household.client
    for state, problem, _ in PAST:
        for key, value in (("state", state), ("problem", problem)):
            entity_id = await household.entity_id(account, key)
            attributes = (await client.state(entity_id))["attributes"]
            await client.post(
                f"/api/states/{entity_id}", {"state": value, "attributes": attributes}
            )


def spread_past(folder: Path, entity_id: str) -> None:
    """Give each moment of the past its hours."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        rows = connection.execute(
            "SELECT state_id FROM states JOIN states_meta USING (metadata_id)"
            " WHERE states_meta.entity_id = ? ORDER BY state_id DESC",
            (entity_id,),
        ).fetchall()
        at = time.time()
        for (state_id,), (_, _, hours) in zip(rows, reversed(PAST), strict=False):
            at -= hours * 3600
            connection.execute(
                "UPDATE states SET last_updated_ts = ?, last_changed_ts = NULL,"
                " last_reported_ts = NULL, context_user_id_bin = NULL WHERE state_id = ?",
                (at, state_id),
            )
