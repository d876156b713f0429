"""Files that are objects in a store: S3, Google Cloud Storage, Azure Blob Storage, and what speaks as S3 does.

They are copied to a folder of this machine, part by part, and read there as files are: the same formats, the same
limits, the same digest of the same bytes. What was listed is what is read: an object that was written to in between is
refused.
"""

from __future__ import annotations

import fnmatch
import hashlib
import queue
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from treadle.errors import DataError, MissingExtra, nearest
from treadle.sources.files import Reading, of_files
from treadle.sources.limits import refuse_larger
from treadle.sources.places import LOG
from treadle.sources.servers import refuse_untrusted
from treadle.spec import Source
from treadle.spec.trust import is_pattern
from treadle.spec.urls import bucket_and_key, in_the_open

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
_PART = 1 << 23
_ENDPOINT = {"s3": "endpoint", "az": "endpoint", "gs": "base_url"}
_CLIENT = {
    "connect_timeout": timedelta(seconds=10),
    "read_timeout": timedelta(seconds=60),
    "timeout": timedelta(hours=6),
}
"""A connection, a silence between two parts, and all of one object."""
_RETRIES = {"max_retries": 5, "retry_timeout": timedelta(minutes=3)}
_RIGHTS = "check the credentials in the environment, and that they may list and read this bucket"
_CAUSES = {
    "SignatureDoesNotMatch": _RIGHTS,
    "InvalidAccessKeyId": _RIGHTS,
    "AccessDenied": _RIGHTS,
    "403 Forbidden": _RIGHTS,
    "401 Unauthorized": _RIGHTS,
    "169.254.": "no credentials are in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY); of a bucket that "
    "everybody may read, say anonymous: true",
    "NoSuchBucket": "check the name of the bucket",
    "PermanentRedirect": "the bucket is in another region: say which with region:",
    "AuthorizationHeaderMalformed": "the bucket is in another region: say which with region:",
    "Account must be specified": "set AZURE_STORAGE_ACCOUNT_NAME in the environment",
    "HTTP error": "check the endpoint, and that the store answers",
    "No space left": "make room where TMPDIR points to: objects are copied there while they are read",
}


@dataclass(frozen=True)
class Listed:
    """An object as it was listed. `tag`: its ETag, which another content has another of; empty where there is none."""

    key: str
    size: int
    tag: str
    written: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.key).name


@dataclass(frozen=True, eq=False)
class Copied:
    """Objects, copied to a folder that goes when nobody holds this any more."""

    name: str
    reading: Reading

    @property
    def digest(self) -> str:
        return self.reading.digest

    @property
    def bytes(self) -> int:
        return self.reading.bytes

    def rows(self, where: str = "") -> pl.LazyFrame:
        return self.reading.rows(where)


def find_objects(source: Source, root: Path, where: str) -> Copied:
    """Copy the objects that a source names, and tell the digest of their bytes.

    Raises:
        DataError: nobody trusted the project with the store; it is away or refuses; nothing is there; an object
            changed; all of them would take more than they may. Nothing of it is kept.
        MissingExtra: obstore is not installed.
    """
    refuse_untrusted(source, root, where)
    try:
        import obstore  # noqa: F401 - told here, before a folder is made
    except ImportError as bad:
        what = "objects in a store need the package obstore"
        raise MissingExtra("s3", "obstore", what=what, where=where) from bad
    folder = Path(tempfile.mkdtemp(prefix="treadle-objects-"))
    try:
        files, digests = beside(lambda: _copied(source, folder, where))
        copied = Copied(source.read, of_files(files, source, digests, where))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(copied, shutil.rmtree, folder, ignore_errors=True)
    return copied


def beside(call: Callable[[], T]) -> T:
    """What `call` gives, made in a thread of its own: so Ctrl-C is heeded while a store is waited for."""
    made = queue.SimpleQueue[tuple[T | None, BaseException | None]]()

    def make() -> None:
        try:
            made.put((call(), None))
        except BaseException as bad:
            made.put((None, bad))

    threading.Thread(target=make, daemon=True).start()
    found, bad = made.get()
    if bad is not None:
        raise bad
    return found  # type: ignore[return-value]


def _copied(source: Source, folder: Path, where: str) -> tuple[list[Path], list[str]]:
    """The objects' copies, in the order of their names, and the digests of their bytes."""
    with _said_plainly(source, where):
        store = _store(source)
        _, key = bucket_and_key(source.read)
        listed, table = _named(store, key, source, where)
        total = sum(each.size for each in listed)
        what = f"has {len(listed):,} object{'s' if len(listed) > 1 else ''} of"
        refuse_larger(total, source, source.read, what=what, where=where)
        places = [folder / _place(each, number, table, where) for number, each in enumerate(listed)]
        digests = [_copy(store, each, place, where) for each, place in zip(listed, places, strict=True)]
    return places, digests


def _store(source: Source) -> Any:
    """The bucket; what lets in is in the environment, where obstore looks for it by the names that its makers gave."""
    from obstore.store import from_url

    scheme = source.read.partition("://")[0].lower()
    config: dict[str, Any] = {}
    if source.endpoint:
        config[_ENDPOINT[scheme]] = source.endpoint
    if source.region:
        config["region"] = source.region
    if source.anonymous:
        config["skip_signature"] = True
    over_http = bool(source.endpoint and (source.unencrypted or not in_the_open(source.endpoint)))
    options = {**_CLIENT, "allow_http": over_http}
    bucket, _ = bucket_and_key(source.read)
    return from_url(f"{scheme}://{bucket}", config=config, client_options=options, retry_config=_RETRIES)


def _named(store: Any, key: str, source: Source, where: str) -> tuple[list[Listed], str]:
    """The objects that a source names, and the key of the folder if they are a Delta table, as local files are found:
    what has exactly this name, or lies in that folder; else what its pattern matches.
    """
    import obstore

    folder = key.strip("/")
    if not key.endswith("/"):
        try:
            return [_listed(obstore.head(store, key))], ""
        except FileNotFoundError:
            pass
    if next(_all(store, f"{folder}/{LOG}"), None) is not None:
        return sorted(_all(store, folder), key=lambda each: PurePosixPath(each.key)), folder
    there, below = _inside(store, folder)
    inside = [each for each in there if not each.name.startswith("_")]
    if inside or below:
        if below:
            raise _wrong(f"{source.read} is a folder that holds the folder {below[0]}", where)
        return inside, ""
    parent, _, last = folder.rpartition("/")
    there, _ = _inside(store, parent)
    found = [each for each in there if is_pattern(last) and fnmatch.fnmatchcase(each.name, last)]
    if not found:
        near = nearest(last, [each.name for each in there][:1000])
        raise DataError(f"there is no object {source.read}", where=where, mend=near or "nothing is in that folder")
    return found, ""


def _inside(store: Any, folder: str) -> tuple[list[Listed], list[str]]:
    """Objects, and folders, that lie in a folder, by name; hidden ones are none of them."""
    import obstore

    found = obstore.list_with_delimiter(store, prefix=folder or None)
    objects = [_listed(each) for each in found["objects"]]
    folders = [PurePosixPath(each).name for each in found["common_prefixes"]]
    shown = [each for each in objects if not each.name.startswith(".")]
    return sorted(shown, key=lambda each: each.name), sorted(n for n in folders if not n.startswith((".", "_")))


def _all(store: Any, prefix: str) -> Iterator[Listed]:
    import obstore

    for part in obstore.list(store, prefix=prefix):
        yield from map(_listed, part)


def _listed(told: Any) -> Listed:
    return Listed(str(told["path"]), int(told["size"]), told["e_tag"] or "", str(told["last_modified"]))


def _place(each: Listed, number: int, table: str, where: str) -> Path:
    """Where an object is copied to. Files keep their names, each in a folder of its own; a table keeps its form."""
    if not table:
        return Path(f"{number:06}") / (each.name if len(each.name.encode()) < 200 else each.name[-60:])
    inside = PurePosixPath(each.key).relative_to(table)
    if ".." in inside.parts or any("\\" in part or "\0" in part for part in inside.parts):
        raise _wrong(f"the table has an object of a name that no file can have: {each.key[:200]!r}", where)
    return Path("table") / Path(*inside.parts)


def _copy(store: Any, each: Listed, place: Path, where: str) -> str:
    """Copy an object if it still is the one that was listed. The digest of its bytes."""
    import obstore
    from obstore.exceptions import PreconditionError

    changed = DataError(
        f"{each.name} changed while it was being read", where=where, mend="run again when nobody writes to it"
    )
    # a weak tag (W/) is equal to none in a condition, so it is compared here
    held = {"if_match": each.tag} if each.tag and not each.tag.startswith("W/") else {}
    try:
        found = obstore.get(store, each.key, options=held)
    except (PreconditionError, FileNotFoundError) as bad:
        raise changed from bad
    if _listed(found.meta) != each:
        raise changed
    place.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with place.open("xb") as file:
        for part in found.stream(min_chunk_size=_PART):  # fails where it is not all there
            file.write(part)
            digest.update(part)
    return digest.hexdigest()


def _wrong(what: str, where: str) -> DataError:
    mend = "name an object, a folder of objects alone, a pattern such as s3://BUCKET/data/*.parquet, or a Delta table"
    return DataError(what, where=where, mend=mend)


@contextmanager
def _said_plainly(source: Source, where: str) -> Iterator[None]:
    """What the store says, in a line, and without the pages of detail that the driver adds."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError, ValueError) as bad:
        said = str(bad)
        mend = next((mend for cause, mend in _CAUSES.items() if cause in said), "check the URL and the environment")
        raise DataError(f"{source.read} cannot be read: {_plain(said)}", where=where, mend=mend) from None


_XML = re.compile(r"<Code>([^<]{1,80})</Code>\s*<Message>([^<]{1,300})</Message>", re.DOTALL)
_STATUS = re.compile(r"status code: (\d{3} [A-Za-z ]{1,40})")


def _plain(said: str) -> str:
    """The store's own words, if it has some; else the driver's first line."""
    if found := _XML.search(said):
        return f"{found[1]}: {' '.join(found[2].split())}"
    if found := _STATUS.search(said):
        return f"it answered {found[1].strip()}"
    first = (said.splitlines() or ["?"])[0]
    return first.partition("HTTP error: ")[2] or first
