"""`treadle data entities …` as its user types it, from the first run to what is undone; and over HTTP."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest
from test_commands import call

from treadle.access.door import Door
from treadle.access.tokens import TokenBook
from treadle.api import OPERATIONS, Context
from treadle.cli.show.entities import VIEWS
from treadle.errors import AccessError
from treadle.principal import Principal, person
from treadle.spec import load
from treadle.web import Routes

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    from entity_shop import made, write

    folder = write(tmp_path / "shop")
    made(folder)
    return folder


def test_a_person_looks_decides_and_undoes(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from entity_shop import made

    project, asked = str(shop), Counter[str]()

    def typed(*words: str, verb: str) -> str:
        asked[f"data entities {verb}"] += 1
        code, out, err = call(monkeypatch, capsys, "data", "entities", verb, *words, "--as", "ada")
        assert code == 0 and "Traceback" not in err, err
        return out

    assert "customer    90   60" in typed(project, verb="list")
    assert "no pair of customer is left" in typed("customer", project, verb="doubts")
    shown = typed("customer", "web:w2", project, verb="show")
    assert "crm:2" in shown and "alike" in shown and "same" in shown and "of 2 rows" in shown
    told = typed("customer", "crm:2", "web:w2", project, verb="why")
    assert "any two rows" in told and "they are the same with a probability of" in told and "same (alike)" in told
    assert "unlike" in typed("customer", "crm:1", "web:w2", project, verb="why")
    said = typed("customer", "crm:2", "web:w2", project, "--reason", "two people", verb="split")
    assert "are not the same customer (two people)" in said and "treadle run" in said
    typed("customer", "crm:1", "crm:3", project, "--reason", "moved", verb="join")
    typed("customer", "crm:4", "mail=new@example.org", project, "--reason", "asked", verb="set")
    listed = typed(project, verb="list")
    assert listed.count("waits for the next run") == 3 and "crm:2 is not web:w2 (ada)" in listed
    made(shop)
    assert "waits" not in typed(project, verb="list")
    assert "split" in typed("customer", "crm:2", "web:w2", project, verb="why")
    assert "new@example.org" in typed("customer", "crm:4", project, verb="show")
    code, out, _ = call(monkeypatch, capsys, "data", "entities", "list", project, "--json")
    numbers = [line["number"] for line in json.loads(out)["decisions"]]
    assert code == 0 and len(numbers) == 3 and "@example.org" not in out.replace("new@example.org", "")
    for number in numbers:
        assert "counts no longer" in typed("customer", str(number), project, "--reason", "no", verb="undo")
    assert "crm:2" not in typed(project, verb="list") and asked.keys() == VIEWS.keys()
    sql = "select count(*) as n, count(distinct entity_id) as things from customer_members"
    code, out, err = call(monkeypatch, capsys, "data", "query", sql, project, "--json")
    assert code == 0 and json.loads(out)["rows"] == [[90, 60]], err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "customer", "crm:999"), "no row of customer is called 'crm:999'"),
        (("show", "customers", "crm:1"), 'there is no entity "customers"'),
        (("why", "customer", "crm:1", "x"), "no row is called x"),
        (("split", "customer", "crm:1", "crm:2"), "Missing option '--reason'"),
        (("set", "customer", "crm:1", "mail", "--reason", "x"), "'mail' sets nothing"),
        (("undo", "customer", "seven", "--reason", "x"), "'seven' is no entry"),
        (("undo", "customer", "2", "--reason", "x"), "entry 2 decides nothing of customer that counts"),
        (("doubts", "customer", "--limit", "0"), "no limit"),
    ],
)
def test_what_is_typed_wrong_is_told_in_one_message(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(shop)
    code, _, err = call(monkeypatch, capsys, "data", "entities", *words)
    assert code and said in err and "Traceback" not in err, err


def test_a_check_makes_entities_as_a_run_would(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(monkeypatch, capsys, "check", str(shop), "--data")
    assert code == 0 and "customer    60" in out
    file = shop / "treadle.yaml"
    file.write_text(file.read_text("utf-8").replace("take: [zip, born", "take: [zipp, born"), "utf-8")
    code, out, err = call(monkeypatch, capsys, "check", str(shop))
    assert code and 'customer_of_crm has no column "zipp"' in out + err
    file.write_text(file.read_text("utf-8").replace("name: full,", "name: fulll,").replace("zipp", "zip"), "utf-8")
    code, out, err = call(monkeypatch, capsys, "check", str(shop))
    assert code and "entities.customer.from.web.name" in out + err and 'no column "fulll"' in out + err


def test_who_may_not_mend_decides_nothing(shop: Path) -> None:
    till = Principal("service", "till", frozenset(("write", "read")))
    for verb in ("join", "split", "set", "undo"):
        found = OPERATIONS[f"data entities {verb}"]
        given = {field.name: "x" for field in found.fields() if field.required} | {"project": str(shop)}
        request = found.request(**given)
        for who in (till, person("mallory")):
            with pytest.raises(AccessError, match="may not mend"):
                found.begin(request, Context(who))
        assert not found.remote


def test_a_server_shows_entities_and_decides_nothing(shop: Path) -> None:
    spec = load(shop).spec
    routes = Routes(str(shop), Door(spec, loopback=True, tokens=TokenBook({})))

    def get(path: str, query: str = "") -> tuple[int, dict[str, object]]:
        status, _, content = routes.answers.answer("GET", f"/api/data/entities/{path}", query, person("ada"))
        return status, json.loads(content)

    status, listed = get("list")
    assert status == 200 and listed["entities"][0]["entities"] == 60  # type: ignore[index]
    status, shown = get("show", "entity=customer&record=web:w2")
    assert status == 200 and shown["id"] == "crm:2" and len(shown["members"]) == 2  # type: ignore[arg-type]
    status, told = get("why", "entity=customer&one=crm:2&other=web:w2")
    assert status == 200 and told["done"] == "same" and told["probability"] > 0.9  # type: ignore[operator]
    assert get("doubts", "entity=customer")[1]["all"] == 0
    assert get("show", "entity=customer&record=nobody")[0] == 400
    assert get("split", "entity=customer&one=crm:2&other=web:w2&reason=x")[0] == 405
