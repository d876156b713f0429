"""Versioned tables as Delta Lake tables in local folders."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.backends.embedded.parts import FINGERPRINT, PartFiles, newest_fingerprint
from treadle.errors import DataError, EvidenceError, StoreError
from treadle.store import Blocks, Part, Snapshot, fingerprint

if TYPE_CHECKING:
    import polars as pl

_CODE = re.compile(r"%[0-9A-Fa-f]{2}")
"""What delta-rs takes for a character, and then looks for another folder."""


class DeltaTables:
    """See `treadle.store.Tables`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def replace(self, name: str, frame: pl.DataFrame) -> Snapshot:
        from deltalake import CommitProperties

        content, place = fingerprint(frame), self._place(name)
        options: dict[str, Any] = {"commit_properties": CommitProperties(custom_metadata={FINGERPRINT: content})}
        with self._alone(name):
            newest = self.version(name)
            if newest is not None:
                if newest_fingerprint(place) == content:
                    # what says that it is equal stands on the disk too: the rows themselves must be
                    with contextlib.suppress(StoreError):
                        kept = self._snapshot(name, newest, content, frame.height)
                        if self._holds(kept, content):
                            return kept
                options["schema_mode"] = "overwrite"
            with _said_plainly(place):
                frame.write_delta(place, mode="overwrite", delta_write_options=options)
            return self._snapshot(name, self.version(name) or 0, content, frame.height)

    def replace_parts(self, name: str, parts: Iterable[pl.DataFrame]) -> Snapshot:
        place = self._place(name)
        with self._alone(name), _said_plainly(place), PartFiles(self.root / name) as files:
            files.write(parts)
            content, newest = files.fingerprint, self.version(name)
            if newest is not None and newest_fingerprint(place) == content:
                with contextlib.suppress(StoreError):
                    kept = self._snapshot(name, newest, content, files.rows)
                    if self._holds(kept, content):
                        return kept
            version = files.commit(place, new=newest is None)
            return Snapshot(name, version, content, files.rows, tuple(files.parts))

    def extend(self, base: Snapshot, frame: pl.DataFrame) -> Snapshot:
        from deltalake import CommitProperties, DeltaTable

        name, place = base.table, self._place(base.table)
        content = hashlib.sha256(f"{base.fingerprint} {fingerprint(frame)}".encode()).hexdigest()
        options: dict[str, Any] = {
            "commit_properties": CommitProperties(custom_metadata={FINGERPRINT: content}),
            "schema_mode": "merge",
        }
        with self._alone(name), _said_plainly(place):
            if self.version(name) != base.version:
                DeltaTable(place).restore(base.version)
            frame.write_delta(place, mode="append", delta_write_options=options)
            known = frozenset(part.path for part in base.parts)
            added = self._snapshot(name, self.version(name) or 0, content, base.rows + frame.height, known)
        return Snapshot(name, added.version, content, added.rows, (*base.parts, *added.parts))

    def _snapshot(
        self, name: str, version: int, content: str, rows: int, known: frozenset[str] = frozenset()
    ) -> Snapshot:
        """The files of a version, but for those that are `known`, with their hashes, in the order of its rows.

        The writer's lock is held.
        """
        from deltalake import DeltaTable

        root, parts = self.root / name, []
        # a large frame goes into several files, numbered in the order of its rows; a URI writes the folder's name in
        # its own way (a space as %20), and all files of a table lie in one folder
        files = {uri.rpartition("/")[2] for uri in DeltaTable(self._place(name), version=version).file_uris()}
        for file in sorted(files - known):
            try:
                held = (root / file).read_bytes()
            except OSError as bad:
                raise StoreError(
                    f"a file of the table that was just written cannot be read: {bad.strerror}",
                    where=str(root / file),
                    mend="check the disk; the last version stands",
                ) from bad
            parts.append(Part(file, len(held), _sha256(held)))
        return Snapshot(name, version, content, rows, tuple(parts))

    def _holds(self, snapshot: Snapshot, content: str) -> bool:
        blocks = Blocks()
        try:
            for part in self.parts(snapshot):
                blocks.add(part)
        except EvidenceError:
            return False
        return blocks.fingerprint() == content

    def read(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> pl.DataFrame:
        frames = list(self._frames(snapshot, columns))
        whole = _joined(frames, columns) if frames else _of(self._without_rows(snapshot), columns)
        return _with_all(whole, columns, snapshot)

    def parts(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        if not snapshot.parts:
            yield self.read(snapshot, columns)
            return
        # a file that is older than a column lacks it
        schema = self.schema(snapshot)
        wanted = list(schema) if columns is None else list(columns)
        kinds = {name: schema[name] for name in wanted if name in schema}
        for frame in self._frames(snapshot, columns):
            lacking = {name: kind for name, kind in kinds.items() if name not in frame.columns}
            whole = frame.with_columns(_missing(lacking)).select(list(kinds)) if lacking else frame
            yield _with_all(whole, columns, snapshot)

    def _frames(self, snapshot: Snapshot, columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        """The rows of each file, held to its hash, with those of the columns that it has."""
        import polars as pl

        for part in snapshot.parts:
            file = self.root / snapshot.table / part.path
            try:
                held = file.read_bytes()
            except OSError as bad:
                raise _differs(snapshot, f"its file {part.path} cannot be read: {bad.strerror}") from bad
            if _sha256(held) != part.sha256:
                raise _differs(snapshot, f"its file {part.path} was changed on disk")
            try:
                yield _decoded(held, columns)
            except pl.exceptions.PolarsError as bad:
                raise _differs(snapshot, f"its file {part.path} cannot be decoded: {bad}") from bad
        if not snapshot.parts and not self._is_empty(snapshot):
            raise _differs(snapshot, "the record names none of its files")

    def check(self, snapshot: Snapshot) -> list[str]:
        faults = []
        for part in snapshot.parts:
            file = self.root / snapshot.table / part.path
            try:
                changed = _sha256(file.read_bytes()) != part.sha256
            except OSError as bad:
                faults.append(f"table {snapshot.table} version {snapshot.version}: {part.path}: {bad.strerror}")
                continue
            if changed:
                faults.append(f"table {snapshot.table} version {snapshot.version}: {part.path} was changed on disk")
        if not snapshot.parts and not self.exists(snapshot.table, snapshot.version):
            faults.append(f"table {snapshot.table} version {snapshot.version} is gone")
        return faults

    def present(self, snapshot: Snapshot) -> bool:
        folder = self.root / snapshot.table
        try:
            if not snapshot.parts:
                return self._is_empty(snapshot)
            return all((folder / part.path).stat().st_size == part.size for part in snapshot.parts)
        except (OSError, StoreError):
            return False

    def files(self, snapshot: Snapshot) -> tuple[Path, ...]:
        if not self.present(snapshot):
            raise _differs(snapshot, "its files are missing, or of another size")
        return tuple(self.root / snapshot.table / part.path for part in snapshot.parts)

    def _is_empty(self, snapshot: Snapshot) -> bool:
        """A table without rows has no files."""
        return not snapshot.parts and snapshot.rows == 0 and self.exists(snapshot.table, snapshot.version)

    def rows(self, snapshot: Snapshot) -> pl.LazyFrame:
        import polars as pl

        files = self.files(snapshot)
        if not files:
            return self._without_rows(snapshot).lazy()
        schema, frames = self.schema(snapshot), [pl.scan_parquet(file, glob=False) for file in files]
        return pl.concat(frames, how="diagonal").select(schema.names()) if len(frames) > 1 else frames[0]

    def _without_rows(self, snapshot: Snapshot) -> pl.DataFrame:
        """Of a table without files the log alone has the columns."""
        import polars as pl

        try:
            found = self.scan(snapshot.table, snapshot.version).collect()
        except (DataError, StoreError, pl.exceptions.PolarsError, OSError) as bad:
            raise _differs(snapshot, f"its log cannot be read: {(str(bad).splitlines() or ['?'])[0]}") from bad
        if found.height:
            raise _differs(snapshot, "its log names rows, and it has none")
        return found

    def columns(self, snapshot: Snapshot) -> tuple[str, ...]:
        """By the log, and so without Polars: a server asks for them."""
        from deltalake import DeltaTable

        with _said_plainly(self._place(snapshot.table)):
            table = DeltaTable(self._place(snapshot.table), version=snapshot.version)
            return tuple(field.name for field in table.schema().fields)

    def schema(self, snapshot: Snapshot) -> pl.Schema:
        import polars as pl

        if self._is_empty(snapshot):
            return self._without_rows(snapshot).schema
        # the last file has the columns of those before it, and may have more
        place = self.root / snapshot.table / snapshot.parts[-1].path if snapshot.parts else None
        if place is None or not place.is_file():
            raise _differs(snapshot, "its file is missing")
        try:
            return pl.scan_parquet(place, glob=False).collect_schema()
        except (pl.exceptions.PolarsError, OSError) as bad:
            raise _differs(
                snapshot, f"its file {place.name} is damaged: {(str(bad).splitlines() or ['?'])[0]}"
            ) from bad

    def append(self, name: str, frame: pl.DataFrame, *, once: str | None = None) -> int:
        from deltalake import CommitProperties, DeltaTable, Transaction

        place = self._place(name)
        marks = [Transaction(once, 1)] if once else None
        options: dict[str, Any] = {"commit_properties": CommitProperties(app_transactions=marks)}
        with self._alone(name):
            newest = self.version(name)
            if newest is not None:
                if once is not None and DeltaTable(place).transaction_version(once) is not None:
                    return newest
                options["schema_mode"] = "merge"
            with _said_plainly(place):
                frame.write_delta(place, mode="append", delta_write_options=options)
            return self.version(name) or 0

    def scan(self, name: str, version: int | None = None) -> pl.LazyFrame:
        import polars as pl

        if not self.exists(name, version):
            newest = self.version(name)
            raise DataError(
                f'there is no table "{name}"' if newest is None else f'table "{name}" has no version {version}',
                where=str(self.root),
                mend="run the project first: treadle run PROJECT"
                if newest is None
                else f"its newest version is {newest}",
            )
        return pl.scan_delta(self._place(name), version=version)

    def exists(self, name: str, version: int | None = None) -> bool:
        newest = self.version(name)
        return newest is not None and (version is None or 0 <= version <= newest)

    def version(self, name: str) -> int | None:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        if not (self.root / name / "_delta_log").is_dir():
            return None
        try:
            return int(DeltaTable(self._place(name)).version())
        except TableNotFoundError:
            return None
        except DeltaError as bad:
            raise StoreError(
                f"the log of the table cannot be read: {bad}",
                where=self._place(name),
                mend="remove the folder of the table: what is made from its source is made again",
            ) from bad

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """One writer at a time, of threads and processes alike; the kernel lets go of what a killed process held.

        Delta alone would let two writers make the same table, number its history wrongly while another writes, and
        not see a mark that came between its look and its write.
        """
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".writer.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _place(self, name: str) -> str:
        folder = str(self.root / name)
        if _CODE.search(folder):
            raise StoreError(
                "tables cannot lie in a folder whose name has a code such as %20 in it",
                where=folder,
                mend="rename the folder, or set TREADLE_HOME to another",
            )
        return folder


@contextmanager
def _said_plainly(place: str) -> Iterator[None]:
    from deltalake.exceptions import DeltaError

    try:
        yield
    except DeltaError as bad:
        raise StoreError(
            f"the table cannot be written: {bad}",
            where=place,
            mend="check that the disk has room and may be written; its last version stands",
        ) from bad


def _decoded(content: bytes, columns: Sequence[str] | None) -> pl.DataFrame:
    """The columns that are asked for, of those that the file has: a file may be older than a column."""
    import io

    import polars as pl

    if columns is None:
        return pl.read_parquet(io.BytesIO(content))
    try:
        return pl.read_parquet(io.BytesIO(content), columns=list(columns))
    except pl.exceptions.ColumnNotFoundError:
        known = pl.read_parquet_schema(io.BytesIO(content))
        return pl.read_parquet(io.BytesIO(content), columns=[name for name in columns if name in known])


def _of(frame: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
    return frame if columns is None else frame.select(name for name in columns if name in frame.columns)


def _with_all(frame: pl.DataFrame, columns: Sequence[str] | None, snapshot: Snapshot) -> pl.DataFrame:
    if columns is not None and frame.columns != list(columns):
        raise _differs(snapshot, f"it has no column {sorted({*columns} - {*frame.columns})[0]}")
    return frame


def _missing(columns: Mapping[str, pl.DataType]) -> list[pl.Expr]:
    import polars as pl

    return [pl.lit(None, dtype=kind).alias(name) for name, kind in columns.items()]


def _joined(frames: list[pl.DataFrame], columns: Sequence[str] | None) -> pl.DataFrame:
    """Files under one another: a column that older ones lack is missing in their rows."""
    import polars as pl

    if len(frames) == 1:
        return frames[0]
    if all(frame.columns == frames[0].columns for frame in frames):
        return pl.concat(frames)
    return _of(pl.concat(frames, how="diagonal"), columns)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _differs(snapshot: Snapshot, what: str) -> EvidenceError:
    return EvidenceError(
        f"table {snapshot.table} version {snapshot.version} is not what the record says: {what}",
        where=snapshot.table,
        mend="nothing was made from it; make it again with: treadle run PROJECT --fresh",
    )
