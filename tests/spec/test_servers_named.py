"""What a project file may say of HTTP APIs and object stores: no secret, no plain HTTP unawares, pages that can end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import SpecError
from treadle.spec import Page, Source, load, load_untrusted
from treadle.spec.apis import seconds_between
from treadle.spec.databases import is_database
from treadle.spec.servers import server_of
from treadle.spec.trust import outside, trust
from treadle.spec.urls import bucket_and_key, in_the_open, is_api, is_loopback, is_store

TEXT = """\
project: shop
brief: {{people: {{owner: ada}}}}
sources:
  orders: {{{said}}}
predict: {{name: y, each: orders, label: paid}}
"""
API = "read: 'https://h/x'"
S3 = "read: 's3://b/x.csv'"


def write(folder: Path, said: str) -> Path:
    (folder / "treadle.yaml").write_text(TEXT.format(said=said), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "said",
    [
        "read: 'https://ann:${WORD}@api.example.org:8443/v1/items?since=2024&api_key=${KEY}', records: data.items",
        "read: 'https://${KEY}@api.example.org/v1', at_most: 5/s, within: 20m, max_gb: 2",
        f"{API}, headers: {{Authorization: 'Bearer ${{keyring:TOKEN}}', Accept-Language: de}}, redirects: ['h:81']",
        f"{API}, parameters: {{limit: 5, open: true, share: 0.5, author: kim, api_key: '${{KEY}}'}}, format: csv",
        f"{API}, page: {{by: page, parameter: p, first: 0, size: 10, size_parameter: n, total: a.b, pages: c}}",
        f"{API}, page: {{by: offset, total: meta.total, most: 5}}",
        f"{API}, page: {{by: cursor, next: meta.next, more: meta.more}}",
        f"{API}, page: {{by: cursor, last: id}}",
        f"{API}, page: {{by: link}}",
        "read: 'http://127.0.0.1:8000/x'",
        "read: 'http://localhost/x'",
        "read: 'http://[::1]:8000/x'",
        "read: 'http://h/x', unencrypted: true",
        "read: 's3://bucket/a b/ü#1?/*.parquet', endpoint: 'https://minio.example.org:9000', region: eu-central-1",
        "read: 'gs://bucket/x.csv', anonymous: true, separator: ';'",
        "read: 'az://container/folder/', endpoint: 'http://127.0.0.1:10000/devstoreaccount1'",
        "read: 's3://b/x.csv', endpoint: 'http://minio/', unencrypted: true",
    ],
)
def test_what_may_be_said(tmp_path: Path, said: str) -> None:
    project = load_untrusted(write(tmp_path, said))
    (place,) = outside(project.spec, project.root)
    assert place.target.kind == "server"
    with pytest.raises(SpecError, match="treadle trust"):
        load(tmp_path)
    trust(project.root, (place.target,))
    assert load(tmp_path).spec.sources["orders"].read == project.spec.sources["orders"].read


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("read: 'https://u:s3cret@h/x'", "a password stands in the URL"),
        ("read: 'https://u:s3cret${X}@h/x'", "a password stands in the URL"),
        ("read: 'https://s3cret@h/x'", "a password stands in the URL"),
        ("read: 'https://u:s3/cret@h/x'", "cannot be understood"),
        ("read: 'https://h/x#s3cret'", "cannot be understood"),
        ("read: 'https:///x'", "cannot be understood"),
        ("read: 'https://h:99999/x'", "cannot be understood"),
        ("read: 'https://h/s3cret x'", "cannot be understood"),
        ("read: 'https://h/x?api_key=s3cret'", "`api_key` stands in the URL with its value"),
        ("read: 'https://h/x?a=1&access_token=s3cret'", "`access_token` stands"),
        ("read: 'https://h/x?sig=s3cret'", "`sig` stands"),
        (f"{API}, headers: {{Authorization: Bearer s3cret}}", "the value of Authorization stands in the file"),
        (f"{API}, headers: {{X-Shop-Key: s3cret}}", "the value of X-Shop-Key stands"),
        (f"{API}, headers: {{Cookie: s3cret}}", "the value of Cookie stands"),
        (f"{API}, parameters: {{token: s3cret}}", "the value of token stands"),
        (f"{API}, parameters: {{key: 5}}", "the value of key stands"),
        (f"{API}, headers: {{Host: other}}", "Host is set by Treadle"),
        (f"{API}, headers: {{accept-encoding: br}}", "accept-encoding is set by Treadle"),
        (f"{API}, headers: {{'X Y': a}}", "no name of a header"),
        (f'{API}, headers: {{X: "a\\nb: c"}}', "control character"),
        (f"{API}, at_most: 5", "must be a text|is no rate"),
        (f"{API}, at_most: 5/y", "is no rate"),
        (f"{API}, at_most: 0/s", "is no rate"),
        (f"{API}, within: soon", "not a length of time"),
        (f"{API}, within: 0s", "no time at all"),
        (f"{API}, redirects: ['https://h/']", "is no host"),
        (f"{API}, table: t", "`table` is of a database, and this is an HTTP API"),
        (f"{API}, where: x > 1", "`where` is of a database"),
        (f"{API}, region: eu", "`region` is of an object store, and this is an HTTP API"),
        ("read: 'http://h/x'", "plain http: to another machine"),
        ("read: 'HTTP://h/x'", "plain http: to another machine"),
        ("read: 'http://localhost.h/x'", "plain http: to another machine"),
        (f"{API}, page: {{by: pages}}", "must be one of page, offset, cursor, link"),
        (f"{API}, page: {{by: page, next: a}}", "`next` says nothing of pages by page"),
        (f"{API}, page: {{by: link, parameter: a}}", "`parameter` says nothing of pages by link"),
        (f"{API}, page: {{by: cursor}}", "where the cursor comes from is not said"),
        (f"{API}, page: {{by: cursor, next: a, last: b}}", "both `next` and `last`"),
        (f"{API}, page: {{by: page, most: 0}}", "most"),
        (f"{API}, page: {{by: page, size: 1.5}}", "size"),
        ("read: x.csv, records: data", "`records` is of an HTTP API, and x.csv is a file"),
        ("read: x.csv, page: {by: page}", "`page` is of an HTTP API"),
        ("read: x.csv, headers: {A: b}", "`headers` is of an HTTP API"),
        ("read: x.csv, endpoint: 'https://h'", "`endpoint` is of an object store"),
        ("read: x.csv, unencrypted: true", "`unencrypted` is of a network"),
        ("read: 'sqlite:x.db', table: t, within: 5m", "`within` is of an HTTP API, and this is a database"),
        (f"{S3}, records: data", "`records` is of an HTTP API, and these are objects in a store"),
        (f"{S3}, query: select 1", "`query` is of a database, and these are objects in a store"),
        ("read: 's3://k:s3cret@b/x.csv'", "names no objects"),
        ("read: 's3://b'", "names no objects"),
        ("read: 's3:///x.csv'", "names no objects"),
        (f"{S3}, endpoint: 'https://k:s3cret@h'", "is no endpoint"),
        (f"{S3}, endpoint: h", "is no endpoint"),
        (f"{S3}, endpoint: 'http://minio'", "plain http: to another machine"),
    ],
)
def test_what_may_not_be_said_is_refused_without_repeating_a_secret(tmp_path: Path, said: str, told: str) -> None:
    with pytest.raises(SpecError, match=told) as refused:
        load_untrusted(write(tmp_path, said))
    assert "s3cret" not in str(refused.value) and refused.value.where.startswith("treadle.yaml:4:")


def test_a_url_is_of_one_kind() -> None:
    for read in ("https://h/x", "HTTP://h", "s3://b/x", "gs://b/x", "az://c/x", "postgresql://h/d", "sqlite:x", "${X}"):
        assert [is_api(read), is_store(read), is_database(read)].count(True) == 1, read
    for read in ("http.csv", "s3/x.csv", "https:/x", "S3:x"):
        assert not (is_api(read) or is_store(read) or is_database(read)), read


def test_who_is_on_this_machine() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LocalHost."]))
    assert not any(map(is_loopback, ["127.0.0.1.h", "10.0.0.1", "0.0.0.0", "h", "", "localhost.h", "2130706433"]))
    assert in_the_open("http://10.0.0.1/") and in_the_open("http://[bad/") and not in_the_open("https://10.0.0.1/")


def test_the_line_that_is_trusted_has_all_that_a_server_is_told() -> None:
    plain = Source(read="https://h/x?k=${KEY}")
    told = [
        Source(read=plain.read, headers={"A": "${TOKEN}"}),
        Source(read=plain.read, headers={"A": "${TOKEN} ${OTHER}"}),
        Source(read=plain.read, parameters={"a": "${OTHER}"}),
        Source(read=plain.read, redirects=("cdn.h",)),
        Source(read=plain.read, unencrypted=True),
        Source(read="s3://b/x"),
        Source(read="s3://b/x", endpoint="https://h"),
    ]
    assert len({server_of(each) for each in (plain, *told)}) == len(told) + 1
    # what is no secret, and how it is paged, needs no new word
    again = Source(
        read=plain.read, headers={"A": "b"}, parameters={"n": 5, "x": "y"}, page=Page(by="link"), at_most="1/s"
    )
    assert server_of(again) == server_of(plain) == plain.read


@given(st.integers(1, 999_999), st.sampled_from(["s", "m", "h", "d"]))
def test_a_rate_is_a_time_between(count: int, unit: str) -> None:
    per = {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    assert seconds_between(f" {count} / {unit} ") * count == pytest.approx(per)


@given(st.from_regex(r"[a-z0-9.-]{3,10}", fullmatch=True), st.text(min_size=1).filter(lambda text: "\x00" not in text))
def test_a_key_may_be_any_text(bucket: str, key: str) -> None:
    assert bucket_and_key(f"s3://{bucket}/{key}") == (bucket, key)
