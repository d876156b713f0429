"""Online state in Redis, or in what speaks its protocol (Valkey)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.address import Address
from treadle.backends.engine import Engine

if TYPE_CHECKING:
    from treadle.backends.engine import States


def _states(address: Address) -> States:
    from treadle.backends.redis.state import RedisStates

    return RedisStates(address)


ENGINE = Engine(name="redis", package="redis", extra="redis", states={"redis": _states, "rediss": _states})

__all__ = ["ENGINE"]
