"""What persons said of single rows: these two are the same, these are not, this value counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from treadle.errors import DataError


class Decision(Struct, frozen=True):
    """`joined` or `split`: the rows called `one` and `other` are the same, or are not. `set`: of whatever `one` is,
    `field` is `value`, as text. `by`: who said it; `reason`: why."""

    done: Literal["joined", "split", "set"]
    one: str
    other: str = ""
    field: str = ""
    value: str | None = None
    by: str = ""
    reason: str = ""

    def said(self) -> str:
        if self.done == "set":
            return f"{self.field} of {self.one} is {self.value!r} ({self.by})"
        return f"{self.one} {'is' if self.done == 'joined' else 'is not'} {self.other} ({self.by})"


def refuse_contradiction(decisions: Sequence[Decision], where: str) -> None:
    """Raises:
    DataError: two rows are said to be the same, whether in one word or by others that are said to be both, and not to
        be. All that says so is named.
    """
    for split in decisions:
        if split.done == "split":
            way = _way(split.one, split.other, decisions)
            if way is not None:
                said = "; ".join(each.said() for each in (*way, split))
                raise DataError(
                    f"{split.one} and {split.other} cannot be the same and not the same: {said}",
                    where=where,
                    mend="undo one of these: treadle data entities undo",
                )


def _way(one: str, other: str, decisions: Sequence[Decision]) -> list[Decision] | None:
    """By which decisions one row is another; None where none lead there."""
    steps: dict[str, list[tuple[str, Decision]]] = {}
    for each in decisions:
        if each.done == "joined":
            steps.setdefault(each.one, []).append((each.other, each))
            steps.setdefault(each.other, []).append((each.one, each))
    came: dict[str, tuple[str, Decision] | None] = {one: None}
    waiting = deque([one])
    while waiting:
        here = waiting.popleft()
        if here == other:
            break
        for there, by in steps.get(here, []):
            if there not in came:
                came[there] = (here, by)
                waiting.append(there)
    if other not in came:
        return None
    way, at = list[Decision](), came[other]
    while at is not None:
        way.append(at[1])
        at = came[at[0]]
    return way[::-1]
