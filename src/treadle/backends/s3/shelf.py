"""A colder place that is a bucket, or a folder in one. What class of storage it has is the bucket's own setting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from treadle.address import Address
from treadle.errors import FRESH, EvidenceError, SpecError, StoreError

_ENDPOINT = {"s3": "endpoint", "az": "endpoint", "gs": "base_url"}
_OPTIONS = ("endpoint", "region", "unencrypted")
_HERE = ("127.0.0.1", "localhost", "::1")
_CLIENT = {
    "connect_timeout": timedelta(seconds=10),
    "read_timeout": timedelta(seconds=60),
    "timeout": timedelta(hours=6),
}
"""A connection, a silence between two parts, and all of one object."""
_RETRIES = {"max_retries": 5, "retry_timeout": timedelta(minutes=1)}
_PART = 1 << 23


class BucketShelf:
    """See `treadle.store.Shelf`. `s3://BUCKET/FOLDER?region=…&endpoint=…`; what lets in is in the environment, where
    obstore looks for it by the names that its makers gave. An object is there whole or not at all."""

    def __init__(self, address: Address) -> None:
        self.address = address
        parts = address.parts
        self.folder = parts.path.strip("/")
        said = dict(parse_qsl(parts.query))
        odd = sorted(set(said) - set(_OPTIONS))
        if not parts.netloc or odd:
            wrong = f"has the option {odd[0]}, which is none" if odd else "names no bucket"
            raise SpecError(
                f"{address.shown} {wrong}",
                where=address.where,
                mend=f"write {address.scheme}://BUCKET/FOLDER, with ?region=…&endpoint=… where needed",
            )
        self._refuse_in_the_open(said)
        self.said, self.bucket = said, f"{address.scheme}://{parts.netloc}"

    @property
    def place(self) -> str:
        return f"{self.bucket}/{self.folder} {self.said.get('endpoint', '').rstrip('/')}"

    def _refuse_in_the_open(self, said: dict[str, str]) -> None:
        parts = urlsplit(said.get("endpoint", ""))
        if parts.scheme == "http" and parts.hostname not in _HERE and said.get("unencrypted") != "true":
            raise SpecError(
                "rows would go in the open to another machine",
                where=self.address.where,
                mend="use an endpoint with https, or say unencrypted=true",
            )

    def put(self, key: str, file: Path) -> None:
        import obstore

        with self._said_plainly("written"):
            obstore.put(self._store(), self._place(key), file)

    def get(self, key: str, file: Path) -> None:
        import obstore

        try:
            with self._said_plainly("read"):
                found = obstore.get(self._store(), self._place(key))
                with file.open("wb") as held:
                    for part in found.stream(min_chunk_size=_PART):  # fails where it is not all there
                        held.write(part)
        except FileNotFoundError as bad:
            raise EvidenceError(
                "a file that was moved there is gone",
                where=f"{self.bucket}/{self._place(key)}",
                mend=f"bring the object back, or make the table again with: {FRESH}",
            ) from bad

    def size(self, key: str) -> int | None:
        import obstore

        try:
            with self._said_plainly("read"):
                return int(obstore.head(self._store(), self._place(key))["size"])
        except FileNotFoundError:
            return None

    def remove(self, key: str) -> None:
        import obstore

        try:
            with self._said_plainly("changed"):
                obstore.delete(self._store(), self._place(key))
        except FileNotFoundError:
            return

    def _place(self, key: str) -> str:
        return f"{self.folder}/{key}" if self.folder else key

    def _store(self) -> Any:
        from obstore.store import from_url

        config: dict[str, Any] = {}
        if "endpoint" in self.said:
            config[_ENDPOINT[self.address.scheme]] = self.said["endpoint"]
        if "region" in self.said:
            config["region"] = self.said["region"]
        options: Any = {**_CLIENT, "allow_http": self.said.get("endpoint", "").startswith("http:")}
        retries: Any = _RETRIES
        return from_url(self.bucket, config=config, client_options=options, retry_config=retries)

    @contextmanager
    def _said_plainly(self, what: str) -> Iterator[None]:
        """What the store says in a line, but for that an object is not there."""
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError:
            raise
        except (BaseError, OSError, ValueError) as bad:
            first = self.address.without_secrets((str(bad).splitlines() or ["?"])[0])[:200]
            raise StoreError(
                f"the colder place cannot be {what}: {first}",
                where=self.bucket,
                mend="check the URL, the credentials in the environment, and that the store answers; what was moved "
                "before stands",
            ) from None
