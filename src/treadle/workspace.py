"""Where a project's things are kept, opened once: catalog, tables, blobs, chain, keys. Every path is built here."""

from __future__ import annotations

import contextlib
import os
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import SpecError, TreadleError
from treadle.keeping import (
    begin,
    begins_anew,
    home,
    is_shared,
    keep_out_of_git,
    keep_private,
    refuse_links,
    signing_key,
)
from treadle.spec import Project
from treadle.store import TableNames

if TYPE_CHECKING:
    from sqlalchemy import Engine as SqlEngine

    from treadle.address import Address
    from treadle.backends import States
    from treadle.costs import PriceBook
    from treadle.evidence import Chain, Notes, Observer, Signed
    from treadle.features import FeaturePlan, OnlineState
    from treadle.models import Released, Releases
    from treadle.serving import Journal
    from treadle.spec.settings import Colder, Keep, Mirror, Settings
    from treadle.store import Blobs, Keeping, Ref, Tables, Tiers


@dataclass(frozen=True)
class Written:
    """Where a checkpoint of the record was written; or, where none could be, why."""

    file: str = ""
    why: str = ""


@dataclass(frozen=True)
class Workspace:
    """One folder, `.treadle/` beside the project or TREADLE_HOME, and the engines that open what is in it."""

    root: Path
    project: Project
    chain: Chain
    tables: Tables
    blobs: Blobs
    states: States
    book: PriceBook
    reading: bool = False
    """Nothing may be written through it."""
    mirror: Mirror | None = None
    """The server that is told of runs, by its settings."""
    keep: Keep | None = None
    """Which snapshots are kept, by its settings."""
    colder: Colder | None = None
    """Where what is seldom read is kept for less, by its settings."""
    aside: Path | None = None
    """Where the journal is instead; see `apart`."""

    @property
    def tiers(self) -> Tiers | None:
        """Its tables, where they have colder places."""
        from treadle.backends.embedded import TieredTables

        tables = self.tables
        return tables if isinstance(tables, TieredTables) and tables.places else None

    def each(self) -> list[Workspace]:
        """The same, once for each target of the project."""
        return [replace(self, project=project) for project in self.project.each()]

    def served_plan(self) -> tuple[str, FeaturePlan] | None:
        """The version that is served, by name, with its plan; None where none is, or its bundle is gone."""
        from treadle.models import Bundle

        try:
            released = self.releases.current()
            if released is None:
                return None
            whole = self.blobs.get(released.bundle)
            return released.model, Bundle.read(whole, self.trusted_keys, where=released.model).manifest.plan
        except TreadleError:
            return None

    @property
    def endpoint(self) -> str:
        return self.project.endpoint

    @property
    def names(self) -> TableNames:
        """Sources are of the project; the rest is of the target, and only asked for where one is chosen."""
        project = self.project
        return TableNames(project.spec.project, project.target)

    @property
    def journal(self) -> Journal:
        """What the endpoint answered and was told. To open it makes nothing."""
        from treadle.backends.embedded import FolderJournal

        return FolderJournal((self.aside or self.root) / "journal" / self.endpoint)

    def apart(self, folder: Path) -> Workspace:
        """With a journal and online states of its own in that folder: what an endpoint answers there is told nobody.

        The states of the endpoint are copied, where they lie in the workspace's folder.
        """
        import shutil

        from treadle.backends.embedded import FolderStates

        kept = self.root / "state" / self.endpoint
        if kept.is_dir():
            shutil.copytree(kept, folder / "state" / self.endpoint)
        return replace(self, aside=folder, states=FolderStates(folder / "state"))

    @property
    def releases(self) -> Releases:
        """What the endpoint should serve, by the record."""
        from treadle.models import RecordedReleases

        return RecordedReleases(self.chain, self.endpoint, self.project.others)

    @property
    def released(self) -> Released:
        """The release that the endpoint should serve now, proved; for what cannot go on without one.

        Raises:
            ModelError: nothing is released to it, or what is proves itself not.
        """
        from treadle.errors import ModelError

        found = self.releases.current()
        if found is None:
            run, ask = (self.project.command(word) for word in ("run", "predict"))
            raise ModelError(
                f"nothing is released to endpoint {self.endpoint}",
                where=self.endpoint,
                mend=f"{run} says what a release waits for; a version that waits answers with: {ask} --model VERSION",
            )
        return found

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def report(self) -> Path:
        return self.reports / f"{self.project.address}.html"

    @property
    def watch_page(self) -> Path:
        return self.reports / "watch" / f"{self.endpoint}.html"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    def open_state(self, name: str) -> OnlineState:
        """One online state of the endpoint, held by this process alone until it is closed."""
        return self.states.open(self.endpoint, name)

    def scratch(self) -> Path:
        """A path of its own for a file that is being made."""
        folder = self.root / "bundles"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{uuid.uuid4().hex}.treadle"

    @property
    def signing_key(self) -> str:
        return signing_key(self.root)

    @property
    def trusted_keys(self) -> list[str]:
        """Public keys whose bundles are opened here: the workspace's own, and those in keys/trusted/."""
        from treadle.models import public_key

        others = [file.read_text(encoding="ascii").strip() for file in (self.root / "keys" / "trusted").glob("*.pub")]
        if self.reading and not (self.root / "keys" / "signing.key").exists():
            return others
        return [public_key(self.signing_key), *others]

    @property
    def notes(self) -> Notes:
        """The signed checkpoints of the record, and the key that checks them."""
        return _notes(self.root)

    def sign_checkpoint(self) -> Signed:
        """Sign the record as it is now, and keep the note beside it."""
        return self.notes.sign(self.chain, log_name(self.project), self.signing_key)

    def write_checkpoint(self) -> Written:
        """As `sign_checkpoint`, after a release: what was done stands, even where this account cannot sign it."""
        from treadle.errors import EvidenceError

        try:
            return Written(file=str(self.sign_checkpoint().file))
        except OSError as bad:
            return Written(why=f"{bad.strerror or bad}: {bad.filename}" if bad.filename else str(bad))
        except EvidenceError as bad:
            raise EvidenceError(f"{bad.what}; what was done before stands", where=bad.where, mend=bad.mend) from bad

    def present(self, ref: Ref) -> bool:
        """Whether what a reference names can still be read."""
        return _present(ref, self.tables, self.blobs, self.states)

    def check(self, ref: Ref) -> list[str]:
        """What is wrong with a stored thing, held to its hash; empty when it is as the record says."""
        from treadle.errors import EvidenceError
        from treadle.store import Blob, Snapshot

        if isinstance(ref, Snapshot):
            return self.tables.check(ref)
        if isinstance(ref, Blob):
            try:
                self.blobs.get(ref.digest)
            except EvidenceError as bad:
                return [f"{bad.what}{f' ({ref.name})' if ref.name else ''}"]
        return []


def log_name(project: Project) -> str:
    """What the log of a record is called when it begins."""
    return f"treadle/{project.spec.project}"


def _notes(root: Path) -> Notes:
    from treadle.evidence import Notes

    return Notes(root / "checkpoints", root / "keys" / "log.vkey")


def open_workspace(
    project: Project,
    *,
    actor: str,
    observer: Observer | None = None,
    run: str = "",
    fresh: bool = False,
    reading: bool = False,
    begins: bool = True,
    kept_in: Path | None = None,
) -> Workspace:
    """Open what a project keeps. Whether the actor may is asked before, where operations are begun.

    reading: nothing is written, not even a folder or a key that is missing; where nothing was kept, nothing is found.
    begins: where nothing is kept yet, a record begins; else such a one is opened for reading.
    kept_in: a folder of the caller's own for all of it, such as one that is soon gone; of its record nothing is noted
        down elsewhere.
    """
    from treadle.costs import load_book
    from treadle.evidence import Chain, Silent
    from treadle.people.unnamed import stir
    from treadle.spec.settings import load_settings

    root, named = kept_in or home(project.root), kept_in is not None
    refuse_links(root)
    without_key = begins_anew(root, project.root, named=named)
    settings = load_settings(root)  # not before the folder is known as this account's own
    nothing_yet = not (root / "catalog.db").exists() and settings.catalog is None
    reading = reading or (nothing_yet and not begins)
    if not reading:
        if without_key:
            begin(root, named=named)
        keep_private(root)
        if not named:
            keep_out_of_git(root)
        if without_key:  # now, and not with the first checkpoint: a member who signs that need not write in keys/
            _notes(root).begin(log_name(project), signing_key(root))
        if is_shared(root) and settings.catalog is None:  # SQLite itself would let the group only read
            os.close(os.open(root / "catalog.db", os.O_WRONLY | os.O_CREAT, 0o660))
    book = load_book(project.root / project.spec.prices if project.spec.prices else None)
    tables, blobs, states = _kept_at(root, settings)
    tables = tables.kept_by(_keeping(settings, book))
    chain = Chain(
        engine=_catalog_at(root, settings.catalog, empty=reading and nothing_yet),
        actor=actor,
        run=run,
        head_file=root / "catalog.head",
        price=book.price,
        present=lambda ref: _present(ref, tables, blobs, states),
        size=lambda ref: _size(ref, blobs),
        library=blobs,
        observer=observer or Silent(),
        fresh=fresh,
    )
    if not reading:
        chain.catch_up()
        stir(root)
    return Workspace(
        root, project, chain, tables, blobs, states, book, reading, settings.mirror, settings.keep, settings.tiers
    )


def _catalog_at(root: Path, address: Address | None, *, empty: bool) -> SqlEngine:
    """The catalog of an address, else the file in the workspace. `empty`: nothing is kept, and nothing is made."""
    if address is not None:
        from treadle.backends import open_catalog

        return open_catalog(address)
    from treadle.store import catalog

    return catalog.open_catalog("sqlite://" if empty else root / "catalog.db")


def _kept_at(root: Path, settings: Settings) -> tuple[Tables, Blobs, States]:
    """Tables, blobs and online states, each by the engine of its setting, else in folders of the workspace."""
    from treadle.backends import open_blobs, open_states, open_tables
    from treadle.backends.embedded import DeltaTables, FolderBlobs, FolderStates

    tables, blobs, states = settings.tables, settings.blobs, settings.state
    kept = open_tables(tables) if tables else DeltaTables(root / "tables")
    return (
        _with_tiers(kept, settings.tiers),
        open_blobs(blobs) if blobs else FolderBlobs(root / "blobs"),
        open_states(states) if states else FolderStates(root / "state"),
    )


def _with_tiers(tables: Tables, colder: Colder | None) -> Tables:
    """Also where no setting says so any more: what was moved is then missed, and not taken for damaged.

    Raises:
        SpecError: the engine of the tables has no colder places.
    """
    from treadle.backends import open_shelf
    from treadle.backends.embedded import DeltaTables, TieredTables

    places = colder.places if colder is not None else {}
    if isinstance(tables, DeltaTables):
        shelves = {tier: open_shelf(address) for tier, address in places.items()}
        return TieredTables(tables.root, shelves, {tier: each.shown for tier, each in places.items()})
    if places:
        raise SpecError(
            "tables that are kept there have no colder places", where="settings.yaml: tiers", mend="take tiers out"
        )
    return tables


def _keeping(settings: Settings, book: PriceBook) -> Keeping:
    from treadle.spec.settings import Compressed
    from treadle.store import Keeping

    said = settings.codec or Compressed()
    return Keeping(
        codec="" if said.use == "auto" else said.use,
        months=said.months,
        reads=said.reads,
        mb_second=said.mb_second,
        storage_gb_month=book.prices["storage_gb_month"],
        cpu_hour=book.prices["cpu_hour"],
    )


def _present(ref: Ref, tables: Tables, blobs: Blobs, states: States) -> bool:
    from treadle.errors import EvidenceError
    from treadle.store import Blob, Snapshot, StateRef

    match ref:
        case Snapshot():
            return tables.present(ref)
        case Blob():
            with contextlib.suppress(EvidenceError, OSError):
                return bool(blobs.get(ref.digest)) or True  # small files: their content is asked, not their presence
            return False
        case StateRef():
            return states.exists(ref.endpoint, ref.name)
    return True


def _size(ref: Ref, blobs: Blobs) -> int:
    from treadle.store import Blob, Snapshot

    match ref:
        case Snapshot():
            return ref.bytes if ref.stored is None else ref.stored.fresh  # what earlier versions have is paid for
        case Blob():
            with contextlib.suppress(OSError):
                return blobs.path(ref.digest).stat().st_size
    return 0


def new_run() -> str:
    return uuid.uuid4().hex[:12]
