"""What is told of notes and of what was tried, as types. Light: the command line names them before it does anything."""

from __future__ import annotations

from msgspec import Struct


class LinkShown(Struct, frozen=True):
    """What a note rests on. `newer`: what came after it since the note was written; empty where nothing did."""

    name: str
    entry: int
    kind: str
    said: str
    newer: str = ""


class FigureShown(Struct, frozen=True):
    """A figure in the text. `was`: as it stood when the note was written; `now`: as it is; `why`: of one that cannot be
    read any more."""

    cited: str
    was: str
    now: str
    entry: int
    why: str = ""

    @property
    def holds(self) -> bool:
        return self.was == self.now


class VersionLine(Struct, frozen=True):
    """`lines`: how many lines differ from the version before, `+` and `-` together."""

    number: int
    by: str
    time: str
    entry: int
    lines: int


class Note(Struct, frozen=True):
    """`text`: with figures as they are now; `written`: as it was typed. `flags`: why it may no longer hold, a sentence
    each; none while it does. `tried`: of a paper, what the record has of its idea."""

    name: str
    sort: str
    title: str
    number: int
    by: str
    time: str
    entry: int
    tags: list[str]
    source: str
    text: str
    written: str
    links: list[LinkShown]
    figures: list[FigureShown]
    flags: list[str]
    versions: list[VersionLine]
    tried: list[str] = []


class Conflict(Struct, frozen=True):
    """Two edited one version. `theirs` stands; `yours` was not kept. `common`: what both began from."""

    edited: int
    theirs_number: int
    theirs_by: str
    theirs_time: str
    common: str
    theirs: str
    yours: str


class NoteLine(Struct, frozen=True):
    name: str
    sort: str
    title: str
    number: int
    by: str
    time: str
    tags: list[str]
    flags: list[str]


class Hit(Struct, frozen=True):
    """Something that was found by words. `where`: what `treadle why` knows it by; `excerpt`: where the words stand."""

    sort: str
    where: str
    entry: int
    by: str
    time: str
    title: str
    excerpt: str


class Attempt(Struct, frozen=True):
    """Something that was tried, decided or written. `times`: how often the same; `result`: what came of it, by the
    newest or, of trials and versions, the best."""

    sort: str
    what: str
    result: str
    times: int
    entry: int
    where: str
    run: str
    by: str
    time: str


class Knows(Struct, frozen=True):
    """A person to ask. `did`: on what ground, such as "2 runs, 1 note"."""

    person: str
    did: str
    last: str
