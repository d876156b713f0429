"""Where a project's things are kept, opened once: catalog, tables, blobs, chain, keys. Every path is built here."""

from __future__ import annotations

import contextlib
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.spec import Project
from treadle.store.names import TableNames

if TYPE_CHECKING:
    from sqlalchemy import Engine as SqlEngine

    from treadle.address import Address
    from treadle.backends import States
    from treadle.costs import PriceBook
    from treadle.evidence import Chain, Observer, Price, Usage
    from treadle.evidence.checkpoints import Notes, Signed
    from treadle.features import OnlineState
    from treadle.spec.settings import Settings
    from treadle.store import Blobs, Ref, Tables

PRIVATE, SHARED = 0o077, 0o007
"""What others may not do with what is kept: everything; or everybody but the group of a shared workspace."""


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

    @property
    def endpoint(self) -> str:
        return self.project.spec.endpoint

    @property
    def names(self) -> TableNames:
        return TableNames(self.project.spec.project)

    @property
    def journal(self) -> Path:
        return self.root / "journal" / self.endpoint

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def report(self) -> Path:
        return self.reports / f"{self.project.spec.project}.html"

    @property
    def watch_page(self) -> Path:
        return self.reports / f"{self.endpoint}-watch.html"

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
        return _signing_key(self.root)

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
        from treadle.evidence.checkpoints import Notes

        return Notes(self.checkpoints, self.root / "keys" / "log.vkey")

    def sign_checkpoint(self) -> Signed:
        """Sign the record as it is now, and keep the note beside it."""
        return self.notes.sign(self.chain, f"treadle/{self.project.spec.project}", self.signing_key)

    def write_checkpoint(self) -> str:
        """As `sign_checkpoint`, after a release; the note's path. Empty for who may not read the workspace's key."""
        from treadle.errors import EvidenceError

        try:
            return str(self.sign_checkpoint().file)
        except PermissionError:
            return ""
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


def home(root: Path) -> Path:
    given = os.environ.get("TREADLE_HOME")
    return Path(given).expanduser().resolve() if given else root / ".treadle"


def open_workspace(
    project: Project,
    *,
    actor: str,
    observer: Observer | None = None,
    run: str = "",
    fresh: bool = False,
    reading: bool = False,
    begins: bool = True,
) -> Workspace:
    """Open what a project keeps. Whether the actor may is asked before, where operations are begun.

    reading: nothing is written, not even a folder or a key that is missing; where nothing was kept, nothing is found.
    begins: where nothing is kept yet, a record begins; else such a one is opened for reading.
    """
    from treadle.costs import load_book
    from treadle.evidence import Chain, Silent
    from treadle.spec.settings import load_settings

    root = home(project.root)
    refuse_links(root)
    without_key = _begins(root, project.root)
    settings = load_settings(root)  # not before the folder is known as this account's own
    nothing_yet = not (root / "catalog.db").exists() and settings.catalog is None
    reading = reading or (nothing_yet and not begins)
    if not reading:
        keep_private(root)
        if without_key:
            _signing_key(root)  # known as this account's own before there is anything to believe
        if _is_shared(root) and settings.catalog is None:  # SQLite itself would let the group only read
            os.close(os.open(root / "catalog.db", os.O_WRONLY | os.O_CREAT, 0o660))
    tables, blobs, states = _kept_at(root, settings)
    book = load_book(project.root / project.spec.prices if project.spec.prices else None)

    def price(usage: Usage, at: datetime) -> Price:
        return book.price(usage, at)

    chain = Chain(
        engine=_catalog_at(root, settings.catalog, empty=reading and nothing_yet),
        actor=actor,
        run=run,
        head_file=root / "catalog.head",
        price=price,
        present=lambda ref: _present(ref, tables, blobs, states),
        size=lambda ref: _size(ref, blobs),
        library=blobs,
        observer=observer or Silent(),
        fresh=fresh,
    )
    if not reading:
        chain.catch_up()
    return Workspace(
        root=root, project=project, chain=chain, tables=tables, blobs=blobs, states=states, book=book, reading=reading
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
    return (
        open_tables(tables) if tables else DeltaTables(root / "tables"),
        open_blobs(blobs) if blobs else FolderBlobs(root / "blobs"),
        open_states(states) if states else FolderStates(root / "state"),
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
            return sum(part.size for part in ref.parts)
        case Blob():
            with contextlib.suppress(OSError):
                return blobs.path(ref.digest).stat().st_size
    return 0


def record_key(root: Path) -> str | None:
    """The private key of what is kept in `root`; "" for a record or settings without one, None where nothing is kept.

    Settings count: those of a stranger could name another's database, and send it what the environment holds.
    """
    from treadle.spec.settings import has_settings

    file = root / "keys" / "signing.key"
    if file.exists():
        return file.read_text(encoding="ascii", errors="replace")
    return "" if (root / "catalog.db").exists() or has_settings(root) else None


def believe(root: Path) -> bool:
    """Keep that this account believes the record in `root`; False where nothing is kept."""
    from treadle.spec.trust import believe_record

    if record_key(root) is None:
        return False
    refuse_links(root)
    believe_record(_signing_key(root))  # a record without a key gets one: its want says nothing
    return True


def _begins(root: Path, project: Path) -> bool:
    """Whether nothing is kept yet.

    A record that came with the project's folder is another's word, whoever it names as reviewer.

    Raises:
        SpecError: nobody of this account began it, or said that it is to be believed.
    """
    if "TREADLE_HOME" in os.environ:
        return record_key(root) is None  # named by who runs this: nothing that came along with a project
    from treadle.errors import SpecError
    from treadle.spec.trust import knows_record

    try:
        key = record_key(root)
    except PermissionError:
        if (root / "keys" / "signing.key").stat().st_uid != os.getuid():
            return False  # another account's, on this machine: no archive that was unpacked here can claim that
        raise
    if key is not None and not knows_record(key):
        raise SpecError(
            "this record was not begun by you: its approvals, models, keys and settings are another's word",
            where=str(root),
            mend=f"if you believe it: treadle trust {project}. To begin a new one, move the folder away",
        )
    return key is None


def refuse_links(root: Path) -> None:
    """A workspace that is a link, or has one in it, could have anything written anywhere.

    Raises:
        SpecError: there is one. Where the workspace should lie elsewhere, TREADLE_HOME says so.
    """
    from treadle.errors import SpecError

    places = [root, *(Path(each.path) for each in os.scandir(root))] if root.is_dir() else [root]
    for place in places:
        if place.is_symlink():
            raise SpecError(
                f"{place.name} is a link, and what is kept is never written through one",
                where=str(place),
                mend="remove the link; TREADLE_HOME names another folder for what is kept",
            )


def keep_private(root: Path) -> None:
    """Make the workspace's folder, and see that whatever this process writes from here on is not for others.

    Engines write files of their own making, so the rule is the process's and not each file's: nobody else may read
    (0700, 0600), or nobody outside the group of a workspace that `init --shared` made (2770, 0660).
    """
    shared = _is_shared(root)
    os.umask(SHARED if shared else PRIVATE)
    if not root.is_dir():
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not shared and root.stat().st_mode & PRIVATE and root.stat().st_uid == os.getuid():
        root.chmod(0o700)


def _is_shared(root: Path) -> bool:
    return root.is_dir() and bool(root.stat().st_mode & 0o2000)


def share(root: Path, group: str) -> None:
    """Make a workspace that a group of this machine shares: 2770, and 0660 for what is written in it.

    Raises:
        SpecError: there is no such group, or this user may not give it anything.
    """
    import grp

    from treadle.errors import SpecError

    try:
        number = grp.getgrnam(group).gr_gid
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.chown(root, -1, number)
        root.chmod(0o2770)
    except KeyError as bad:
        raise SpecError(
            f"there is no group {group!r} on this machine", where="--shared", mend="`getent group` lists them"
        ) from bad
    except PermissionError as bad:
        raise SpecError(
            f"you are no member of {group!r}", where="--shared", mend="`id -Gn` lists the groups that you are in"
        ) from bad


def new_run() -> str:
    return uuid.uuid4().hex[:12]


def _signing_key(root: Path) -> str:
    """The workspace's private key, hex, made on first use; readable by its owner, or by those who share it."""
    from treadle.models import new_key
    from treadle.spec.trust import believe_record

    file = root / "keys" / "signing.key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o770 if _is_shared(root) else 0o700)
        part = file.with_name(f".{uuid.uuid4().hex}.part")
        made = new_key()
        if "TREADLE_HOME" not in os.environ:
            believe_record(made)  # before others can find it: who reads it finds it known
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660 if _is_shared(root) else 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(made)
        with contextlib.suppress(FileExistsError):  # another process made it in the meantime: its key counts
            os.link(part, file)
        part.unlink()
    return file.read_text(encoding="ascii")
