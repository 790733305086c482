"""The table of refresh tokens in the cluster database, and that it outlives the process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from registrar.aio.database_file import open_database
from registrar.core.database import ClusterDatabase
from registrar.core.ssosp import OAuthProblem as P
from registrar.core.ssosp import RefreshState, RefreshTokenRow, RefreshTokenStore
from registrar.core.ssosp.database import DatabaseRefreshTokens
from registrar.core.ssosp.refresh_tokens import index_of
from simulator.core.entropy import SeededEntropy
from simulator.core.instant import Instant
from tests.registrar.core.ssosp.bench import Bench

ALICE, BOB = "alice", "bob"


@pytest.fixture
def store() -> Iterator[RefreshTokenStore]:
    database = ClusterDatabase(open_database(), entropy=SeededEntropy(1))
    yield DatabaseRefreshTokens(database)
    database.close()


def row(number: int, user: str = ALICE, client: str = "C1", validity: int = 1000) -> RefreshTokenRow:
    return RefreshTokenRow(
        pkid=UUID(int=number),
        refreshtokenindex=index_of(str(number)),
        userid=user,
        clientid=client,
        validity=validity,
    )


def test_what_was_added_is_found_by_its_index(store: RefreshTokenStore) -> None:
    store.add(row(1))
    assert store.find(index_of("1")) == row(1)
    assert store.find(index_of("2")) is None


def test_rows_are_chosen_by_user_and_client_in_their_order(store: RefreshTokenStore) -> None:
    rows = [row(4), row(3, BOB), row(2, client="C2"), row(1)]
    for item in rows:
        store.add(item)
    assert store.rows() == tuple(rows)
    assert store.rows(ALICE) == (rows[0], rows[2], rows[3])
    assert store.rows(clientid="C2") == (rows[2],)
    assert store.rows(BOB, "C2") == ()
    assert store.rows("ALICE") == ()


def test_revoking_marks_and_returns_what_was_active(store: RefreshTokenStore) -> None:
    for item in (row(1), row(2), row(3, BOB)):
        store.add(item)
    store.set_state(index_of("1"), RefreshState.EXPIRED)
    store.set_state(index_of("9"), RefreshState.EXPIRED)
    revoked = store.revoke(ALICE)
    assert [(item.pkid, item.state) for item in revoked] == [(UUID(int=2), RefreshState.REVOKED)]
    states = [item.state for item in store.rows()]
    assert states == [RefreshState.EXPIRED, RefreshState.REVOKED, RefreshState.ACTIVE]
    assert store.revoke(ALICE) == ()
    assert len(store.revoke()) == 1


def test_flushing_deletes_what_is_over_and_leaves_the_rest(store: RefreshTokenStore) -> None:
    for number, validity in ((1, 999), (2, 1000), (3, 1001)):
        store.add(row(number, validity=validity))
    assert store.flush(Instant(1000.5)) == 2
    assert [item.validity for item in store.rows()] == [1001]


def test_a_state_of_another_number_is_not_active() -> None:
    database = ClusterDatabase(open_database(), entropy=SeededEntropy(1))
    store = DatabaseRefreshTokens(database)
    store.add(row(1))
    with database.write() as connection:
        connection.execute("update refreshtokendetails set state = 77")
    assert store.rows()[0].state is RefreshState.REVOKED
    database.close()


def test_119_with_a_state_file_tokens_and_their_revocation_outlive_the_process(
    bench: Bench, tmp_path: Path
) -> None:
    file = tmp_path / "cluster.db"
    database = ClusterDatabase(open_database(file), entropy=SeededEntropy(1))
    bench.signon.refresh_tokens = DatabaseRefreshTokens(database)
    kept, revoked = bench.pair("Bob")["refresh_token"], bench.pair()["refresh_token"]
    bench.revoke(user_id="alice")
    database.close()
    reopened = ClusterDatabase(open_database(file), entropy=SeededEntropy(2))
    bench.signon.refresh_tokens = DatabaseRefreshTokens(reopened)
    bench.restart()
    assert bench.refresh(kept).status == 200
    assert bench.refresh(revoked).status == 400
    assert bench.reason == P.REFRESH_REVOKED
    reopened.close()
