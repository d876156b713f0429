"""An API without `page:` whose answer says that there are more rows than came is told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.web import Say, says, serving
from treadle.sources import find, notes_of
from treadle.sources.paging import Told
from treadle.sources.unread import said_of_more
from treadle.spec import Source
from treadle.spec.servers import server_of
from treadle.spec.trust import Place, trust


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"total": 250}, "it says at total that there are 250 rows, and 50 came: write page: {by: page, total: total}"),
        ({"meta": {"totalCount": 51}}, "page: {by: page, total: meta.totalCount}"),
        ({"next_cursor": "abc", "total": 250}, "page: {by: cursor, next: next_cursor, parameter:"),
        ({"next": "https://h/items?page=2"}, "page: {by: link, next: next}"),
        ({"_links": {"next": {"href": "/items?page=2"}}}, "page: {by: link, next: _links.next.href}"),
        ({"next_page": 2}, "page: {by: page}"),
        ({"page": {"has_more": True}}, "page: {by: page, more: page.has_more}"),
    ],
)
def test_the_page_to_write_is_told(tree: object, said: str) -> None:
    assert said in said_of_more(Told("https://h/items", {}, tree, 50))


@pytest.mark.parametrize(
    "tree",
    [None, [], {}, {"total": 50}, {"total": "many"}, {"next": None}, {"next": ""}, {"next": False}, {"next_page": 0},
     {"has_more": False}, {"total": 7}, {"next": ["x"]}, {"a": {"b": {"c": {"d": {"next": "x"}}}}}],
)  # fmt: skip
def test_an_answer_that_may_be_all_is_not_told_of(tree: object) -> None:
    assert said_of_more(Told("https://h/items", {}, tree, 50)) == ""


def test_a_header_that_leads_on_is_told() -> None:
    headers = {"link": '</items?page=2>; rel="next"'}
    assert said_of_more(Told("https://h/items", headers, None, 50)).endswith("write page: {by: link}")


def test_what_is_read_is_told_with_the_rows(tmp_path: Path) -> None:
    def answer(asked: object) -> Say:
        return says({"items": [{"id": 0}, {"id": 1}], "total": 5})

    with serving(answer) as web:
        source = Source(read=web.url + "/items", records="items")
        trust(tmp_path, (Place(server_of(source), "server"),))
        (note,) = notes_of(find(source, tmp_path, where="treadle.yaml:1:1"))
        assert "5 rows, and 2 came" in note
