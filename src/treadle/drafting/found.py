"""A project before it is run, as types: what was drafted from a table, what a check found."""

from __future__ import annotations

from msgspec import Struct


class Drafted(Struct, frozen=True):
    """`guesses` says what was guessed and from what, a sentence each; `contract` is empty for a very wide table."""

    project: str
    file: str
    contract: str
    guesses: list[str]
    next: str


class SourceCheck(Struct, frozen=True):
    """One source as it was read; `rules` is 0 where it has no contract. `lag`: how old the rows are that a run read
    last, of a source that says how often they come. `whole`: all rows were read, and not the first alone."""

    source: str
    rows: int
    columns: int
    rules: int
    quarantined: int
    broken: list[str]
    lag: str = ""
    whole: bool = True


class Checked(Struct, frozen=True):
    """`problems`: what `run`, `serve` or `release` would refuse, each with its place; `warnings`: what they take."""

    project: str
    ok: bool
    problems: list[str]
    warnings: list[str]
    features: int
    inputs: list[str]
    sources: list[SourceCheck]


class Trusted(Struct, frozen=True):
    """`places` is what the project may read outside its folder, `functions` the code of its own it may run.

    `record` is the folder of the record that came with it, whose approvals and releases are now believed; `sent`: where
    its settings keep things instead, such as a database and a cache, by URLs without passwords.
    """

    project: str
    folder: str
    trusted: bool
    places: list[str]
    record: str
    functions: str
    entry_points: list[str]
    sent: list[str] = []


class MapLine(Struct, frozen=True):
    """A column of the target, and what of the source it is probably made of; `column`: empty where nothing is like it.

    `why`: what the score, from 0 to 1, is made of; `second`: the runner-up. `entry`: as it stands after the column in
    the project file; empty where nothing needs to be written. `accepted`: it is sure, or a person named it.
    """

    target: str
    column: str
    score: float
    why: list[str]
    second: str
    second_score: float
    entry: str
    accepted: bool


class MapProposed(Struct, frozen=True):
    """`left`: columns of the source that nothing is made of. `text`: the lines that are accepted; `file`: where they
    were written, empty where they were not."""

    source: str
    to: str
    lines: list[MapLine]
    left: list[str]
    text: str
    file: str
