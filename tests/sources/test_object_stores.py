"""Objects in a store, by the suite that files pass, from a real one that speaks as S3 does; and one that misbehaves."""

from __future__ import annotations

import gzip
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from services.s3 import Server
from services.web import Asked, Say, serving
from treadle.errors import DataError, MissingExtra, SpecError
from treadle.sources import find, stores
from treadle.sources.stores import beside, find_objects
from treadle.spec import Source
from treadle.spec.servers import server_of
from treadle.spec.trust import Place, trust
from treadle.testing import SourceSuite
from treadle.testing.sources import Holds, rows

WHERE = "treadle.yaml:1:1"
needs = pytest.mark.needs("s3")


class Bucket:
    """A folder of a test's own in a bucket, and a project that is trusted with it."""

    def __init__(self, server: Server, root: Path) -> None:
        self.server, self.root, self.folder = server, root, secrets.token_hex(8)
        self.name, self.store = f"first/{self.folder}", server.bucket("first")

    def put(self, key: str, content: bytes) -> None:
        import obstore

        obstore.put(self.store, f"{self.folder}/{key}", content)

    def says(self, key: str, **more: Any) -> Source:
        source = Source(read=f"s3://{self.name}/{key}", endpoint=self.server.endpoint, region="us-east-1", **more)
        trust(self.root, (Place(server_of(source), "server"),))
        return source

    def read(self, key: str, **more: Any) -> pl.DataFrame:
        return rows((self.says(key, **more), self.root))


@pytest.fixture
def bucket(s3_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return Bucket(s3_server, tmp_path)


@pytest.fixture
def copies(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where objects are copied to."""
    import tempfile

    folder = tmp_path_factory.mktemp("copies")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@needs
class TestParquetInS3(SourceSuite):
    @pytest.fixture
    def holds(self, bucket: Bucket) -> Holds:
        def hold(frame: pl.DataFrame, name: str) -> tuple[Source, Path]:
            frame.write_parquet(bucket.root / "x.parquet")
            bucket.put(f"data/{name}.parquet", (bucket.root / "x.parquet").read_bytes())
            return bucket.says(f"data/{name}.parquet"), bucket.root

        return hold


@needs
def test_every_format_of_a_file_is_one_of_an_object(bucket: Bucket) -> None:
    table = pl.DataFrame({"id": [1, 2], "s": ["a", "ü"]})
    place = bucket.root / "x"
    for name, write in {
        "x.csv": table.write_csv, "x.json": table.write_json, "x.jsonl": table.write_ndjson,
        "x.parquet": table.write_parquet, "x.arrow": table.write_ipc,
    }.items():  # fmt: skip
        write(place)
        bucket.put(name, place.read_bytes())
        assert bucket.read(name).equals(table), name
    bucket.put("x.csv.gz", gzip.compress(b"id;s\n1;a\n2;\xfc\n"))
    assert bucket.read("x.csv.gz", encoding="latin-1").equals(table)
    bucket.put("plain", b"id|s\n1|a\n2|\xc3\xbc\n")
    assert bucket.read("plain", format="csv").equals(table)


@needs
def test_a_delta_table_is_read_as_one(bucket: Bucket) -> None:
    for number in range(2):
        pl.DataFrame({"id": [number]}).write_delta(bucket.root / "table", mode="append")
    for file in (bucket.root / "table").rglob("*"):
        if file.is_file():
            bucket.put(f"lake/table/{file.relative_to(bucket.root / 'table').as_posix()}", file.read_bytes())
    assert bucket.read("lake/table")["id"].sort().to_list() == [0, 1]
    assert bucket.read("lake/table/")["id"].sort().to_list() == [0, 1]


@needs
def test_what_is_named_is_an_object_a_folder_or_a_pattern(bucket: Bucket) -> None:
    for key, number in {
        "d/a-1.csv": 1,
        "d/a-2.csv": 2,
        "d/b.csv": 3,
        "d/_SUCCESS": 4,
        "d/.x.csv": 5,
        "e/f/g.csv": 6,
    }.items():
        bucket.put(key, b"id\n%d\n" % number)
    bucket.put("d/a-*.csv", b"id\n9\n")
    assert bucket.read("d/a-*.csv")["id"].to_list() == [9]  # it is called so
    assert bucket.read("d/a-?.csv")["id"].to_list() == [9, 1, 2]
    assert bucket.read("d/[ab]-1.csv")["id"].to_list() == [1]
    assert bucket.read("d/_S*", format="csv")["id"].to_list() == [4]  # as local files are, where it is meant
    for folder in ("d", "d/"):
        assert bucket.read(folder)["id"].to_list() == [9, 1, 2, 3]
    bucket.put("odd/p%20q ü#1?.csv", b"id\n7\n")
    assert bucket.read("odd/p%20q ü#1?.csv")["id"].to_list() == [7]
    for key, said in {
        "d/a-3.csv": r"no object s3://.*\n.*a-",
        "e": "a folder that holds the folder f",
        "z/": "no object",
        "d/__*": "no object",
        "d/z*": "no obj",
    }.items():
        with pytest.raises(DataError, match=said):
            bucket.read(key)


@needs
def test_equal_bytes_have_the_digest_that_a_local_file_has(bucket: Bucket) -> None:
    (bucket.root / "x.csv").write_bytes(b"id\n1\n")
    bucket.put("x.csv", b"id\n1\n")
    found = find(bucket.says("x.csv"), bucket.root, where=WHERE)
    local = find(Source(read="x.csv"), bucket.root)
    assert (found.digest, found.bytes) == (local.digest, local.bytes) and found.name.startswith("s3://")
    bucket.put("x.csv", b"id\n2\n")
    assert find(bucket.says("x.csv"), bucket.root).digest != found.digest
    assert found.rows(WHERE).collect()["id"].to_list() == [1]  # what was found is what is read


@needs
def test_an_object_that_changes_after_it_was_listed_is_refused(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, copies: Path
) -> None:
    bucket.put("d/a.csv", b"id\n1\n")
    bucket.put("d/b.csv", b"id\n2\n")
    copy = stores._copy
    for change in (
        lambda: bucket.put("d/b.csv", b"id\n3\n"),
        lambda: __import__("obstore").delete(bucket.store, f"{bucket.folder}/d/b.csv"),
    ):

        def changing(store: Any, each: stores.Listed, place: Path, where: str, change: Any = change) -> str:
            if each.name == "a.csv":
                change()
            return copy(store, each, place, where)

        monkeypatch.setattr(stores, "_copy", changing)
        with pytest.raises(DataError, match=r"b\.csv changed while it was being read"):
            bucket.read("d/*.csv")
    assert not list(copies.iterdir())


@needs
def test_copies_go_with_what_was_found(bucket: Bucket, copies: Path) -> None:
    bucket.put("x.csv", b"id\n1\n")
    found = find(bucket.says("x.csv"), bucket.root)
    (folder,) = copies.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    frame = found.rows().collect()
    del found
    assert not list(copies.iterdir()) and frame.height == 1
    bucket.put("bad.csv", b"a,b\n1,2,3\n")
    with pytest.raises(DataError, match=r"bad\.csv, line 2, cannot be read as csv"):
        bucket.read("bad.csv")
    bucket.put("odd.cs", b"id\n1\n")
    with pytest.raises(SpecError, match="cannot be told from its name"):
        bucket.read("odd.cs")
    assert not list(copies.iterdir())


@needs
def test_too_much_is_refused_before_it_is_fetched(bucket: Bucket, copies: Path) -> None:
    for number in range(3):
        bucket.put(f"d/{number}.csv", b"id\n" + b"1\n" * 2_000)
    with pytest.raises(DataError, match=r"has 3 objects of 12,009 bytes, and at most 10,000 bytes may be taken"):
        bucket.read("d/*.csv", max_gb=1e-5)
    assert not list(copies.iterdir())


@needs
def test_who_is_not_let_in_is_told_so_without_a_secret(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("x.csv", b"id\n1\n")
    said = []
    for key, secret, key_of in (
        ("ALLKEY", "wr0ng-secret", "x.csv"),
        ("ALLKEY", "wr0ng-secret", "*.csv"),
        (*bucket.server.others, "*.csv"),
    ):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        with pytest.raises(DataError, match=r"403|SignatureDoesNotMatch|AccessDenied") as bad:
            bucket.read(key_of)
        said.append(f"{bad.value}{bad.value.__cause__}{bad.value.mend}")
        assert "credentials in the environment" in bad.value.mend
    with pytest.raises(DataError, match=r"403|AccessDenied"):
        bucket.read("*.csv", anonymous=True)
    assert not any("wr0ng" in each or bucket.server.others[1] in each for each in said)


@needs
def test_a_bucket_that_is_not_there_and_a_store_that_is_away_are_told(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "name", "no-such-bucket")
    with pytest.raises(DataError, match=r"NoSuchBucket.*\n.*name of the bucket"):
        bucket.read("*.csv")
    monkeypatch.setitem(stores._RETRIES, "max_retries", 0)
    monkeypatch.setattr(bucket, "server", Server("http://127.0.0.1:1", "a", "b", ("c", "d")))
    with pytest.raises(DataError, match=r"cannot be read: .*\n.*endpoint, and that the store answers"):
        bucket.read("*.csv")


# without a real one


def test_a_store_is_asked_only_for_a_project_that_is_trusted_with_its_endpoint(tmp_path: Path) -> None:
    trust(tmp_path, (Place("s3://shop/x.csv", "server"),))
    with pytest.raises(
        DataError, match=r"s3://shop/x\.csv, at https://elsewhere is a server that this project may not"
    ):
        find(Source(read="s3://shop/x.csv", endpoint="https://elsewhere"), tmp_path, where=WHERE)


def test_without_its_package_a_store_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    source = Source(read="gs://shop/x.csv")
    trust(tmp_path, (Place(server_of(source), "server"),))
    with pytest.raises(MissingExtra, match=r'pip install "treadle\[s3\]"'):
        find_objects(source, tmp_path, WHERE)


@pytest.fixture
def let_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setitem(stores._RETRIES, "max_retries", 0)
    yield


def asked_of(url: str, root: Path) -> Source:
    source = Source(read="s3://shop/x.csv", endpoint=url, region="us-east-1")
    trust(root, (Place(server_of(source), "server"),))
    return source


TAG = (("ETag", '"1"'), ("Last-Modified", "Sat, 28 Nov 2026 10:00:00 GMT"), ("Accept-Ranges", "bytes"))
WRONG = {
    "another tag": Say(b"id\n1\n", headers=(("ETag", '"2"'), *TAG[1:])),
    "another size": Say(b"id\n1\n2\n", headers=TAG),
    "cut": Say(b"id\n", length=5, headers=TAG),
    "html": Say(b"<html>", status=500, kind="text/html"),
}


@pytest.mark.needs("s3")
@pytest.mark.parametrize("name", WRONG)
def test_a_store_that_gives_something_else_than_it_listed_is_refused(tmp_path: Path, let_in: None, name: str) -> None:
    with serving(lambda asked: WRONG[name], head=Say(length=5, headers=TAG)) as web:
        with pytest.raises(DataError, match=r"changed while it was being read|cannot be read") as bad:
            rows((asked_of(web.url, tmp_path), tmp_path))
        assert bad.value.where == WHERE and len(str(bad.value)) < 500


@pytest.mark.needs("s3")
@pytest.mark.parametrize(("tag", "asked_for"), [('"1"', '"1"'), ('W/"1"', None)])
def test_a_weak_tag_is_no_condition(tmp_path: Path, let_in: None, tag: str, asked_for: str | None) -> None:
    """A store holds none equal to a weak one (RFC 9110, 13.1.1), and would say of each that it changed."""
    head = (("ETag", tag), *TAG[1:])

    def answer(asked: Asked) -> Say:
        odd = asked.headers.get("if-match", "").startswith("W/")
        return Say(b"<Error/>", status=412) if odd else Say(b"id\n1\n", headers=head)

    with serving(answer, head=Say(length=5, headers=head)) as web:
        assert rows((asked_of(web.url, tmp_path), tmp_path)).height == 1
        assert [each.headers.get("if-match") for each in web.asked if each.method == "GET"] == [asked_for]


@pytest.mark.needs("s3")
def test_other_threads_go_on_while_a_store_is_slow(tmp_path: Path, let_in: None) -> None:
    def answer(asked: Asked) -> Say:
        time.sleep(1)
        return Say(b"id\n1\n", headers=TAG)

    ticks, ended = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not ended.wait(0.01):
            ticks += 1

    other = threading.Thread(target=tick)
    with serving(answer, head=Say(length=5, headers=TAG)) as web:
        other.start()
        try:
            assert rows((asked_of(web.url, tmp_path), tmp_path)).height == 1
        finally:
            ended.set()
            other.join()
    assert ticks > 10


def test_what_is_made_beside_gives_its_value_or_its_error() -> None:
    assert beside(lambda: 7) == 7
    with pytest.raises(KeyError):
        beside(lambda: {}["x"])


def test_a_person_may_end_it_while_it_waits() -> None:
    code = (
        "import time\nfrom treadle.sources.stores import beside\nprint('up', flush=True)\n"
        "try:\n    beside(lambda: time.sleep(60))\nexcept KeyboardInterrupt:\n    print('ended')\n"
    )
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "up\n"
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        assert child.stdout.read() == "ended\n"
    assert child.returncode == 0 and time.monotonic() - began < 50


@pytest.mark.needs("s3")
@pytest.mark.parametrize(("scheme", "path"), [("gs", "/shop/d%2Fx%2Ecsv"), ("az", "/shop/d/x.csv")])
def test_other_stores_are_asked_as_they_speak(
    scheme: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No real one can be run here: a server that gives one object sees what it is asked for."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    with serving(lambda asked: Say(b"id\n1\n", headers=TAG), head=Say(length=5, headers=TAG)) as web:
        source = Source(read=f"{scheme}://shop/d/x.csv", endpoint=web.url, anonymous=True)
        trust(tmp_path, (Place(server_of(source), "server"),))
        assert rows((source, tmp_path)).height == 1
        (asked,) = web.asked
        assert asked.path == path and asked.headers["if-match"] == '"1"' and "authorization" not in asked.headers
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME")
    if scheme == "az":
        with pytest.raises(DataError, match=r"Account must be specified\n.*AZURE_STORAGE_ACCOUNT_NAME"):
            find(source, tmp_path, where=WHERE)
