"""Delta tables some of whose files lie in colder places.

A file that was moved has a mark where it lay, `.moved/NAME`, that says where it is. To move one:

    1. its copy is written in the colder place, read back, and held to its hash;
    2. the mark is written;
    3. only then is the file removed, while nobody reads the table.

To bring one back goes the other way: the file, held to its hash, then the copy, then the mark. So whenever a process is
killed there is a whole file in one of the two places; where it is in both, that of the table counts, and the next time
goes on. What is read out of a colder place is noted down before, in `.retrieved`, until the record has it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from treadle.backends.embedded import sweeping
from treadle.backends.embedded.shelf import on_disk
from treadle.backends.embedded.tables import DeltaTables
from treadle.errors import FRESH, EvidenceError, StoreError
from treadle.store import Carried, Keeping, Part, Retrieved, Shelf, Snapshot, Swept, clear_parts

if TYPE_CHECKING:
    import polars as pl

_MOVED, _LOCK, _TOLD, _NAME = ".moved", ".tiers.lock", ".retrieved", ".place"


class Mark(msgspec.Struct, frozen=True):
    """Where a file is that was moved, and what it must be."""

    tier: str
    size: int
    sha256: str


class TieredTables(DeltaTables):
    """See `treadle.store.Tables` and `treadle.store.Tiers`. `shelves`: the colder ones, the nearest first."""

    def __init__(
        self, root: Path, shelves: Mapping[str, Shelf], places: Mapping[str, str], keeping: Keeping | None = None
    ) -> None:
        super().__init__(root, keeping)
        self.shelves, self.places = dict(shelves), dict(places)

    def kept_by(self, keeping: Keeping) -> TieredTables:
        return TieredTables(self.root, self.shelves, self.places, keeping)

    # what is read is here first

    def read(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> pl.DataFrame:
        with self._here(snapshot):
            return super().read(snapshot, columns)

    def parts(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        with self._here(snapshot):
            yield from super().parts(snapshot, columns)

    def files(self, snapshot: Snapshot) -> tuple[Path, ...]:
        with self._here(snapshot):
            return super().files(snapshot)

    def schema(self, snapshot: Snapshot) -> pl.Schema:
        with self._here(snapshot):
            return super().schema(snapshot)

    def extend(self, base: Snapshot, frame: pl.DataFrame) -> Snapshot:
        with self._here(base):
            return super().extend(base, frame)

    def present(self, snapshot: Snapshot) -> bool:
        moved = self._moved(snapshot.table, snapshot.parts)
        if not moved:
            return super().present(snapshot)
        here = msgspec.structs.replace(snapshot, parts=tuple(part for part in snapshot.parts if part.path not in moved))
        if here.parts and not super().present(here):
            return False
        # a place that is away is no reason to make again what lies there: that is said, and not taken for a loss
        return all(self._shelf(mark).size(self._key(snapshot.table, path)) == mark.size for path, mark in moved.items())

    def check(self, snapshot: Snapshot) -> list[str]:
        """What lies elsewhere is read there, and stays."""
        moved = self._moved(snapshot.table, snapshot.parts)
        if not moved:
            return super().check(snapshot)
        here = msgspec.structs.replace(snapshot, parts=tuple(part for part in snapshot.parts if part.path not in moved))
        faults = super().check(here) if here.parts else []
        with self._alone_in(snapshot.table):
            for part in snapshot.parts:
                if part.path in moved:
                    try:
                        self._fetched(snapshot.table, part, moved[part.path]).unlink()
                    except EvidenceError as bad:
                        faults.append(f"table {snapshot.table} version {snapshot.version}: {part.path}: {bad.what}")
        return faults

    def sweep(self, name: str, kept: Sequence[Snapshot], since: int, *, dry: bool = False) -> Swept:
        away = self._marks(name)  # a file that lies in both places is counted here, and goes in both
        swept, wanted = super().sweep(name, kept, since, dry=dry), sweeping.wanted(self.root / name, kept, since)
        left = {path: mark for path, mark in self._marks(name).items() if path not in wanted}
        if left and not dry:
            with self._alone_in(name):
                for path, mark in left.items():
                    self._shelf(mark).remove(self._key(name, path))
                    self._mark(name, path).unlink(missing_ok=True)
        counted = [mark.size for path, mark in away.items() if path not in wanted]
        return Swept(swept.files + len(counted), swept.bytes + sum(counted))

    # what is asked of them besides

    def lies(self, table: str) -> Mapping[str, str]:
        return {path: mark.tier for path, mark in self._marks(table).items()}

    def refuse_away(self, ways: Iterable[tuple[str, str]]) -> dict[tuple[str, str], StoreError | None]:
        sources, found = dict[str, set[str]](), dict[tuple[str, str], StoreError | None]()
        for source, tier in ways:
            sources.setdefault(tier, set()).add(source)
        for tier, several in sources.items():
            self.shelves[tier].size(_NAME)  # whatever is there: to be asked is what fails
            away = self._refuse_shared(tier, several)
            found |= {(source, tier): away.get(source) for source in several}
        return found

    def move(self, table: str, parts: Sequence[Part], tier: str, since: int, apart: Collection[str] = ()) -> Carried:
        folder = self.root / table
        stay, done = sweeping.wanted(folder, (), since), list[Part]()
        with self._alone_in(table):
            marks = self._marks(table)
            lies = {marks[part.path].tier for part in parts if part.path in marks and part.path not in stay}
            for away in self._refuse_shared(tier, lies - {*apart}).values():
                raise away
            for part in parts:
                mark, file = marks.get(part.path), folder / part.path
                if part.path in stay or (mark is not None and mark.tier == tier):
                    continue
                if mark is None and not file.is_file():
                    continue  # retention had it
                held = file if mark is None else self._fetched(table, part, mark)
                try:
                    self._put(table, part, held, tier)
                finally:
                    if held is not file:
                        held.unlink(missing_ok=True)
                self._write_mark(table, part, tier)
                if mark is not None:
                    self._shelf(mark).remove(self._key(table, part.path))
                done.append(part)
            self._remove_moved(table, [part for part in parts if part.path not in stay])
        return Carried(len(done), sum(part.size for part in done))

    def bring_back(self, table: str, parts: Sequence[Part]) -> Carried:
        if not self._moved(table, parts):
            return Carried(0, 0)
        with self._alone_in(table):
            return self._back(table, parts)

    def retrieved(self) -> list[Retrieved]:
        found = []
        for file in (self.root / _TOLD).glob("*.json"):
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                found.append(msgspec.json.decode(file.read_bytes(), type=Retrieved))
        return sorted(found, key=lambda each: (each.time, each.name))

    def told(self, names: Iterable[str]) -> None:
        for name in names:
            (self.root / _TOLD / f"{name}.json").unlink(missing_ok=True)

    # the steps of it

    @contextmanager
    def _here(self, snapshot: Snapshot) -> Iterator[None]:
        """All files of a snapshot are where the table is, and stay as long as this is open."""
        table, parts = snapshot.table, snapshot.parts
        with ExitStack() as reading:
            reading.enter_context(self.held(table))
            if self._moved(table, parts):
                reading.close()  # whoever moves waits for readers, and may have the lock that is needed now
                with self._alone_in(table):
                    self._back(table, parts)
                    reading.enter_context(self.held(table))  # before anybody else moves
            yield

    def _refuse_shared(self, tier: str, lies: Collection[str]) -> dict[str, StoreError]:
        """Of two tiers at one place the copy that one no longer needs is the only one that the other has.

        A place may go by several names, so those that files come from (`lies`) are also asked: what is put in one is
        not in another. What comes from none can lose nothing. Those that do not answer, each with why.
        """
        away, others = dict[str, StoreError](), [each for each in self.shelves if each in lies and each != tier]
        shared = [each for each in self.shelves if self.shelves[each].place == self.shelves[tier].place]
        if len(shared) == 1 and others:
            key = f"{self._named()}/.asked-{uuid.uuid4().hex}"
            self.shelves[tier].put(key, self.root / _NAME)
            try:
                found = [each for each in others if self._finds(each, key, away)]
            finally:
                self.shelves[tier].remove(key)
            shared = [each for each in self.shelves if each == tier or each in found]
        if len(shared) > 1:
            raise StoreError(
                f"the tiers {' and '.join(shared)} are one place, {self.places.get(tier, tier)}",
                where="settings.yaml: tiers",
                mend="bring back what lies there, treadle data move --back --apply; then give each a place of its own",
            )
        return away

    def _finds(self, tier: str, key: str, away: dict[str, StoreError]) -> bool:
        try:
            return self.shelves[tier].size(key) is not None
        except StoreError as bad:
            away[tier] = bad
            return False

    def _back(self, table: str, parts: Sequence[Part]) -> Carried:
        """The lock of who moves is held."""
        folder, moved = self.root / table, self._moved(table, parts)
        several = {part.path: part for part in parts if part.path in moved}
        for path, part in several.items():
            self._fetched(table, part, moved[path]).replace(folder / path)
            on_disk(folder)
            self._shelf(moved[path]).remove(self._key(table, path))
            self._mark(table, path).unlink(missing_ok=True)
        return Carried(len(several), sum(part.size for part in several.values()))

    def _put(self, table: str, part: Part, held: Path, tier: str) -> None:
        """A copy that was read back from where it now lies, and is what was written."""
        if _digest(held) != part.sha256:
            raise EvidenceError(
                f"the file {part.path} of table {table} is not what was written, so it was not moved",
                where=str(held),
                mend="treadle verify PROJECT --all names all that differs",
            )
        key, aside, shelf = self._key(table, part.path), self._aside(table, part.path), self.shelves[tier]
        shelf.put(key, held)
        try:
            self._note(table, tier, part.size)
            shelf.get(key, aside)
            if _digest(aside) != part.sha256:
                raise StoreError(
                    f"what was written of {part.path} is not what is read from there",
                    where=key,
                    mend="check that place; the file stays where it was",
                )
        finally:
            aside.unlink(missing_ok=True)

    def _fetched(self, table: str, part: Part, mark: Mark) -> Path:
        """A copy beside, held to its hash; that it was read is noted down before it is."""
        aside = self._aside(table, part.path)
        try:
            self._note(table, mark.tier, mark.size)
            self._shelf(mark).get(self._key(table, part.path), aside)
        except OSError as bad:
            raise self._not_back(aside.parent, bad) from bad
        if _digest(aside) != part.sha256:
            aside.unlink(missing_ok=True)
            place = self.places.get(mark.tier, mark.tier)
            raise EvidenceError(
                f"the file {part.path} of table {table} is not what the record says: it was changed in {place}",
                where=table,
                mend=f"nothing was made from it; make it again with: {FRESH}",
            )
        return aside

    def _remove_moved(self, table: str, parts: Sequence[Part]) -> None:
        """The files that have a copy elsewhere, while nobody reads the table."""
        folder, marks = self.root / table, self._marks(table, every=True)
        gone = [part for part in parts if part.path in marks and (folder / part.path).is_file()]
        if not gone:
            return
        with (folder / sweeping.LOCK).open("ab") as lock:
            sweeping.wait_for_readers(lock.fileno(), folder)
            for part in gone:
                mark = marks[part.path]
                if self._shelf(mark).size(self._key(table, part.path)) == mark.size:
                    (folder / part.path).unlink(missing_ok=True)

    def _note(self, table: str, tier: str, size: int) -> None:
        folder, name = self.root / _TOLD, uuid.uuid4().hex
        folder.mkdir(exist_ok=True)
        clear_parts(folder, "*.part")
        said = Retrieved(name, table, tier, 1, size, datetime.now(UTC).isoformat(timespec="seconds"))
        part = folder / f"{name}.part"
        part.write_bytes(msgspec.json.encode(said))
        part.replace(folder / f"{name}.json")

    def _marks(self, table: str, *, every: bool = False) -> dict[str, Mark]:
        """Of files that are not here; `every`: also of those that a process that was killed left in both places."""
        found = {}
        folder = self.root / table
        for file in sorted((folder / _MOVED).glob("*.json")):
            path = file.name.removesuffix(".json")
            if every or not (folder / path).is_file():
                with contextlib.suppress(OSError, msgspec.MsgspecError):
                    found[path] = msgspec.json.decode(file.read_bytes(), type=Mark)
        return found

    def _moved(self, table: str, parts: Sequence[Part]) -> dict[str, Mark]:
        """Of these files, those that lie elsewhere."""
        folder, found = self.root / table, dict[str, Mark]()
        if not (folder / _MOVED).is_dir():
            return found
        for part in parts:
            if not (folder / part.path).is_file():
                with contextlib.suppress(OSError, msgspec.MsgspecError):
                    found[part.path] = msgspec.json.decode(self._mark(table, part.path).read_bytes(), type=Mark)
        return found

    def _write_mark(self, table: str, part: Part, tier: str) -> None:
        place = self._mark(table, part.path)
        aside = place.with_name(f".{uuid.uuid4().hex}.part")
        with aside.open("xb") as file:
            file.write(msgspec.json.encode(Mark(tier, part.size, part.sha256)))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(place)
        on_disk(place.parent)

    def _mark(self, table: str, path: str) -> Path:
        return self.root / table / _MOVED / f"{path}.json"

    def _aside(self, table: str, path: str) -> Path:
        return self.root / table / _MOVED / f"{path}.coming"

    def _shelf(self, mark: Mark) -> Shelf:
        if mark.tier not in self.shelves:
            raise StoreError(
                f"files of tables were moved to the tier {mark.tier}, and no setting says where that is",
                where="settings.yaml: tiers",
                mend=f"say tiers: {{{mark.tier}: URL}} again, as it was when they were moved",
            )
        return self.shelves[mark.tier]

    def _key(self, table: str, path: str) -> str:
        """Below a name that these tables gave themselves, so that two workspaces may share a place."""
        return f"{self._named()}/{table}/{path}"

    def _named(self) -> str:
        place = self.root / _NAME
        if not place.is_file():
            aside = self.root / f".{uuid.uuid4().hex}.part"
            aside.write_text(uuid.uuid4().hex, encoding="ascii")
            with contextlib.suppress(FileExistsError):
                os.link(aside, place)  # of two at once the first
            aside.unlink()
        return place.read_text(encoding="ascii").strip()

    @contextmanager
    def _alone_in(self, table: str) -> Iterator[None]:
        """One that moves or brings back at a time; what another left who was killed is cleared."""
        folder = self.root / table
        try:
            (folder / _MOVED).mkdir(parents=True, exist_ok=True)
            with (folder / _LOCK).open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                for left in (*(folder / _MOVED).glob("*.coming"), *(folder / _MOVED).glob(".*.part")):
                    left.unlink(missing_ok=True)
                yield
        except OSError as bad:
            raise self._not_back(folder, bad) from bad

    def _not_back(self, folder: Path, bad: OSError) -> StoreError:
        return StoreError(
            f"files of a table that lie elsewhere cannot be moved or brought back: {bad.strerror or bad}",
            where=str(folder),
            mend="check that the disk has room and may be written; nothing was lost",
        )


def _digest(file: Path) -> str:
    with file.open("rb") as held:
        return hashlib.file_digest(held, "sha256").hexdigest()
