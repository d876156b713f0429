"""What is sent to GitHub, held to the API that it publishes: paths, parameters, bodies, and fields that are read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_issues_of_forges import Forge, forged
from told_shop import action, alert, sent

from services import octokit
from services.octokit import Published
from services.web import Asked, serving
from treadle.notices.forges import forge
from treadle.notices.posting import Post
from treadle.rhythm.acting import change_action

pytestmark = pytest.mark.needs("octokit")
ISSUES = "/repos/{owner}/{repo}/issues"
READ = {"number", "html_url", "body", "state", "state_reason", "closed_by", "closed_at", "comments"}


@pytest.fixture(scope="module")
def api() -> Published:
    return octokit.published()


def test_every_request_is_one_that_is_published(
    api: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Forge("github")
    with serving(kept.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts, actions")
        number = action(shop)
        alert(shop)
        sent(shop)
        alert(shop, "worse")
        change_action(shop.chain, shop.project.spec, number, state="done", because="she said yes")
        sent(shop)
        told = forge("github", f"{web.url}/repos/acme/shop", "sesame", Post())
        told.said(1, "x")
        told.find("x")
        told.look(1)
        assert [wrong for asked in web.asked for wrong in api.wrong(asked)] == []
        done = {
            (asked.method, asked.path.rpartition("/")[2].replace("1", "N").replace("2", "N")) for asked in web.asked
        }
    assert done == {
        ("GET", "issues"), ("POST", "issues"), ("GET", "N"), ("PATCH", "N"), ("GET", "comments"), ("POST", "comments"),
    }  # fmt: skip
    assert {asked.headers["x-github-api-version"] for asked in web.asked} == {"2022-11-28"}


def test_what_is_read_of_an_answer_is_there(api: Published) -> None:
    one = f"{ISSUES}/{{issue_number}}"
    for method, path, status in (("post", ISSUES, "201"), ("get", ISSUES, "200"), ("get", one, "200")):
        assert api.fields(method, path, status) >= READ, (method, path)
    assert "body" in api.fields("get", f"{one}/comments", "200")


def test_a_request_that_is_not_published_is_found(api: Published) -> None:
    """The check itself, with requests that are nearly right."""
    begin = Asked("/repos/acme/shop/issues", {}, {}, 0, "POST", json.dumps({"title": "x", "labels": ["a"]}).encode())
    close = Asked("/repos/acme/shop/issues/1", {}, {}, 0, "PATCH", json.dumps({"state": "closed"}).encode())
    listed = Asked("/repos/acme/shop/issues", {"state": "all", "per_page": "100"}, {}, 0)
    assert [api.wrong(each) for each in (begin, close, listed)] == [[], [], []]
    wrong = (
        (replace(begin, body=b'{"body": "no title"}'), "'title' is a required property"),
        (replace(begin, body=b'{"title": "x", "description": "y"}'), "description: there is no such field"),
        (replace(begin, body=b'{"title": "x", "labels": "a"}'), "$.labels"),
        (replace(close, body=b'{"state": "shut"}'), "'shut' is not one of"),
        (replace(close, method="PUT"), "there is no such operation"),
        (replace(listed, query={"state": "opened"}), "'opened' is not one of"),
        (replace(listed, query={"page_size": "9"}), "it has no parameter page_size"),
        (replace(listed, query={"per_page": "many"}), "is not of type 'integer'"),
        (replace(listed, path="/repo/acme/shop/issues"), "there is no such operation"),
    )
    for asked, what in wrong:
        assert any(what in line for line in api.wrong(asked)), (asked, api.wrong(asked))
