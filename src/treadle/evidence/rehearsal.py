"""A chain that keeps nothing: what is appended is checked as ever, and undone at the end of the block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from treadle.evidence.chain import Alone, Chain


@dataclass(frozen=True)
class _Rehearsed(Chain):
    @contextmanager
    def alone(self) -> Iterator[Alone]:
        with self.engine.connect().execution_options(treadle_write=True) as connection, connection.begin() as begun:
            yield Alone(self, connection)
            begun.rollback()


def rehearsed(chain: Chain) -> Chain:
    """To say what would be refused, by the very code that would refuse it."""
    return _Rehearsed(**{each.name: getattr(chain, each.name) for each in fields(chain)})
