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

    `record` is the folder of the record that came with it, whose approvals and releases are now believed.
    """

    project: str
    folder: str
    trusted: bool
    places: list[str]
    record: str
    functions: str
    entry_points: list[str]
