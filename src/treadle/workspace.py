"""Where a project's things are kept, opened once: catalog, tables, blobs, chain, keys."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.access import check_actor, default_actor, require
from treadle.spec import Project, load

if TYPE_CHECKING:
    from treadle.evidence import Chain
    from treadle.store import Blobs, Tables


@dataclass(frozen=True)
class Workspace:
    """One folder, `.treadle/` beside the project or TREADLE_HOME, and the engines that open what is in it."""

    root: Path
    project: Project
    chain: Chain
    tables: Tables
    blobs: Blobs

    @property
    def endpoint(self) -> str:
        return self.project.spec.endpoint

    @property
    def pointer(self) -> Path:
        """The file that names what the endpoint serves."""
        return self.root / "released" / f"{self.endpoint}.json"

    @property
    def journal(self) -> Path:
        return self.root / "journal" / self.endpoint

    @property
    def state(self) -> Path:
        return self.root / "state" / self.endpoint

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def signing_key(self) -> str:
        return _signing_key(self.root)

    @property
    def trusted_keys(self) -> list[str]:
        """Public keys whose bundles are opened here: the workspace's own, and those in keys/trusted/."""
        from treadle.models import public_key

        others = [file.read_text(encoding="ascii").strip() for file in (self.root / "keys" / "trusted").glob("*.pub")]
        return [public_key(self.signing_key), *others]

    def table(self, name: str) -> str:
        """The full name of one of this project's tables."""
        return f"{self.project.spec.project}/{name}"


def home(root: Path) -> Path:
    given = os.environ.get("TREADLE_HOME")
    return Path(given).expanduser().resolve() if given else root / ".treadle"


def open_workspace(
    path: str | Path,
    permission: str,
    *,
    actor: str | None = None,
    observer: Any = None,
    run: str = "",
    fresh: bool = False,
) -> Workspace:
    """Load the project, check that the actor may do this, and open what is kept."""
    from treadle.backends.embedded import DeltaTables, FolderBlobs
    from treadle.costs import load_book
    from treadle.evidence import Chain, Silent
    from treadle.store.catalog import open_catalog

    project = load(path)
    actor = check_actor(actor) if actor else default_actor(project.spec)
    require(actor, permission, project.spec)
    root = home(project.root)
    root.mkdir(parents=True, exist_ok=True)
    tables, blobs = DeltaTables(root / "tables"), FolderBlobs(root / "blobs")
    book = load_book(project.root / project.spec.prices if project.spec.prices else None)

    def price(usage: Any, at: datetime) -> dict[str, Any]:
        return book.price(usage, at)

    def present(ref: Mapping[str, Any]) -> bool:
        if ref.get("kind") == "table":
            return tables.exists(str(ref["table"]), int(ref["version"]))
        return blobs.exists(str(ref["digest"])) if ref.get("kind") == "blob" else True

    engine = open_catalog(os.environ.get("TREADLE_CATALOG") or f"sqlite:///{root / 'catalog.db'}")
    chain = Chain(
        engine=engine,
        actor=actor,
        run=run,
        head_file=root / "catalog.head",
        price=price,
        present=present,
        observer=observer or Silent(),
        fresh=fresh,
    )
    return Workspace(root=root, project=project, chain=chain, tables=tables, blobs=blobs)


def new_run() -> str:
    return uuid.uuid4().hex[:12]


def _signing_key(root: Path) -> str:
    """The workspace's private key, hex, made on first use and readable by its owner only."""
    from treadle.models import new_key

    file = root / "keys" / "signing.key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):  # another process made it in the meantime: its key counts
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(new_key())
    return file.read_text(encoding="ascii")
