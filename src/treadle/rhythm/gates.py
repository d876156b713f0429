"""Gates of milestones: as they are written, and whether the record could ever measure them.

A gate is a figure of the record held against a number, `flights.average_precision >= 0.55`, or `released`: the endpoint
serves something.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import EvidenceError, TeamError, closest, nearest
from treadle.evidence import Reader
from treadle.knowledge.citing import figures_named
from treadle.spec import all_tables
from treadle.spec.choices import METRICS, RANGES

if TYPE_CHECKING:
    from treadle.workspace import Workspace

RELEASED = "released"
_GATE = re.compile(r"(?P<subject>\S+)\.(?P<figure>[A-Za-z_][A-Za-z0-9_]*)\s*(?P<sign>>=|<=|>|<)\s*(?P<limit>\S+)")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_VERSION = re.compile(r"(?P<target>\S+):[1-9]\d*")
_OF_A_VERSION = ("value", "low", "high", "mb", "p99_ms", "cost", "seconds")
"""What the record will have of a version in numbers, beside the metric that the project chooses by."""


class Condition(Struct, frozen=True):
    """A gate, read. `subject` is empty for `released`."""

    text: str
    subject: str = ""
    figure: str = ""
    sign: str = ""
    limit: float = 0.0


def condition(text: str) -> Condition:
    """A gate as it is written. What the record kept of old with a thousand's comma, `1,000`, is read as it was meant.

    >>> condition("shop:1.recall >= 0.5")
    Condition(text='shop:1.recall >= 0.5', subject='shop:1', figure='recall', sign='>=', limit=0.5)

    Raises:
        TeamError: it is no gate.
    """
    said = " ".join(text.split())
    if said == RELEASED:
        return Condition(said)
    found, mend = _GATE.fullmatch(said), 'write "flights.average_precision >= 0.55", or released'
    limit = math.nan
    if found:
        number = found["limit"]
        if "," in number and not _THOUSANDS.fullmatch(number):
            mend = "write 0.05 with a point, and thousands without a comma"
        elif "_" not in number:
            try:
                limit = float(number.replace(",", ""))
            except ValueError:
                limit = math.nan
    if found is None or not math.isfinite(limit):
        raise TeamError(f'"{said[:80]}" is no gate', where="--gate", mend=mend)
    return Condition(said, found["subject"], found["figure"], found["sign"], limit)


def new_condition(workspace: Workspace, reader: Reader, text: str) -> Condition:
    """A gate that is set now: its number has no comma, and the record can have such a figure.

    Raises:
        TeamError: it is no gate, or one of a figure that nothing could measure, or that always or never holds.
    """
    asked = condition(text)
    if not asked.subject:
        return asked
    if "," in asked.text.rpartition(asked.sign)[2]:
        raise TeamError(
            f'"{asked.text[:80]}" is no gate: a comma may be a point or a thousand',
            where="--gate",
            mend="write 0.05 with a point, and thousands without a comma",
        )
    known = _figures_of(workspace, reader, asked)
    if known and asked.figure not in known:
        raise TeamError(
            f"{asked.subject} has no figure {asked.figure}", where="--gate", mend=nearest(asked.figure, known)
        )
    low, high = RANGES.get(asked.figure, (-math.inf, math.inf))
    never, always = (high, low) if asked.sign.startswith(">") else (low, high)
    idle = (asked.sign in (">", "<") and asked.limit == never) or (asked.sign in (">=", "<=") and asked.limit == always)
    if idle or not low <= asked.limit <= high:
        raise TeamError(
            f"{asked.figure} lies between {low:g} and {high:g}, so that {asked.text[:80]} would say nothing",
            where="--gate",
            mend=f"hold it against a number from {low:g} to {high:g}",
        )
    return asked


def _figures_of(workspace: Workspace, reader: Reader, asked: Condition) -> set[str]:
    """What may be measured of a subject; nothing, where that cannot be known before it is there."""
    ours = _versions_of(workspace, asked.subject)
    known = set(ours)
    try:
        known |= set(figures_named(workspace, reader, asked.subject))
    except EvidenceError as bad:
        tables = [f"source/{table}" for table in all_tables(workspace.project.spec)]
        if not ours and asked.subject not in tables:
            names = [*_addresses(workspace), *tables]
            meant = nearest(asked.subject, names) if closest(asked.subject, names) else bad.mend
            raise TeamError(bad.what, where="--gate", mend=meant or nearest(asked.subject, names)) from bad
    return known


def _addresses(workspace: Workspace) -> dict[str, str]:
    """Names of what a run makes, with the metric that it is chosen by; of a project that names none, any of its
    kind."""
    found = {}
    for one in workspace.each():
        predict = one.project.spec.predict
        for name in (one.project.address, one.endpoint, f"endpoint/{one.endpoint}"):
            found[name] = predict.metric or " ".join(METRICS[predict.kind])
    return found


def _versions_of(workspace: Workspace, subject: str) -> set[str]:
    version = _VERSION.fullmatch(subject.removeprefix("model/"))
    metrics = _addresses(workspace).get(version["target"] if version else subject, "")
    return {*metrics.split(), *_OF_A_VERSION} if metrics else set()
