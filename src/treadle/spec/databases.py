"""What a source may say of a database: its URL without secrets, and what is read of it. Nothing is opened here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit

from treadle.spec.project import Layout, Source
from treadle.spec.secrets import NAMED
from treadle.spec.shape import Problem
from treadle.spec.urls import called, is_api, is_store, is_url

_ASKS = ("table", "query", "columns", "where")
_OF_ROWS = ("null_values", "date_format", "max_gb")
"""What a source says of its columns holds of a database too; how a file is written does not."""
_OPTIONS = frozenset(
    {"application_name", "connect_timeout", "options", "sslcert", "sslkey", "sslmode", "sslrootcert"}
    | {"target_session_attrs"}
)
_OWN = frozenset({"postgresql", "postgres", "mysql", "mariadb", "sqlite"})
_READ = "postgresql://, mysql://, sqlite:, https://, s3://, gs:// or az://"
_WRITE = "write USER:${NAME}@HOST: the environment holds NAME, or the keyring by ${keyring:NAME}"


def is_database(read: str) -> bool:
    """Whether `read:` is the URL of a database, or the name of one that the environment holds."""
    return is_url(read) and not is_api(read) and not is_store(read)


def file_of(read: str) -> str:
    """The path of a database that is a file (`sqlite:shop.db`, `sqlite:///srv/shop.db`), else empty."""
    if not read.lower().startswith("sqlite:"):
        return ""
    rest = read[len("sqlite:") :]
    return rest[2:] if rest.startswith("//") else rest


def of_databases(sources: dict[str, Source]) -> Iterator[Problem]:
    """What is wrong with sources that are databases, or that speak of tables and are files."""
    for name, source in sources.items():
        path = f"sources.{name}"
        said = [asked for asked in _ASKS if getattr(source, asked)]
        if not is_database(source.read):
            for asked in said:
                mend = "leave it out, or read a database: read: postgresql://USER:${NAME}@HOST/DATABASE"
                yield Problem(f"{path}.{asked}", f"`{asked}` is of a database, and {called(source.read)}", mend=mend)
            continue
        if unknown := _unknown(source.read):
            yield Problem(f"{path}.read", f"nothing here reads {unknown}:", mend=f"read {_READ}, or a file")
            continue
        if bool(source.table) == bool(source.query):
            both = "both a table and a query are" if source.table else "neither a table nor a query is"
            yield Problem(f"{path}.read", f"{both} named", mend='add one: table: schema.name, or query: "select ..."')
        for setting in Layout.__struct_encode_fields__:
            if setting not in _OF_ROWS and getattr(source, setting) not in (None, 0):
                yield Problem(
                    f"{path}.{setting}", f"`{setting}` is of files, and this is a database", mend="leave it out"
                )
        yield from of_url(f"{path}.read", source.read)


def _unknown(read: str) -> str:
    """The scheme of a URL that nothing reads; empty where something does, or a package adds readers of its own."""
    scheme = read.partition(":")[0].lower()
    if scheme in _OWN or NAMED.fullmatch(read):
        return ""
    from importlib.metadata import entry_points

    others = [each for each in entry_points(group="treadle.sources") if not each.value.startswith("treadle.")]
    return "" if others else scheme


def of_url(path: str, read: str) -> Iterator[Problem]:
    """What is wrong with the URL of a database. No sentence may quote it: it may hold what should not stand there."""
    if NAMED.fullmatch(read):
        return
    if read.lower().startswith("sqlite:"):
        file = file_of(read)
        if not file or (read[7:].startswith("//") and not file.startswith("/")):
            yield Problem(path, "this URL names no file", mend="write sqlite:FILE.db, or sqlite:///PATH/FILE.db")
        return
    parts = None
    with suppress(ValueError):
        parts = urlsplit(read)
        _ = parts.port
    if parts is None or not parts.hostname or parts.fragment or "@" in parts.path + parts.query:
        yield Problem(
            path, "this URL cannot be understood", mend=f"write SCHEME://USER:${{NAME}}@HOST/DATABASE; {_WRITE}"
        )
        return
    if parts.password and not NAMED.fullmatch(parts.password):
        yield Problem(path, "a password stands in the URL", mend=f"change that password, and {_WRITE}")
    for option, _value in parse_qsl(parts.query, keep_blank_values=True):
        if option not in _OPTIONS:
            shown = option if len(option) <= 40 else "an option"
            yield Problem(
                path, f"{shown} may not stand in the URL", mend=f"options are {', '.join(sorted(_OPTIONS))}; {_WRITE}"
            )
