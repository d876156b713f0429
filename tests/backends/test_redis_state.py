"""Online state in a real Valkey passes the suite; what only it does stands below."""

from __future__ import annotations

import contextlib
import socket
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from treadle.address import Address
from treadle.backends import open_states
from treadle.errors import StoreError, TreadleError
from treadle.testing import DurableStateSuite

pytestmark = [pytest.mark.needs("redis")]


def known_of(state: Any, key: str) -> list[int] | None:
    found = state.history("v", key)
    return None if found is None else found.known


@pytest.fixture
def name() -> str:
    return f"shop/{uuid.uuid4().hex}"


class TestRedisState(DurableStateSuite):
    @pytest.fixture
    def opens(self, redis: str, name: str) -> Callable[[], Any]:
        from treadle.backends.redis.state import RedisState

        return partial(RedisState, Address(f"{redis}/0", "settings.yaml:1:1: state"), name)

    def test_a_loads_leavings_are_dropped(self, opens: Callable[[], Any], redis: str, name: str) -> None:
        from redis import Redis

        self.test_a_load_that_is_killed_midway_changes_nothing(opens)
        with closing(opens()) as state:
            state.load(iter(()), iter(()), datetime(2024, 1, 1, tzinfo=UTC))
        with Redis.from_url(f"{redis}/0") as client:
            kept = {key.decode().rpartition(":")[2] for key in client.keys(f"treadle:{{{name}}}:*")}
        assert kept == {"head"}

    def test_who_lost_the_lock_changes_nothing_any_more(self, opens: Callable[[], Any], redis: str, name: str) -> None:
        """Its connection ends, another opens the state, and only then it writes."""
        from redis import Redis

        state = opens()
        state.put_events("v", [("k", 1, "a", (1,))], 1, 2**61)
        with Redis.from_url(f"{redis}/0") as client:
            holder = f"treadle-{client.get(f'treadle:{{{name}}}:lock').decode()}"
            (held,) = [each for each in client.client_list() if each["name"] == holder]
            client.client_kill_filter(_id=held["id"])
        other = opens()
        with pytest.raises(StoreError, match=r"no longer holds|cannot be written"):
            state.put_events("v", [("k", 2, "b", (2,))], 1, 2**61)
        with pytest.raises(StoreError, match=r"no longer holds|cannot be written"):
            state.load(iter(()), iter(()), datetime(2024, 1, 1, tzinfo=UTC))
        state.close()
        with pytest.raises(TreadleError, match="another"):
            opens()
        assert other.history("v", "k").known == [1]
        other.close()

    def test_a_state_that_the_server_lost_is_told_and_no_other_is_made(
        self, opens: Callable[[], Any], redis: str, name: str
    ) -> None:
        """Emptied under us, as by FLUSHDB or a restart without persistence: what is not in memory is not asked for."""
        from redis import Redis

        with closing(opens()) as state:
            state.load(iter(()), iter(()), datetime(2024, 1, 1, tzinfo=UTC))
            state.put_events("v", [("k", 1, "a", (1,))], 1, 2**61)
            state.check()
            with Redis.from_url(f"{redis}/0") as client:
                client.delete(f"treadle:{{{name}}}:head")
                with pytest.raises(StoreError, match="is gone"):
                    state.check()
                client.delete(*client.keys(f"treadle:{{{name}}}:*"))
                for asked in (
                    state.check,
                    lambda: state.history("v", "new"),
                    lambda: state.put_events("v", [("k", 2, "b", (2,))], 1, 2**61),
                    lambda: state.load(iter(()), iter(()), datetime(2024, 1, 1, tzinfo=UTC)),
                ):
                    with pytest.raises(StoreError, match="is gone"):
                        asked()
                assert client.keys(f"treadle:{{{name}}}:*") == []

    def test_a_load_waits_longer_for_the_server_than_a_prediction_may(
        self, opens: Callable[[], Any], redis: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from redis import Redis

        with closing(opens()) as state, Redis.from_url(f"{redis}/0") as client:
            monkeypatch.setattr("treadle.backends.redis.state._ANSWER_SECONDS", 0.05)
            client.execute_command("CLIENT", "PAUSE", 300, "WRITE")
            state.load(iter(()), iter(()), datetime(2024, 1, 1, tzinfo=UTC))
            assert state.as_of == datetime(2024, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize("when", ["in the middle", "at the end"])
    def test_a_list_that_is_not_answered_is_kept_whole_or_not_at_all(
        self, opens: Callable[[], Any], redis: str, name: str, when: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The server goes on later with what it was sent; what is read then is what stands."""
        from redis import Redis

        monkeypatch.setattr("treadle.backends.redis.state._ANSWER_SECONDS", 0.1)
        with Redis.from_url(f"{redis}/0") as client:
            with closing(opens()) as state:
                state.put_events("v", [("k", 0, "a", (0,))], 1, 2**61)
                with pytest.raises(StoreError, match="cannot be written"), state.together():
                    state.put_events("v", [("k", 1, "a", (1,))], 1, 2**61)
                    if when == "in the middle":
                        client.execute_command("CLIENT", "PAUSE", 400, "WRITE")
                    state.put_events("v", [("l", 1, "a", (1,))], 1, 2**61)
                    client.execute_command("CLIENT", "PAUSE", 400, "WRITE")
                time.sleep(0.6)
                found = [known_of(state, key) for key in "kl"]
            with closing(opens()) as state:
                assert [known_of(state, key) for key in "kl"] == found
                assert found == [[0], None] or (when == "at the end" and found == [[0, 1], [1]])
            assert all(client.ttl(key) != -1 for key in client.keys(f"treadle:{{{name}}}:aside*"))

    def test_a_load_that_fails_leaves_nothing_and_changes_nothing(
        self, opens: Callable[[], Any], redis: str, name: str
    ) -> None:
        from redis import Redis

        def breaks() -> Any:
            for number in range(600):  # more than are written together
                yield "v", ("k", number), kept
            raise StoreError("the snapshot cannot be read")

        with closing(opens()) as state, Redis.from_url(f"{redis}/0") as client:
            state.put_events("v", [("k", 1, "a", (1,))], 1, 2**61)
            kept, before = state.history("v", "k"), client.keys(f"treadle:{{{name}}}:*")
            with pytest.raises(StoreError, match="snapshot"):
                state.load(breaks(), iter(()), datetime(2024, 1, 1, tzinfo=UTC))
            assert sorted(client.keys(f"treadle:{{{name}}}:*")) == sorted(before)
            assert state.as_of is None and state.history("v", "k").known == [1]

    def test_what_another_filled_since_is_not_answered_from(
        self, opens: Callable[[], Any], redis: str, name: str
    ) -> None:
        """Before the next check: what is read stands no more where it was read before."""
        from redis import Redis

        with closing(opens()) as state, Redis.from_url(f"{redis}/0") as client:
            state.put_events("v", [("k", 1, "a", (1,))], 1, 2**61)
            holder = f"treadle-{client.get(f'treadle:{{{name}}}:lock').decode()}"
            (held,) = [each for each in client.client_list() if each["name"] == holder]
            client.client_kill_filter(_id=held["id"])
            with closing(opens()) as other:
                other.load(iter(()), iter(()), datetime(2024, 1, 1, tzinfo=UTC))
                with pytest.raises(StoreError, match="another took it"):
                    state.history("v", "new")

    def test_it_is_checked_while_it_is_asked(self, opens: Callable[[], Any], redis: str) -> None:
        """By another thread, so by a connection of its own."""
        from redis import Redis

        with closing(opens()) as state, Redis.from_url(f"{redis}/0") as client, ThreadPoolExecutor(1) as beside:
            client.execute_command("CLIENT", "PAUSE", 300, "ALL")
            checked = beside.submit(state.check)
            time.sleep(0.1)
            assert state.history("v", "new") is None and checked.result() is None

    def test_one_that_was_taken_says_so(self, opens: Callable[[], Any], redis: str, name: str) -> None:
        from redis import Redis

        with closing(opens()) as state, Redis.from_url(f"{redis}/0") as client:
            client.set(f"treadle:{{{name}}}:lock", "another")
            with pytest.raises(StoreError, match="another took it"):
                state.check()
            client.delete(f"treadle:{{{name}}}:lock")  # and what is left may be another's by the next question
            with pytest.raises(StoreError, match="is gone"):
                state.check()


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_a_server_that_says_nothing_is_not_waited_for(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection, and then neither speaks TLS nor answers: one try, and it is told."""
    monkeypatch.setattr("treadle.backends.redis.state._ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        address = Address(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/0", "settings.yaml:1:1: state")
        with pytest.raises(StoreError, match="cannot be opened"):
            open_states(address).open("shop", "x")
        tries = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                tries += 1
        assert 1 <= tries <= 2  # one for the state, one that lets it go


def test_states_are_opened_by_url_and_found(redis: str) -> None:
    states, name = open_states(Address(f"{redis}/3", "settings.yaml:1:1: state")), uuid.uuid4().hex
    assert not states.exists("shop", name)
    states.open("shop", name).close()
    assert states.exists("shop", name) and not states.exists("shop", f"{name}x")


def test_a_server_that_refuses_or_is_away_is_told_without_the_password(redis: str) -> None:
    parts = urlsplit(redis)
    word = str(parts.password)
    for url in (
        redis.replace(word, "s3cret"),
        redis.replace(f":{parts.port}", ":1"),
        f"{redis}/x?socket_timeout=s3cret",
    ):
        with pytest.raises(StoreError) as told:
            open_states(Address(url, "settings.yaml:1:1: state")).open("shop", "x")
        text = f"{told.value} {told.value.__cause__!r}"
        assert told.value.mend and not any(each in text for each in (word, unquote(word), "s3cret"))
