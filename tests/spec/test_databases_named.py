"""What a project file may say of a database: one thing to read, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.errors import SpecError
from treadle.spec import load, load_untrusted
from treadle.spec.databases import file_of, is_database
from treadle.spec.trust import outside, trust

TEXT = """\
project: shop
brief: {{people: {{owner: ada}}}}
sources:
  orders: {{{said}}}
predict: {{name: y, each: orders, label: paid}}
"""


def write(folder: Path, said: str) -> Path:
    (folder / "treadle.yaml").write_text(TEXT.format(said=said), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("read", "file"),
    [
        ("postgresql://h/d", ""), ("mysql+x://h", ""), ("sqlite:shop.db", "shop.db"), ("${SHOP_URL}", ""),
        ("sqlite:///srv/shop.db", "/srv/shop.db"), ("sqlite:a b?.db", "a b?.db"),
    ],
)  # fmt: skip
def test_a_url_is_a_database(read: str, file: str) -> None:
    assert is_database(read) and file_of(read) == file


@pytest.mark.parametrize(
    "read", ["data/x.csv", "C:/x.csv", "c:x.csv", "a:b.csv", "sqlite.db", "x/${NAME}.csv", "d://x"]
)
def test_a_path_is_none(read: str) -> None:
    assert not is_database(read)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("read: 'postgresql://u:s3cret@h/d', table: t", "a password stands in the URL"),
        ("read: 'postgresql://u:s3cret${X}@h/d', table: t", "a password stands in the URL"),
        ("read: 'postgresql://u:p/s3cret@h/d', table: t", "cannot be understood"),
        ("read: 'postgresql://u:p#s3cret@h/d', table: t", "cannot be understood"),
        ("read: 'postgresql://u:9/s3cret@h/d', table: t", "cannot be understood"),
        ("read: 'postgresql://h/d?password=s3cret', table: t", "password may not stand"),
        ("read: 'postgresql://h/d?passfile=s3cret', table: t", "passfile may not stand"),
        ("read: 'postgresql://h/d?x=1%26password=s3cret', table: t", "x may not stand"),
        ("read: 'postgresql:///d', table: t", "cannot be understood"),
        ("read: 'postgresql://h/d'", "neither a table nor a query"),
        ("read: 'postgresql://h/d', table: t, query: select 1", "both a table and a query"),
        ("read: 'sqlite:', table: t", "names no file"),
        ("read: 'sqlite://x.db', table: t", "names no file"),
        ("read: 'sqlite:x.db', table: t, separator: ';'", "`separator` is of files"),
        ("read: 'sqlite:x.db', table: t, skip_rows: 2", "`skip_rows` is of files"),
        ("read: x.csv, table: t", "`table` is of a database"),
        ("read: x.csv, where: x > 1", "`where` is of a database"),
        ("read: x.csv, columns: [a]", "`columns` is of a database"),
    ],
)
def test_what_may_not_be_said_is_refused_without_repeating_a_secret(tmp_path: Path, said: str, told: str) -> None:
    with pytest.raises(SpecError) as refused:
        load_untrusted(write(tmp_path, said))
    whole = f"{refused.value}"
    assert told in whole and "treadle.yaml:4:" in whole and "s3cret" not in whole and refused.value.mend


def test_a_server_is_told_secrets_only_after_a_word(tmp_path: Path) -> None:
    folder = write(tmp_path, "read: 'postgresql://u:${A}@h/d', table: t")
    with pytest.raises(SpecError, match="is a server outside the project") as refused:
        load(folder)
    assert "treadle trust" in str(refused.value)
    project = load_untrusted(folder)
    trust(project.root, tuple(place.target for place in outside(project.spec, project.root)))
    assert load(folder).spec.sources["orders"].table == "t"
    with pytest.raises(SpecError, match="is a server outside the project"):  # another secret, another word
        load(write(tmp_path, "read: 'postgresql://u:${AWS_SECRET_ACCESS_KEY}@h/d', table: t"))


def test_a_file_of_sqlite_is_trusted_as_files_are(tmp_path: Path) -> None:
    assert load(write(tmp_path, "read: 'sqlite:data/x.db', table: t"))
    with pytest.raises(SpecError, match="lies outside the project folder"):
        load(write(tmp_path, "read: 'sqlite:../x.db', table: t"))


@pytest.mark.parametrize("said", ["read: 'ftp://x/y.csv'", "read: 'SFTP://x/y', table: t"])
def test_a_scheme_that_nothing_reads_is_told_with_those_that_there_are(tmp_path: Path, said: str) -> None:
    with pytest.raises(SpecError, match=r"nothing here reads s?ftp:") as refused:
        load_untrusted(write(tmp_path, said))
    assert "postgresql://, mysql://, sqlite:, https://, s3://" in refused.value.mend
