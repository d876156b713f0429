"""Versioned tables as Delta Lake tables in local folders."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from treadle.backends.embedded import codecs, laying, reading, sweeping, writing
from treadle.backends.embedded.joining import chosen_of, in_order, joined, lacking, with_all
from treadle.backends.embedded.parts import PartFiles
from treadle.backends.embedded.reading import differs, sha256
from treadle.errors import DataError, EvidenceError, StoreError
from treadle.store import ROW, Blocks, Keeping, Part, Snapshot, Stored, Swept, clear_parts, fingerprint

if TYPE_CHECKING:
    import polars as pl

_CODE = re.compile(r"%[0-9A-Fa-f]{2}")
"""What delta-rs takes for a character, and then looks for another folder."""


class DeltaTables:
    """See `treadle.store.Tables`."""

    def __init__(self, root: Path, keeping: Keeping | None = None) -> None:
        self.root, self.keeping = root, keeping or Keeping()

    def kept_by(self, keeping: Keeping) -> DeltaTables:
        return DeltaTables(self.root, keeping)

    def replace(self, name: str, frame: pl.DataFrame) -> Snapshot:
        content = fingerprint(frame)
        with self._alone(name):
            newest = self.version(name)
            info = self._said_last(name) if newest is not None else {}
            before = writing.written_of(info)
            if newest is not None and info.get(writing.FINGERPRINT) == content:
                # what says that it is equal stands on the disk too: the rows themselves must be
                with contextlib.suppress(StoreError):
                    kept = self._snapshot(name, newest, content, frame.height, written=before)
                    if self._holds(kept, content):
                        return kept
            chosen = writing.codec_for(frame, self.keeping, before)
            if writing.direct(frame):
                return self._write(name, frame, content, chosen)
            return self._write_whole(name, frame, content, chosen, newest)

    def _said_last(self, name: str) -> dict[str, Any]:
        from deltalake import DeltaTable

        said: dict[str, Any] = DeltaTable(self._place(name)).history(1)[0]
        return said

    def _write(
        self, name: str, frame: pl.DataFrame, content: str, chosen: codecs.Chosen, base: Snapshot | None = None
    ) -> Snapshot:
        """`frame`, or the rows of `base` and it, as the newest version. The writer's lock is held."""
        from deltalake import DeltaTable, Schema

        place, parts = self._place(name), base.parts if base is not None else ()
        plain = (base.stored.plain if base.stored else base.bytes) if base is not None else 0
        with _said_plainly(place):
            order = base.order if base is not None else ()
            made = writing.write_blocks(frame, self.root / name, chosen, parts, plain, order)
            table = DeltaTable(place) if self.version(name) is not None else None
            writing.commit(place, table, Schema.from_arrow(frame.schema), made, content)
        rows = frame.height + (base.rows if base is not None else 0)
        return Snapshot(name, self.version(name) or 0, content, rows, made.parts, made.written.stored)

    def _write_whole(
        self, name: str, frame: pl.DataFrame, content: str, chosen: codecs.Chosen, newest: int | None
    ) -> Snapshot:
        """Rows of types that Delta keeps as others, by delta-rs. The writer's lock is held."""
        options: dict[str, Any] = _whole(content, chosen.codec)
        if newest is not None:
            options["schema_mode"] = "overwrite"
        place = self._place(name)
        with _said_plainly(place):
            frame.write_delta(place, mode="overwrite", delta_write_options=options)
        made = self._snapshot(name, self.version(name) or 0, content, frame.height)
        return replace(made, stored=Stored(chosen.codec, int(made.bytes * chosen.ratio), made.bytes))

    def replace_parts(self, name: str, parts: Iterable[pl.DataFrame]) -> Snapshot:
        place = self._place(name)
        with self._alone(name), _said_plainly(place):
            newest = self.version(name)
            info = self._said_last(name) if newest is not None else {}
            before = writing.written_of(info)
            with PartFiles(self.root / name, self.keeping, before) as files:
                files.write(parts)
                content = files.fingerprint
                if newest is not None and info.get(writing.FINGERPRINT) == content:
                    with contextlib.suppress(StoreError):
                        kept = self._snapshot(name, newest, content, files.rows, written=before)
                        if self._holds(kept, content):
                            return kept
                version, stored = files.commit(place, new=newest is None)
            return Snapshot(name, version, content, files.rows, tuple(files.parts), stored)

    def extend(self, base: Snapshot, frame: pl.DataFrame) -> Snapshot:
        from deltalake import DeltaTable

        name, place = base.table, self._place(base.table)
        content = hashlib.sha256(f"{base.fingerprint} {fingerprint(frame)}".encode()).hexdigest()
        with self._alone(name), _said_plainly(place):
            reading.refuse_changed(self.root, base)
            if self.version(name) != base.version:
                DeltaTable(place).restore(base.version)
            # as the rows before: each increment is too small to tell
            chosen = codecs.choose(frame, replace(self.keeping, codec=base.stored.codec if base.stored else ""))
            if writing.direct(frame) and frame.schema == self.schema(base):
                return self._write(name, frame, content, chosen, base)
            options = _whole(content, chosen.codec) | {"schema_mode": "merge"}
            frame.write_delta(place, mode="append", delta_write_options=options)
            known = frozenset(part.path for part in base.parts)
            added = self._snapshot(name, self.version(name) or 0, content, base.rows + frame.height, known)
        plain = (base.stored.plain if base.stored else base.bytes) + int(added.bytes * chosen.ratio)
        stored = Stored(chosen.codec, plain, added.bytes, base.order)
        return Snapshot(name, added.version, content, added.rows, (*base.parts, *added.parts), stored)

    def _snapshot(
        self,
        name: str,
        version: int,
        content: str,
        rows: int,
        known: frozenset[str] = frozenset(),
        written: writing.Written | None = None,
    ) -> Snapshot:
        """The files of a version, but for those that are `known`, with their hashes, in the order of its rows.

        The writer's lock is held.
        """
        from deltalake import DeltaTable

        root, parts = self.root / name, []
        # a large frame that delta-rs writes goes into several files, numbered in the order of its rows; a URI writes
        # the folder's name in its own way (a space as %20), and all files of a table lie in one folder
        files = {uri.rpartition("/")[2] for uri in DeltaTable(self._place(name), version=version).file_uris()}
        ordered = sorted(files - known) if written is None or {*written.parts} != files else written.parts
        for file in ordered:
            try:
                held = (root / file).read_bytes()
            except OSError as bad:
                raise StoreError(
                    f"a file of the table that was just written cannot be read: {bad.strerror}",
                    where=str(root / file),
                    mend="check the disk; the last version stands",
                ) from bad
            parts.append(Part(file, len(held), sha256(held)))
        return Snapshot(name, version, content, rows, tuple(parts), written.stored if written else None)

    def _holds(self, snapshot: Snapshot, content: str) -> bool:
        blocks = Blocks()
        try:
            for part in self.parts(snapshot):
                blocks.add(part)
        except EvidenceError:
            return False
        return blocks.fingerprint() == content

    def read(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> pl.DataFrame:
        with self.held(snapshot.table):
            hidden = [ROW] if snapshot.order and columns is not None else []
            asked = None if columns is None else [*columns, *hidden]
            frames = list(reading.frames(self.root, snapshot, asked))
        if not frames and not self._is_empty(snapshot):
            raise differs(snapshot, "the record names none of its files")
        if snapshot.order and frames:
            frames = [chosen_of(in_order(frames), columns)]
        whole = joined(frames, columns) if frames else chosen_of(self._without_rows(snapshot), columns)
        return with_all(whole, columns, snapshot)

    def parts(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        if not snapshot.parts or snapshot.order:  # rows that lie in another order are put in theirs together
            yield self.read(snapshot, columns)
            return
        schema = self.schema(snapshot)
        with self.held(snapshot.table):
            for frame in reading.frames(self.root, snapshot, columns):
                yield with_all(lacking(frame, schema, columns), columns, snapshot)
                del frame

    def check(self, snapshot: Snapshot) -> list[str]:
        faults = reading.faults(self.root, snapshot)
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
            raise differs(snapshot, "its files are missing, or of another size")
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
        return pl.concat(frames, how="diagonal").select(schema.names())

    def _without_rows(self, snapshot: Snapshot) -> pl.DataFrame:
        """Of a table without files the log alone has the columns."""
        import polars as pl

        try:
            found = self.scan(snapshot.table, snapshot.version).collect()
        except (DataError, StoreError, pl.exceptions.PolarsError, OSError) as bad:
            raise differs(snapshot, f"its log cannot be read: {(str(bad).splitlines() or ['?'])[0]}") from bad
        if found.height:
            raise differs(snapshot, "its log names rows, and it has none")
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
            raise differs(snapshot, "its file is missing")
        try:
            found = pl.scan_parquet(place, glob=False).collect_schema()
            return pl.Schema({name: dtype for name, dtype in found.items() if name != ROW or not snapshot.order})
        except (pl.exceptions.PolarsError, OSError) as bad:
            raise differs(snapshot, f"its file {place.name} is damaged: {(str(bad).splitlines() or ['?'])[0]}") from bad

    def lay_out(self, snapshot: Snapshot, by: Sequence[str]) -> Snapshot:
        from deltalake import DeltaTable

        name, place = snapshot.table, self._place(snapshot.table)
        with self._alone(name), _said_plainly(place):
            frame = self.read(snapshot)
            chosen = writing.codec_for(frame, self.keeping, writing.written_of(self._said_last(name)))
            made = laying.write(frame, snapshot, by, self.root / name, chosen)
            if self.version(name) != snapshot.version:
                DeltaTable(place).restore(snapshot.version)
            table = DeltaTable(place)
            writing.commit(place, table, table.schema(), made, snapshot.fingerprint, changes=False)
            version = self.version(name) or 0
        return Snapshot(name, version, snapshot.fingerprint, snapshot.rows, made.parts, made.written.stored)

    def append(self, name: str, frame: pl.DataFrame, *, once: str | None = None) -> int:
        from deltalake import CommitProperties, DeltaTable, Transaction

        place = self._place(name)
        marks = [Transaction(once, 1)] if once else None
        options: dict[str, Any] = {
            "commit_properties": CommitProperties(app_transactions=marks),
            "writer_properties": codecs.options(codecs.UNMEASURED),
        }
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

    def held(self, *names: str) -> AbstractContextManager[None]:
        return sweeping.held([self.root / name for name in names])

    def sweep(self, name: str, kept: Sequence[Snapshot], since: int, *, dry: bool = False) -> Swept:
        folder = self.root / name
        if dry or not folder.is_dir():
            return sweeping.sweep(folder, kept, since, dry=True)
        with self._locked(name):
            return sweeping.sweep(folder, kept, since, dry=False)

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
        """As `_locked`, for who writes: what a writer left unfinished who was killed makes room first."""
        with self._locked(name):
            clear_parts(self.root / name, sweeping.PARTS)
            yield

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """One writer at a time, of threads and processes alike; the kernel lets go of what a killed process held.

        Delta alone would let two writers make the same table, number its history wrongly while another writes, and
        not see a mark that came between its look and its write.
        """
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / sweeping.LOCK).touch()
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


def _whole(content: str, codec: str) -> dict[str, Any]:
    from deltalake import CommitProperties

    said = CommitProperties(custom_metadata={writing.FINGERPRINT: content})
    return {"commit_properties": said, "writer_properties": codecs.options(codec)}


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
