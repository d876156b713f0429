"""What an HTTP API is sent: URL, headers and parameters with their secrets filled in, which no message repeats."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from msgspec import Struct

from treadle.errors import DataError, SpecError
from treadle.sources.asking import joined
from treadle.sources.paging import with_query
from treadle.spec import Source
from treadle.spec.secrets import filled, names_in
from treadle.spec.urls import in_the_open

_HIDDEN = "***"
_SHOWN = 3
"""Letters of a secret so short that it is in many a word: `no` is not hidden."""


class Api(Struct, frozen=True):
    """What of a source is sent, with its secrets filled in: so it is shown nowhere.

    `own`: parameters with a secret, which a link to the next page may lack; `secrets`: all that no message may hold.
    """

    source: Source
    where: str
    url: str
    headers: dict[str, str]
    own: dict[str, str]
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Api({self.source.read!r})"

    def failed(self, what: str, mend: str = "", place: str = "") -> DataError:
        """The error of a sentence in which nothing secret stands, whoever repeated it."""
        return DataError(
            f"{place}{self.source.read} cannot be read: {self.hidden(what)}",
            where=self.where,
            mend=self.hidden(mend) or "check the URL and what it is asked with",
        )

    def hidden(self, said: str) -> str:
        for secret in self.secrets:
            said = said.replace(secret, _HIDDEN)
        return said


def api_of(source: Source, where: str) -> Api:
    """Fill in what the environment holds."""
    asked = source.parameters
    texts = [source.read, *source.headers.values(), *(str(each) for each in asked.values())]
    secrets = [filled(name, where, quoted=False) for text in texts for name in names_in(text)]
    read = urlsplit(filled(source.read, where))
    user, _, host = read.netloc.rpartition("@")
    headers = {
        name: _sendable(name, filled(value, where, quoted=False), where) for name, value in source.headers.items()
    }
    if user:
        login = ":".join(unquote(part) for part in (user if ":" in user else f"{user}:").split(":", 1))
        word = base64.b64encode(login.encode()).decode()
        headers.setdefault("Authorization", f"Basic {word}")
        secrets += [word, unquote(user.partition(":")[2])]
    if in_the_open(read.geturl()) and not source.unencrypted:
        raise SpecError("plain http: to another machine is not meant", where=where, mend="write https:")
    given = {name: filled(v, where, quoted=False) if isinstance(v, str) else v for name, v in asked.items()}
    held = dict(parse_qsl(urlsplit(source.read).query)) | {name: str(value) for name, value in asked.items()}
    url = with_query(read._replace(netloc=host, fragment="").geturl(), given)
    sent = dict(parse_qsl(urlsplit(url).query))
    hidden = {each for secret in secrets if len(secret) > _SHOWN for each in _spelled(secret)}
    return Api(
        source=source,
        where=where,
        url=joined(url, ""),
        headers=headers,
        own={name: sent[name] for name, value in held.items() if names_in(value) and name in sent},
        secrets=tuple(sorted(hidden, key=len, reverse=True)),
    )


def _spelled(secret: str) -> tuple[str, ...]:
    """As a server may repeat it: as it is, in a URL, in a form, in JSON."""
    in_json = [json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (True, False)]
    return secret, quote(secret, safe=""), quote(secret), quote_plus(secret), *in_json


def _sendable(name: str, value: str, where: str) -> str:
    """The value of a header; what cannot be one is not repeated."""
    if any(ord(character) < 32 or ord(character) == 127 for character in value) or not value.isascii():
        raise SpecError(
            f"what is filled into the header {name} holds a line break, or a letter that no header may have",
            where=where,
            mend="check the variable in the environment: is there a line break at its end?",
        )
    return value
