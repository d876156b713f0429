"""What is told, and what became of it, as types. Light: the command line names them before it does anything."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from treadle.spec import Topic
from treadle.store import EntryRef


class Notice(Struct, frozen=True):
    """One thing to tell. `thing`: what it is about, such as action/3; `key`: no channel is told it twice.

    `seq`: the entry that it tells of; 0 of what time alone brought about. `asks`: somebody is to do something, so that
    a forge opens an issue; `ends`: things of which nothing is to be done any more. `concerns`: persons; nobody in
    particular, if empty. `rests`: the entry that it tells of, or that opened what it is about.
    """

    topic: Topic
    thing: str
    key: str
    text: str
    seq: int
    actor: str
    day: str
    asks: bool = False
    ends: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()
    rests: EntryRef | None = None


class Told(Struct, frozen=True):
    """What one channel was told. `outcome`: sent, refused, nobody, would be sent, held (it waits, and why).
    `waiting`: how many things are due and were not told."""

    channel: str
    outcome: str
    text: str
    link: str = ""
    waiting: int = 0


class ChannelState(Struct, frozen=True):
    """`waiting`: how many notices it was not told of yet; `held`: why, where it could not be; `issues`: open ones."""

    name: str
    leads_to: Literal["webhook", "mail", "github", "gitlab"]
    about: tuple[str, ...]
    trusted: bool
    begun: bool
    told: int
    refused: int
    last: str
    waiting: int
    held: str = ""
    issues: int = 0
