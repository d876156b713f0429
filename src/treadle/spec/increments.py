"""What a source may say of reading in increments, and of when its rows are late. Nothing is opened here."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from treadle.errors import SpecError
from treadle.spec.durations import duration
from treadle.spec.project import New, Source
from treadle.spec.shape import Problem
from treadle.spec.urls import is_url

_OF_CURSORS = ("overlap", "time_zone", "deleted")


def of_increments(sources: dict[str, Source]) -> Iterator[Problem]:
    """What is wrong between `new`, `every` and the rest of each source."""
    for name, source in sources.items():
        path, new = f"sources.{name}", source.only_new
        if new is not None:
            yield from _of_files(path, source, new) if new.by is None else _of_cursor(path, source, new)
            yield from _of_keys(path, source, new)
        yield from _of_times(path, source)


def _of_files(path: str, source: Source, new: New) -> Iterator[Problem]:
    if is_url(source.read):
        yield Problem(
            f"{path}.new",
            "new files are told of folders of this machine alone",
            mend="name a column that grows: new: {by: COLUMN}",
        )
    if source.format == "delta":
        yield Problem(f"{path}.new", "a Delta table is read by rows, and not by files", mend="write new: {by: COLUMN}")
    for setting in _OF_CURSORS:
        if getattr(new, setting) is not None and setting != "deleted":
            yield Problem(
                f"{path}.new.{setting}", f"`{setting}` is of a column that rows are read by", mend="add `by:`"
            )


def _of_cursor(path: str, source: Source, new: New) -> Iterator[Problem]:
    named = [("by", new.by), ("deleted", new.deleted)] if not source.map else []  # else they are of the mapped table
    for part, column in named:
        if source.columns and column is not None and column not in source.columns:
            yield Problem(
                f"{path}.new.{part}", f"{column} is not among the `columns` that are read", mend="add it there"
            )
    if new.when_changed != "refuse":
        yield Problem(f"{path}.new.when_changed", "`when_changed` is of files, and rows are read `by` a column here")
    if isinstance(new.overlap, str):
        yield from _length(f"{path}.new.overlap", new.overlap)
    if new.ambiguous != "refuse" and new.time_zone is None:
        yield Problem(f"{path}.new.ambiguous", "no time is ambiguous without a `time_zone`", mend="name the zone")
    if new.time_zone is not None and not is_zone(new.time_zone):
        yield Problem(
            f"{path}.new.time_zone", f'there is no time zone "{new.time_zone[:40]}"', mend="such as Europe/Berlin"
        )


def _of_keys(path: str, source: Source, new: New) -> Iterator[Problem]:
    """What tells rows apart by their key needs one."""
    if source.key:
        return
    asked = [
        (part, said)
        for part, said in (("when_seen", new.when_seen != "replace"), ("deleted", new.deleted is not None))
        if said
    ]
    asked += [("when_changed", True)] if new.when_changed == "read" else []
    for part, _ in asked:
        yield Problem(f"{path}.new.{part}", f"`{part}` needs a key, by which rows are known again", mend="add `key:`")


def _of_times(path: str, source: Source) -> Iterator[Problem]:
    for part in ("every", "late_after"):
        text = getattr(source, part)
        if text is not None:
            yield from _length(f"{path}.{part}", text)
    if source.every is None:
        for part, said in (("late_after", source.late_after is not None), ("when_late", source.when_late != "last")):
            if said:
                yield Problem(f"{path}.{part}", f"`{part}` needs `every`: how often rows come", mend="add every: 1h")


def _length(path: str, text: str) -> Iterator[Problem]:
    try:
        if duration(text).total_seconds() <= 0:
            yield Problem(path, f'"{text}" is no time at all', mend="give a length such as 1h")
    except SpecError as bad:
        yield Problem(path, bad.what, mend=bad.mend)


def is_zone(name: str) -> bool:
    """Whether the machine knows a time zone of this name."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True
