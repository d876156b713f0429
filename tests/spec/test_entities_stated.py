"""What may stand under `entities`, and what is refused, each with its place."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from treadle.errors import SpecError
from treadle.spec import all_tables, json_schema, load, read_yaml
from treadle.spec.drawn import compared
from treadle.spec.entities import Settling

FILE = """\
project: shop
brief: {people: {owner: ada}}
sources:
  crm: {read: crm.csv, key: id}
  web: {read: web.csv, key: [site, id]}
  bare: {read: bare.csv}
entities:
  customer:
    from:
      crm: {name: "first || ' ' || last", born: born, seen: changed}
      web: {name: full, zip: plz, seen: at}
    match:
      exact: [[name, zip]]
      compare: {name: jaro_winkler, born: {by: date, within: [2d]}, zip: {by: levenshtein, at: [0.8, 0.6]}}
      block: [zip, [name, "year(born)"]]
    settle: {name: longest, zip: {trusted: [web]}, born: {newest: seen}}
    distinct: [web]
    known: seen
views:
  v: {from: customer_members, known: seen, key: record, columns: {n: name}}
predict: {name: x, each: customer, label: a}
features: {lookup: {w: {from: customer_of_crm, on: born, take: [zip]}}}
"""


def made(folder: Path, *changes: tuple[str, str]) -> Path:
    text = FILE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / "treadle.yaml").write_text(text, encoding="utf-8")
    return folder


def test_an_entity_is_read_and_its_tables_are_sources(tmp_path: Path) -> None:
    spec = load(made(tmp_path)).spec
    found = spec.entities["customer"]
    assert found.fields == ("name", "born", "seen", "zip") and found.settle["born"] == Settling(newest="seen")
    assert compared(found.match.compare["name"]).at == (0.94, 0.88, 0.75)
    tables = all_tables(spec)
    assert {name: table.keys for name, table in tables.items() if name not in spec.sources} == {
        "customer": ("entity_id",),
        "customer_of_crm": ("id",),
        "customer_of_web": ("site", "id"),
        "customer_members": ("record",),
        "customer_links": ("one", "other"),
        "customer_choices": ("entity_id", "field"),
    }
    assert tables["customer"].known == "seen"
    tree = json.loads(json.dumps(read_yaml(tmp_path / "treadle.yaml", "the file", begin="").tree))
    jsonschema.validate(tree, json_schema())


def test_more_kinds_of_pairs_than_one_number_tells_apart_are_refused(tmp_path: Path) -> None:
    old = FILE[FILE.index("compare:") : FILE.index("      block:")]
    for fields in (24, 25):  # six levels each
        texts = ", ".join(f"n{n}: {{by: levenshtein, at: [0.9, 0.8, 0.7]}}" for n in range(fields))
        drawn = "".join(f", n{n}: a" for n in range(fields))
        made(tmp_path, (old, f"compare: {{{texts}}}\n"), ("seen: changed}", f"seen: changed{drawn}}}"))
        if fields == 24:
            assert len(load(tmp_path).spec.entities["customer"].match.compare) == fields
    with pytest.raises(SpecError, match=r"25 fields in so many levels make 2.8e\+19 kinds of pairs"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("      web: {name", "      webb: {name", 'treadle.yaml:11:7: there is no source "webb"'),
        ("      web: {name", "      bare: {name", "bare has no key, by which its rows are known again"),
        ("zip: plz, seen: at}", "zip: plz, record: at}", 'no field may be called "record"'),
        ("key: [site, id]", "key: [site, Entity_ID]", 'the key of web is called "Entity_ID"'),
        ("      web: {name: full, zip: plz, seen: at}", "      web: {}", "no field is drawn from it"),
        ("exact: [[name, zip]]", "exact: [mail]", 'no source gives a field "mail"'),
        ("exact: [[name, zip]]", "exact: [[]]", "an empty list says nothing"),
        ("{name: jaro_winkler,", "{nam: jaro_winkler,", 'no source gives a field "nam"'),
        ("name: jaro_winkler", "name: jaro", "found 'jaro'"),
        ("within: [2d]", "within: [2]", "is not a length of time"),
        ("within: [2d]", "within: [2d, 1d]", "distances have to rise"),
        ("within: [2d]", "within: [2x]", "2x"),
        ("by: date, within: [2d]", "by: date", "`date` needs `within`"),
        ("by: date, within: [2d]", "by: exact, within: [2d]", "`within` is of numbers and times"),
        ("by: date, within: [2d]", "by: date, within: [2d], at: [0.5]", "`at` is a likeness of texts"),
        ("at: [0.8, 0.6]", "at: [0.6, 0.8]", "likenesses have to fall"),
        ("at: [0.8, 0.6]", "at: [0.8, 0.6], weights: [1, 2]", "2 weights for 4 levels: equal, 2 between, all others"),
        ("      block: [zip, [name, \"year(born)\"]]\n", "", "`compare` needs `block`"),
        ("compare: {name: jaro_winkler, born: {by: date, within: [2d]}, zip: {by: levenshtein, at: [0.8, 0.6]}}",
         "same: 0.8", "pairs are formed that nothing compares"),
        ("      exact:", "      same: 0.4\n      exact:", "`perhaps` (0.5) is above `same` (0.4)"),
        ("      exact:", "      same: 1\n      exact:", "less than 1"),
        ("{trusted: [web]}", "{trusted: [bare]}", "bare is not under `from`"),
        ("{trusted: [web]}", "{trusted: [web], newest: seen}", "one of `newest` and `trusted` is wanted"),
        ("{trusted: [web]}", "{}", "one of `newest` and `trusted` is wanted"),
        ("{newest: seen}", "{newest: sen}", 'no source gives a field "sen"'),
        ("name: longest", "nam: longest", 'no source gives a field "nam"'),
        ("distinct: [web]", "distinct: [bare]", "bare is not under `from`"),
        ("known: seen\nviews", "known: sen\nviews", 'no source gives a field "sen"'),
        ("  bare: {read", "  customer_links: {read", 'its table "customer_links" would be called as the source'),
        ("  v: {from", "  Customer: {from", 'its table "customer" would be called as the view Customer'),
        ("from: customer_of_crm", "from: customer_of_bare", 'there is no source or view "customer_of_bare"'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(SpecError) as told:
        load(made(tmp_path, (old, new)))
    assert said in str(told.value) and "treadle.yaml:" in str(told.value)


def test_an_entity_that_nothing_matches_is_refused(tmp_path: Path) -> None:
    bare = FILE[: FILE.index("    match:")] + "    match: {}\n" + FILE[FILE.index("    settle:") :]
    (tmp_path / "treadle.yaml").write_text(bare, encoding="utf-8")
    with pytest.raises(SpecError, match="nothing says which rows are the same"):
        load(tmp_path)
