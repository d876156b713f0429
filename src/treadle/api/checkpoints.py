"""Sign the log and publish the note; prove an entry; hold the log against a note that was kept elsewhere."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from treadle.errors import EvidenceError, StoreError

if TYPE_CHECKING:
    from treadle.evidence import Kept, Signed
    from treadle.workspace import Workspace

GIT_NOTES = "refs/notes/treadle"
_SECONDS = 30.0
"""How long a server or git may take: a note is a few hundred bytes, so that what takes longer hangs."""


def publish(signed: Signed, to: str, project: Path) -> str:
    """Keep a copy of the note in a file, as a Git note on HEAD (`git`), or on a server by HTTP PUT; where it is then.

    Raises:
        StoreError: the server, or git, did not take it.
    """
    if to == "git":
        return _git_note(signed.note, project)
    if "://" in to:
        return _put(signed.note, to)
    from treadle.evidence import write_whole

    file = Path(to)
    write_whole(file, signed.note.encode())
    return str(file)


def prove(workspace: Workspace, entry: str) -> tuple[int, bytes, str, Signed]:
    """An entry's number, its bytes, the proof that it is in the log, and the checkpoint that the proof ends in.

    Raises:
        EvidenceError: there is no such entry, or the log's tree holds another one at its place.
    """
    from treadle.evidence import CatalogTiles, TileHashes, prove_entry

    seq, content = _entry(workspace, entry)
    signed = workspace.sign_checkpoint()
    with workspace.chain.engine.connect() as connection:
        hashes = TileHashes(CatalogTiles(connection), signed.checkpoint.size)
        proof = prove_entry(hashes, seq, signed.note)
    proof.check(content, [signed.key], where="log")
    return seq, content, proof.text, signed


def kept_elsewhere(workspace: Workspace, file: str) -> tuple[Sequence[Kept], list[str]]:
    """The checkpoint in `file`, and what is wrong with it as one of this log; nothing to hold it against if it is of
    another project's."""
    try:
        content = Path(file).read_bytes()
    except OSError as bad:
        raise EvidenceError(f"the checkpoint cannot be read: {bad.strerror}", where=file) from bad
    kept, fault = workspace.notes.given(content, Path(file).name)
    return [kept] if kept else [], [fault] if fault else []


def _entry(workspace: Workspace, name: str) -> tuple[int, bytes]:
    from sqlalchemy import or_, select

    from treadle.evidence import as_bytes
    from treadle.store.schema import entries

    asked: Any = or_(entries.c.id == name, entries.c.hash == name)
    if name.isascii() and name.isdigit() and len(name) <= 18:
        asked = entries.c.seq == int(name)
    with workspace.chain.engine.connect() as connection:
        row = connection.execute(select(entries.c.seq, entries.c.body).where(asked)).first()
    if row is None:
        raise EvidenceError(
            f"there is no entry {name}",
            where="log",
            mend="give a number, id or hash; `treadle log` lists them",
        )
    return int(row.seq), as_bytes(row.body)


def _git_note(note: str, project: Path) -> str:
    """A note on HEAD, verbatim: by way of a blob, since git would tidy a message. A newer one replaces an older one."""
    blob = _git(project, "hash-object", "-w", "--stdin", given=note)
    head = _git(project, "rev-parse", "--verify", "HEAD^{commit}")
    _git(project, "notes", f"--ref={GIT_NOTES}", "add", "-f", "-C", blob, head)
    return f"{GIT_NOTES} on {head}"


def _git(project: Path, *words: str, given: str = "") -> str:
    mend = "the project must be in a git repository with a commit, and git must know your name and e-mail"
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *words],
            input=given.encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as bad:
        raise StoreError("git is not installed, so no git note was written", where="--to git") from bad
    except subprocess.TimeoutExpired as bad:
        raise StoreError(f"git {words[0]} took more than {_SECONDS:.0f} s", where="--to git", mend=mend) from bad
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise StoreError(f"git {words[0]} failed: {said[0] if said else done.returncode}", where="--to git", mend=mend)
    return done.stdout.decode().strip()


def _put(note: str, url: str) -> str:
    import http.client
    import urllib.error
    import urllib.request

    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"  # neither a password nor a token is shown
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StoreError("a checkpoint is sent by http or https", where=place, mend="or give a file, or git")
    mend = "the note is kept in .treadle/checkpoints; send it again, or by other means"
    try:
        asked = urllib.request.Request(
            url, data=note.encode(), method="PUT", headers={"Content-Type": "text/plain; charset=utf-8"}
        )
        with urllib.request.urlopen(asked, timeout=_SECONDS):
            return place
    except urllib.error.HTTPError as bad:
        bad.close()
        said = f"the server did not take the checkpoint: {bad.code} {bad.reason}"
        raise StoreError(said, where=place, mend=mend) from bad
    except (OSError, ValueError, http.client.HTTPException) as bad:
        reason = getattr(bad, "reason", bad)
        raise StoreError(f"the checkpoint could not be sent: {reason}", where=place, mend=mend) from bad
