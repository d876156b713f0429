"""What is told of records as files, as types. Light: named before anything is done."""

from __future__ import annotations

from msgspec import Struct


class Told(Struct, frozen=True):
    """A file, and what is to be known of it. `do`: what helps."""

    file: str
    what: str
    do: str = ""


class Clash(Struct, frozen=True):
    """A file that was edited, of a record that was changed since: both as they are, and what each began from is in the
    record. The file stays as it is. `entry`: of what stands now, which `by` wrote at `time`."""

    file: str
    entry: int
    by: str
    time: str
    theirs: str
    yours: str


class FolderWritten(Struct, frozen=True):
    """`written`: files that are new or changed; `same`: how many were so already; `kept`: edited here, so not written
    over."""

    folder: str
    written: list[str]
    same: int
    kept: list[Told]


class FolderRead(Struct, frozen=True):
    """`taken`: what became entries, or would where it was only looked; `again`: files of what has a file of its
    own by now; `older`: files that were not edited and that the
    record is ahead of; `missing`: records without a file, which stay."""

    folder: str
    looked: bool
    taken: list[Told]
    conflicts: list[Clash]
    refused: list[Told]
    same: int
    again: list[Told]
    older: list[str]
    missing: list[str]
    ok: bool = True
