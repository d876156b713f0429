"""Where an engine keeps things: a URL whose secrets are shown nowhere."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec import Struct

from treadle.errors import StoreError

_HIDDEN = "***"
_SHOWN = 3
"""Letters of a password so short that it is in many a word: it is hidden in URLs alone."""
_SIGNS = "in a password write @ as %40, / as %2F, # as %23 and ? as %3F"


class Address(Struct, frozen=True):
    """A URL, and the place where it was set. Its text may hold a password: only an engine's driver gets it."""

    url: str
    where: str

    @property
    def scheme(self) -> str:
        head, colon, _ = self.url.partition(":")
        return head.lower() if colon and head.replace("+", "").replace("-", "").isalnum() else ""

    @property
    def shown(self) -> str:
        """The URL for people: without its password, and without the values of its options."""
        with suppress(ValueError):
            parts = urlsplit(self.url)
            if self.scheme and "//" in self.url and not self._odd(parts):
                user = parts.username or ""
                login = f"{user}:{_HIDDEN}@" if parts.password else f"{user}@" if user else ""
                port = f":{parts.port}" if parts.port else ""
                return f"{self.scheme}://{login}{parts.hostname or ''}{port}{parts.path}{'?…' if parts.query else ''}"
        return f"{self.scheme}:…" if self.scheme else "an address"

    @staticmethod
    def _odd(parts: SplitResult) -> bool:
        """A password that was not written as URLs write it ends the host too early: then parts of it stand anywhere."""
        return "@" in parts.path + parts.query or bool(parts.fragment)

    def without_secrets(self, said: str) -> str:
        """What a driver said, without what of this address is nobody's business."""
        with suppress(ValueError):
            parts = urlsplit(self.url)
            if parts.netloc and self._odd(parts):
                return f"what was said may hold parts of the password; {_SIGNS}"
            secrets = {parts.password or "", *(value for _, value in parse_qsl(parts.query) if len(value) > _SHOWN)}
            for secret in sorted(secrets | {unquote(each) for each in secrets}, key=len, reverse=True):
                if len(secret) > _SHOWN:
                    said = said.replace(secret, _HIDDEN)
                elif secret:
                    said = said.replace(f":{secret}@", f":{_HIDDEN}@")
        return said.replace(self.url, self.shown)

    @property
    def parts(self) -> SplitResult:
        """The URL taken apart.

        Raises:
            StoreError: it is none.
        """
        try:
            parts = urlsplit(self.url)
            _ = parts.port  # refused here when it is no number
        except ValueError:
            # the text of the error may quote the URL, and with it a password
            raise StoreError(
                "this URL cannot be understood", where=self.where, mend="write scheme://user:password@host/name"
            ) from None
        if parts.netloc and self._odd(parts):
            raise StoreError(
                "this URL cannot be understood: its password has a sign in it", where=self.where, mend=_SIGNS
            )
        return parts

    @property
    def path(self) -> Path:
        """The folder or file that a `file:` URL names."""
        parts = self.parts
        if parts.netloc or not parts.path.startswith("/"):
            raise StoreError(
                f"{self.shown} names no folder of this machine", where=self.where, mend="write file:///path/of/folder"
            )
        return Path(unquote(parts.path))

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"
