"""Secrets that a file names and does not hold: `${NAME}` of the environment, `${keyring:NAME}` of a keyring."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import quote

from treadle.errors import MissingExtra, SpecError

NAMED = re.compile(r"\$\{(keyring:)?([A-Za-z_][A-Za-z0-9_]*)\}")
SERVICE = "treadle"
"""The service that the names of a keyring are of: `keyring set treadle NAME` keeps one."""


def names_in(text: str) -> list[str]:
    """The `${...}`s of a text, as they are written, each once."""
    return list(dict.fromkeys(found[0] for found in NAMED.finditer(text)))


def filled(text: str, where: str, environment: Mapping[str, str] = os.environ, *, quoted: bool = True) -> str:
    """A URL with its `${NAME}`s filled in.

    Within a URL a value is written as URLs write it (`@` as %40), so that a password may hold any sign; what is one
    `${NAME}` alone is a whole URL. quoted: False of a text that is no URL, such as a header, whose values stand as they
    are.

    Raises:
        SpecError: a name that is not set; the error never holds a value.
        MissingExtra: a keyring is named, and the package for it is not installed.
    """

    def value(found: re.Match[str]) -> str:
        given = _of_keyring(found[2], where) if found[1] else environment.get(found[2])
        if not given:
            raise SpecError(
                f"the variable {found[2]} is not set in the environment",
                where=where,
                mend=f"set {found[2]} for the process that runs Treadle",
            )
        return given if found[0] == text or not quoted else quote(given, safe="")

    return NAMED.sub(value, text)


def _of_keyring(name: str, where: str) -> str:
    try:
        import keyring
    except ModuleNotFoundError as bad:
        raise MissingExtra(
            "sql", "keyring", what=f"${{keyring:{name}}} needs the package keyring", where=where
        ) from bad
    try:
        found: str | None = keyring.get_password(SERVICE, name)
    except Exception as bad:  # each keyring of a system has errors of its own; their texts may quote what they hold
        raise SpecError(
            f"the keyring cannot be asked for {name} ({type(bad).__name__})",
            where=where,
            mend=f"unlock it, or keep the secret in the environment and write ${{{name}}}",
        ) from None
    if not found:
        raise SpecError(
            f"the keyring holds no {name} for {SERVICE}",
            where=where,
            mend=f"keep it there: keyring set {SERVICE} {name}",
        )
    return found
