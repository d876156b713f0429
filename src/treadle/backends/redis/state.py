"""Online state in Redis: a hash of packed histories, the one that its head names, and a lock that dies with its holder.

- **One writer.** The lock holds a token, and its holder's connection bears it as its name. Whoever finds a lock whose
  connection the server no longer has may take it: a killed process is not waited for. Every write asks in the same
  script whether the lock is still its own, so that one whose connection was lost changes nothing any more.
- **Nobody waits for it long.** Predictions are made while it is asked, so it has a second to answer, and a second to be
  connected to, TLS with it; a load has half a minute for each of its parts.
- **What is gone is told.** Each read asks in the same transaction whether the head still names what is read.
- **A list is kept whole.** What is put together is written to a hash of its own; one script then copies it to where it
  is read. Where that failed, or nobody knows whether it was done, the hash is dropped before anything else is read or
  written: what was not copied by then never is. One that a killed writer left is gone after ten minutes.
- **A load is a switch.** It fills a hash of its own; one script then names that in the head and drops the one before.
  What a killed load left is named in the head too, and dropped when the state is next opened.

How much a server keeps over its own end is its setting (`appendonly`), and not Treadle's.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Cut
from redis.exceptions import RedisError, WatchError
from redis.retry import Retry

from treadle.address import Address
from treadle.backends.written_through import FORMAT, WrittenThrough, content_of, decode, encode, place_of
from treadle.errors import StoreError
from treadle.features.state import History, Key, Versions, locked

_ANSWER_SECONDS = 1.0
_LOAD_SECONDS = 30.0
_TRIES = 20
_TOGETHER = 500
_HELD = """
local holder = redis.call('get', KEYS[1])
if not holder then return -1 end
if holder ~= ARGV[1] then return 0 end
"""
_PUT = f"""{_HELD}
for i = 2, #ARGV, 2 do redis.call('hset', KEYS[2], ARGV[i], ARGV[i + 1]) end
return 1
"""
_PUT_ASIDE = f"""{_HELD}
for i = 2, #ARGV, 2 do redis.call('hset', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('expire', KEYS[2], 600)
return 1
"""
_BEGIN = f"""{_HELD}
redis.call('hset', KEYS[2], 'loading', ARGV[2])
return 1
"""
_SWITCH = f"""{_HELD}
redis.call('hset', KEYS[2], 'holds', ARGV[2], 'as_of', ARGV[3])
redis.call('hdel', KEYS[2], 'loading')
redis.call('unlink', KEYS[3])
return 1
"""
_KEEP = f"""{_HELD}
local put = redis.call('hgetall', KEYS[3])
if #put ~= 2 * tonumber(ARGV[2]) then return -2 end
for i = 1, #put, 2 do redis.call('hset', KEYS[2], put[i], put[i + 1]) end
redis.call('unlink', KEYS[3])
return 1
"""
_LET_GO = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end"


class RedisStates:
    """See `treadle.backends.States`."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def open(self, endpoint: str, name: str) -> RedisState:
        return RedisState(self._address, f"{endpoint}/{name}")

    def exists(self, endpoint: str, name: str) -> bool:
        with _said_plainly(self._address, "read"):
            client = _connect(self._address, "")
            try:
                return bool(client.exists(_keys(f"{endpoint}/{name}")[1]))
            finally:
                client.close()


class RedisState(WrittenThrough):
    """See `treadle.features.OnlineState`. One connection, held until it is closed."""

    def __init__(self, address: Address, name: str) -> None:
        super().__init__()
        self._address, self._token = address, uuid.uuid4().hex
        self._lock, self._head, self._prefix = _keys(name)
        self._aside, self._put_aside = "", set[bytes]()
        with _said_plainly(address, "opened"):
            self._client, self._watch = _connect(address, _holder(self._token)), _connect(address, "")
            try:
                self._take(name)
                found = self._client.hgetall(self._head)
                self._begin(found)
            except BaseException:
                self.close()
                raise

    def _take(self, name: str) -> None:
        for _ in range(_TRIES):
            with self._client.pipeline() as pipe, suppress(WatchError):
                pipe.watch(self._lock)
                holder = pipe.get(self._lock)
                alive = {each["name"] for each in pipe.client_list()} if holder else set()
                if holder and _holder(holder.decode()) in alive:
                    break
                pipe.multi()
                pipe.set(self._lock, self._token)
                pipe.execute()
                return
        raise locked(f"{self._address.shown} {name}")

    def _begin(self, found: dict[bytes, bytes]) -> None:
        form = int(found.get(b"format", FORMAT))
        if form != FORMAT:
            raise StoreError(
                f"the online state is of format {form}; this version of Treadle reads {FORMAT}",
                where=self._address.shown,
                mend="delete its keys, then fill it anew from the tables: treadle serve PROJECT --as-of TIME",
            )
        if not found:
            self._client.hset(self._head, mapping={"format": FORMAT, "holds": "first"})
        if b"loading" in found:
            self._client.unlink(self._prefix + found[b"loading"].decode())
            self._client.hdel(self._head, "loading")
        self._holds = found.get(b"holds", b"first").decode()
        self.as_of = datetime.fromtimestamp(decode(found[b"as_of"]), UTC) if b"as_of" in found else None

    def load(
        self,
        histories: Iterable[tuple[str, Key, History]],
        versions: Iterable[tuple[str, Key, Versions]],
        as_of: datetime,
    ) -> None:
        made = uuid.uuid4().hex
        with (
            _said_plainly(self._address, "written"),
            closing(_connect(self._address, "", seconds=_LOAD_SECONDS)) as client,
        ):
            self._run(_BEGIN, [self._head], [made], client)
            try:
                items = _packed(histories, versions)
                while some := list(islice(items, _TOGETHER)):
                    client.hset(self._prefix + made, mapping=dict(some))
                self._run(_SWITCH, [self._head, self._hash], [made, encode(as_of.timestamp())], client)
            except BaseException:
                with suppress(RedisError):
                    client.unlink(self._prefix + made)
                raise
        self._holds = made
        self.forget()
        self.as_of = as_of

    def _read(self, kind: str, name: str, key: Key) -> Any:
        self._settle()
        with _said_plainly(self._address, "read"), self._client.pipeline() as pipe:
            pipe.hget(self._head, "holds").hget(self._hash, place_of(kind, name, key))
            holds, found = pipe.execute()
        self._compare(holds)
        return None if found is None else decode(found[1:])

    def _write(self, items: Iterable[tuple[str, str, Key, Any]]) -> None:
        pairs = [part for kind, name, key, data in items for part in (place_of(kind, name, key), content_of(data))]
        with _said_plainly(self._address, "written"):
            if self._touched is None:
                self._settle()
                self._run(_PUT, [self._hash], pairs)
            elif pairs:
                self._put_aside.update(pairs[::2])
                self._run(_PUT_ASIDE, [self._aside], pairs)

    def _set_aside(self) -> None:
        self._settle()
        self._aside, self._put_aside = f"{self._prefix}aside-{uuid.uuid4().hex}", set()

    def _keep(self) -> None:
        with _said_plainly(self._address, "written"):
            self._run(_KEEP, [self._hash, self._aside], [len(self._put_aside)])
        self._aside = ""

    def _drop(self) -> None:
        """Later, by `_settle`: it may be away, and is not waited for twice."""

    def _settle(self) -> None:
        """Drop what was set aside and not kept; from then on it cannot be kept any more."""
        if self._aside and self._touched is None:
            with _said_plainly(self._address, "written"):
                self._client.unlink(self._aside)
            self._aside = ""

    def _run(self, script: str, keys: list[str], values: list[Any], client: Any = None) -> None:
        """Run a script that changes something only while the lock is ours."""
        keys = [self._lock, *keys]
        done = (client or self._client).eval(script, len(keys), *keys, self._token, *values)
        if done != 1:
            raise self._taken() if done == 0 else self._gone()

    @property
    def _hash(self) -> str:
        return self._prefix + self._holds

    def _compare(self, holds: bytes | None) -> None:
        if holds is None:
            raise self._gone()
        if holds.decode() != self._holds:
            raise self._taken()

    def _gone(self) -> StoreError:
        return StoreError(
            "the online state is gone: the server that held it was emptied, or started again without what it had kept",
            where=self._address.shown,
            mend="start this again: the state is filled from the snapshots then; post the events since them again",
        )

    def _taken(self) -> StoreError:
        return StoreError(
            "this process no longer holds the online state: its connection was lost and another took it",
            where=self._address.shown,
            mend="stop the other, or leave it to serve; what was told before stands",
        )

    def check(self) -> None:
        with _said_plainly(self._address, "read"), self._watch.pipeline() as pipe:
            pipe.get(self._lock).hget(self._head, "holds")
            holder, holds = pipe.execute()
        self._compare(holds)
        if holder is None:
            raise self._gone()
        if holder.decode() != self._token:
            raise self._taken()

    def close(self) -> None:
        with suppress(RedisError):
            self._client.eval(_LET_GO, 1, self._lock, self._token)
        self._client.close()
        self._watch.close()


def _keys(name: str) -> tuple[str, str, str]:
    """Lock, head, and what the names of its hashes begin with; in one slot of a cluster."""
    return f"treadle:{{{name}}}:lock", f"treadle:{{{name}}}:head", f"treadle:{{{name}}}:"


def _holder(token: str) -> str:
    return f"treadle-{token}"


def _connect(address: Address, client_name: str, *, seconds: float | None = None) -> Any:
    seconds = _ANSWER_SECONDS if seconds is None else seconds
    try:
        return Redis.from_url(
            address.url,
            client_name=client_name or None,
            max_connections=1,  # its end is the end of the lock
            socket_connect_timeout=seconds,
            socket_timeout=seconds,
            # once more where the connection was cut since the last request; a time that ran out is not waited for twice
            retry=Retry(NoBackoff(), 1, supported_errors=(Cut,)),
        )
    except (TypeError, ValueError):
        # the text of the error may quote the URL, and with it a password
        raise StoreError(
            "this URL cannot be understood", where=address.where, mend="write redis://user:password@host:6379/0"
        ) from None


def _packed(
    histories: Iterable[tuple[str, Key, History]], versions: Iterable[tuple[str, Key, Versions]]
) -> Iterator[tuple[bytes, bytes]]:
    for view, key, history in histories:
        yield place_of("e", view, key), content_of(history.packed())
    for stream, key, found in versions:
        yield place_of("l", stream, key), content_of(found.packed())


@contextmanager
def _said_plainly(address: Address, done: str) -> Iterator[None]:
    try:
        yield
    except RedisError as bad:
        raise StoreError(
            f"the online state cannot be {done}: {address.without_secrets(str(bad))}",
            where=address.shown,
            mend="check that the server answers and has memory",
        ) from None
