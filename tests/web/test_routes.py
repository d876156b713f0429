"""What GET /api answers: the operations that only read, typed as on the command line; everything else is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from treadle.access.door import Door
from treadle.access.tokens import TokenBook
from treadle.api import OPERATIONS, Operation
from treadle.errors import (
    AccessError,
    DataError,
    EvidenceError,
    InUse,
    MissingExtra,
    SpecError,
    StoreError,
    TreadleError,
)
from treadle.principal import person
from treadle.spec import load
from treadle.web import Routes, answers
from treadle.web.answers import Wanted

CREDIT = Path(__file__).parents[2] / "examples" / "credit"


@pytest.fixture
def routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Routes:
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path / "home"))
    spec = load(CREDIT)
    return Routes(str(CREDIT), Door(spec.spec, loopback=True, tokens=TokenBook({})))


def get(routes: Routes, path: str, query: str = "", method: str = "GET") -> tuple[int, Any]:
    status, _, content = routes.answers.answer(method, path, query, person("ada"))
    return status, json.loads(content)


def test_every_operation_is_listed_with_what_it_takes(routes: Routes) -> None:
    status, listed = get(routes, "/api")
    assert status == 200
    assert {each["operation"] for each in listed["operations"]} == set(OPERATIONS)
    why = next(each for each in listed["operations"] if each["operation"] == "why")
    assert why["path"] == "/api/why" and why["takes"]["subject"]["required"]


def test_what_is_of_no_project_is_made_once(routes: Routes, monkeypatch: pytest.MonkeyPatch) -> None:
    """To describe all operations held the server for a tenth of a second, at each call, for anybody."""
    made = get(routes, "/api")
    monkeypatch.setattr(answers, "describe", lambda found: pytest.fail("described again"))
    assert get(routes, "/api") == made
    assert OPERATIONS["why"].fields() is OPERATIONS["why"].fields()


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (StoreError("the catalog is away"), 503),
        (InUse("another process has it"), 503),
        (MissingExtra("redis", "redis"), 503),
        (SpecError("there is no such target"), 400),
        (DataError("rows do not fit"), 400),
        (EvidenceError("nothing in the record"), 404),
        (AccessError("this is not for you"), 403),
    ],
)
@pytest.mark.parametrize("path", ["/api/log", "/home", "/watch", "/report"])
def test_what_the_server_cannot_do_now_is_told_from_what_was_asked_wrongly(
    routes: Routes, monkeypatch: pytest.MonkeyPatch, path: str, bad: TreadleError, status: int
) -> None:
    def fails(*_: Any) -> Any:
        raise bad

    monkeypatch.setattr(Operation, "enter", fails)
    found, said = get(routes, path)
    assert found == status and bad.what in said["error"]


@pytest.mark.parametrize("name", sorted(name for name, found in OPERATIONS.items() if found.remote))
def test_an_operation_that_only_reads_answers_or_says_what_is_missing(routes: Routes, name: str) -> None:
    """Of a project that was never run: what must be named is asked for, what is not there yet is told."""
    status, found = get(routes, f"/api/{name.replace(' ', '/')}")
    asked = ("why", "compare", "lineage", "decide show", "data history", "data query", "data profile", "data diff")
    asked += ("data contract export", "data contract show", "data quarantine show", "prices diff")
    asked += ("data entities doubts", "data entities show", "data entities why")
    asked += ("notes search", "notes show", "retro show", "tried", "skills plan")
    asks = dict.fromkeys(asked, 422)
    expected = (
        asks
        | {
            "experts queue": 400,
            "models show": 400,
            "models review": 400,
            "watch": 400,
            "costs plan": 400,
            "costs serving": 400,
            "costs profile": 404,
            "costs worth": 400,
            "report": 404,
        }
    ).get(name, 200)
    assert status == expected, found
    assert status == 200 or (found["error"] and found["mend"])


@pytest.mark.parametrize("name", sorted(name for name, found in OPERATIONS.items() if not found.remote))
def test_an_operation_of_the_command_line_alone_is_refused(routes: Routes, name: str) -> None:
    """Not all of them change something: `tokens list` and `check` do not, and were said to."""
    status, found = get(routes, f"/api/{name.replace(' ', '/')}")
    assert status == 405 and found == {
        "error": f"{name} is given on the command line alone",
        "mend": f"treadle {name}",
    }


@pytest.mark.parametrize(
    ("path", "query", "status", "said"),
    [
        ("/api/cost", "", 404, "costs"),
        ("/api/why", "", 422, "subject"),
        ("/api/log", "limit=many", 422, "limit"),
        ("/api/log", "limit=0", 422, "between 1 and 100,000"),
        ("/api/log", "limit=100001", 422, "between 1 and 100,000"),
        ("/api/log", "limt=3", 422, "limt"),
        ("/api/why", "subject=endpoint/nowhere", 404, "nothing in the record"),
        ("/report", "", 404, "not made yet"),
    ],
)
def test_what_cannot_be_answered_is_said(routes: Routes, path: str, query: str, status: int, said: str) -> None:
    found, answer = get(routes, path, query)
    assert found == status and said in json.dumps(answer)


@pytest.mark.parametrize("page", ["/report", "/watch"])
def test_a_page_of_one_target_takes_no_other(routes: Routes, page: str) -> None:
    status, found = get(routes, page, "target=nope")
    assert status == 400 and "nope" in found["error"] and found["mend"]


def test_a_page_may_be_of_an_operation_without_a_target(routes: Routes, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was asked with a `target` whatever its request takes, and answered by a bare 500."""
    monkeypatch.setitem(answers._PAGES, "/rules", "access table")
    found = routes.answers.wanted("GET", "/rules", "")
    assert isinstance(found, Wanted) and found.page == "/rules" and found.operation.name == "access table"
    assert routes.answers.wanted("GET", "/rules", "target=x")[0] == 422


def test_the_project_is_the_one_served_whatever_is_asked(routes: Routes, tmp_path: Path) -> None:
    status, found = get(routes, "/api/models/list", f"project={tmp_path}")
    assert status == 200 and found["endpoint"] == "credit"


def test_no_route_takes_a_place_to_write_to(routes: Routes, tmp_path: Path) -> None:
    for name, found in OPERATIONS.items():
        if found.remote:
            query = f"out={tmp_path / 'x'}"
            assert get(routes, f"/api/{name.replace(' ', '/')}", query)[0] == 422, name
    assert not (tmp_path / "x").exists()


def test_nothing_is_changed_over_http(routes: Routes) -> None:
    assert get(routes, "/api/log", method="POST")[0] == 405
