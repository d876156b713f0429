"""The engine is chosen by the scheme of a URL, and found by entry point; what is not known is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from treadle.address import Address
from treadle.backends import Engine, installed, known, open_blobs, open_catalog, open_states, open_tables
from treadle.backends.embedded import DeltaTables, FolderBlobs, FolderStates
from treadle.errors import MissingExtra, SpecError, StoreError, TreadleError

OTHER = Engine(name="other", blobs={"other": lambda address: FolderBlobs(Path(address.parts.path))})
TWIN = Engine(name="twin", catalogs={"postgresql": lambda address: pytest.fail("never opened")})
NO_ENGINE = "no engine"


@pytest.fixture
def point(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Adds entry points to those that are installed."""
    real = known.entry_points

    def add(*named: str) -> None:
        more = [EntryPoint(name, f"{__name__}:{name}", known.GROUP) for name in named]
        monkeypatch.setattr(known, "entry_points", lambda group: [*real(group=group), *more])
        installed.cache_clear()

    yield add
    installed.cache_clear()


def test_a_file_url_names_a_folder_of_this_machine(tmp_path: Path) -> None:
    place = tmp_path / "a b"
    url = Address(place.as_uri(), "settings.yaml:1:1: blobs")
    tables, blobs, states = open_tables(url), open_blobs(url), open_states(url)
    assert isinstance(tables, DeltaTables) and isinstance(blobs, FolderBlobs) and isinstance(states, FolderStates)
    assert tables.root == blobs.root == states.root == place
    for wrong in ("file://host/folder", "file:relative", "file:"):
        with pytest.raises(StoreError, match="names no folder"):
            open_blobs(Address(wrong, "x"))


def test_another_package_adds_an_engine(point: object, tmp_path: Path) -> None:
    address = Address(f"other://{tmp_path}", "x")
    with pytest.raises(SpecError, match='no engine keeps blobs at "other:"'):
        open_blobs(address)
    point("OTHER")
    assert open_blobs(address).put(b"x") and isinstance(open_blobs(address), FolderBlobs)


def test_two_engines_for_one_scheme_are_refused(point: object) -> None:
    point("TWIN")
    with pytest.raises(SpecError, match="postgres and twin both keep catalog at postgresql:"):
        open_catalog(Address("postgresql://db/x", "x"))


def test_an_engine_that_cannot_be_loaded_is_named_where_it_is_missed(point: object, tmp_path: Path) -> None:
    point("GONE", "NO_ENGINE")
    assert isinstance(open_blobs(Address(tmp_path.as_uri(), "x")), FolderBlobs)
    with pytest.raises(SpecError) as refused:
        open_blobs(Address("gone://x", "x"))
    assert "the engine GONE cannot be loaded (AttributeError)" in refused.value.mend
    assert "the engine NO_ENGINE is none" in refused.value.mend


def test_a_scheme_that_nobody_knows_is_refused_with_what_is_known() -> None:
    with pytest.raises(SpecError) as refused:
        open_catalog(Address("postgresq://ada:s3cret@db/x", "settings.yaml:1:1: catalog"))
    assert str(refused.value).startswith('settings.yaml:1:1: catalog: no engine keeps catalog at "postgresq:"')
    assert "did you mean" in refused.value.mend and "sqlite" in refused.value.mend
    with pytest.raises(SpecError, match=r"the setting for blobs is no URL"):
        open_blobs(Address("just words", "x"))


def test_an_extra_that_is_not_installed_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    real = known.find_spec
    monkeypatch.setattr(known, "find_spec", lambda name: None if name == "psycopg" else real(name))
    with pytest.raises(MissingExtra) as refused:
        open_catalog(Address("postgresql://ada:s3cret@db/x", "settings.yaml:1:1: catalog"))
    assert refused.value.mend == 'pip install "treadle[postgres]"' and "psycopg" in refused.value.what
    assert refused.value.where == "settings.yaml:1:1: catalog"
    with pytest.raises(SpecError) as unknown:
        open_catalog(Address("oracle://db/x", "x"))
    assert 'sqlite, postgres, postgresql, postgresql+psycopg (pip install "treadle[postgres]")' in unknown.value.mend


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:s3cret@db:port/treadle",
        "postgresql://ada:s3cret@[::1/treadle",
        "postgresql://ada:s3cret@/treadle?password=s3cret&connect_timeout=s3cret",
        "postgresql+nothing://ada:s3cret@db/treadle",
        "nonsense://ada:s3cret@db/treadle",
        "://ada:s3cret@db",
        "ada:s3cret@db",
        "sqlite://ada:s3cret@db/x",
        "postgresql://ada:s3/cret@db/x",
        "postgresql://ada:12#s3cret@db/x",
        "postgresql://ada:12?s3cret@db/x",
        "postgresql://ada:12@s3cret/9@127.0.0.1:1/x",
    ],
)
def test_no_error_tells_a_password(url: str) -> None:
    address = Address(url, "TREADLE_CATALOG")
    with pytest.raises(TreadleError) as refused:
        open_catalog(address)
    shown = f"{refused.value} {refused.value.__cause__!r} {address!r} {address.shown}"
    assert not any(word in shown for word in ("s3", "cret", "12")) and refused.value.mend


def test_an_address_is_shown_without_its_secrets() -> None:
    address = Address("redis://ada:p%40ss@cache:6379/1?password=pw12&ssl=true", "x")
    assert address.shown == "redis://ada:***@cache:6379/1?…" and repr(address) == f"Address({address.shown!r})"
    assert address.without_secrets("login of ada with p@ss (p%40ss) or pw12 failed") == (
        "login of ada with *** (***) or *** failed"
    )
    assert (address.scheme, Address("sqlite:///x", "x").shown) == ("redis", "sqlite:///x")


def test_a_password_of_a_letter_is_hidden_in_urls_alone():
    address = Address("postgresql://ada:x@host/db", "TREADLE_CATALOG")
    assert address.without_secrets("cannot execute at postgresql://ada:x@host") == (
        "cannot execute at postgresql://ada:***@host"
    )
