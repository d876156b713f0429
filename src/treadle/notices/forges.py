"""Issues of a forge, in the words of GitHub's REST API (2022-11-28) and of GitLab's (v4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol
from urllib.parse import quote

import msgspec
from msgspec import Struct

from treadle.notices.posting import Held, Post, read
from treadle.notices.wording import marked

LABEL = "treadle"
"""Every issue has it, so that those that were opened can be found again."""
_NEWEST = 100
_MOST_PAGES = 5
_MOST_LINK = 500


class Issue(Struct, frozen=True):
    """`by`: the login that closed it; `planned` False: it was closed as not to be done."""

    number: int
    link: str
    text: str = ""
    open: bool = True
    by: str = ""
    at: str = ""
    planned: bool = True


class Forge(Protocol):
    """Issues of one repository. Every call raises `Held` or `Refused` as `Post.send` does."""

    def find(self, mark: str) -> Issue | None:
        """The issue that bears this mark, of the newest hundred."""

    def begin(self, title: str, text: str, labels: Sequence[str]) -> Issue: ...

    def comment(self, number: int, text: str) -> None: ...

    def said(self, number: int, mark: str) -> bool:
        """Whether one of the newest hundred comments of an issue bears this mark."""

    def close(self, number: int) -> None: ...

    def look(self, number: int) -> Issue: ...

    def open_ones(self) -> set[int]:
        """Numbers of the issues with our label that are open, of the newest five hundred."""


def forge(kind: Literal["github", "gitlab"], url: str, token: str, post: Post) -> Forge:
    return _GitHub(url.rstrip("/"), token, post) if kind == "github" else _GitLab(url.rstrip("/"), token, post)


class _GitHub:
    def __init__(self, url: str, token: str, post: Post) -> None:
        self._url, self._post = url, post
        self._headers = {
            "authorization": f"Bearer {token}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }

    def find(self, mark: str) -> Issue | None:
        asked = f"{self._url}/issues?state=all&labels={LABEL}&per_page={_NEWEST}&sort=created&direction=desc"
        return _bearing(mark, [self._issue(each) for each in _list(self._ask(asked))])

    def begin(self, title: str, text: str, labels: Sequence[str]) -> Issue:
        return self._issue(self._tell("POST", "/issues", {"title": title, "body": text, "labels": [LABEL, *labels]}))

    def comment(self, number: int, text: str) -> None:
        self._tell("POST", f"/issues/{number}/comments", {"body": text})

    def said(self, number: int, mark: str) -> bool:
        # oldest first, and no way to ask for the newest: by the number of comments that the issue tells
        told = self._ask(f"{self._url}/issues/{number}")
        count = _field(told, "comments")
        page = max(1, -(-count // _NEWEST)) if isinstance(count, int) else 1
        found = _list(self._ask(f"{self._url}/issues/{number}/comments?per_page={_NEWEST}&page={page}"))
        return any(marked(str(_field(each, "body") or ""), mark) for each in found)

    def close(self, number: int) -> None:
        self._tell("PATCH", f"/issues/{number}", {"state": "closed", "state_reason": "completed"})

    def look(self, number: int) -> Issue:
        return self._issue(self._ask(f"{self._url}/issues/{number}"))

    def open_ones(self) -> set[int]:
        asked = f"{self._url}/issues?state=open&labels={LABEL}&per_page={_NEWEST}&sort=created&direction=desc"
        return _numbers(lambda page: [self._issue(each) for each in _list(self._ask(f"{asked}&page={page}"))])

    def _ask(self, url: str) -> Any:
        return read(self._post.send(url, self._headers, None), "the forge")

    def _tell(self, method: Literal["POST", "PATCH"], path: str, said: Mapping[str, object]) -> Any:
        answer = self._post.send(f"{self._url}{path}", self._headers, msgspec.json.encode(said), method, once=True)
        return read(answer, "the forge")

    @staticmethod
    def _issue(told: Any) -> Issue:
        return _issue(
            told, "number", "html_url", "body", "login", planned=_field(told, "state_reason") != "not_planned"
        )


class _GitLab:
    def __init__(self, url: str, token: str, post: Post) -> None:
        self._url, self._post, self._headers = url, post, {"private-token": token}

    def find(self, mark: str) -> Issue | None:
        asked = f"{self._url}/issues?labels={quote(LABEL)}&per_page={_NEWEST}&order_by=created_at&sort=desc&scope=all"
        return _bearing(mark, [self._issue(each) for each in _list(self._ask(asked))])

    def begin(self, title: str, text: str, labels: Sequence[str]) -> Issue:
        said = {"title": title, "description": text, "labels": [LABEL, *labels]}
        return self._issue(self._tell("POST", "/issues", said))

    def comment(self, number: int, text: str) -> None:
        self._tell("POST", f"/issues/{number}/notes", {"body": text})

    def said(self, number: int, mark: str) -> bool:
        found = _list(self._ask(f"{self._url}/issues/{number}/notes?per_page={_NEWEST}&sort=desc&order_by=created_at"))
        return any(marked(str(_field(each, "body") or ""), mark) for each in found)

    def close(self, number: int) -> None:
        self._tell("PUT", f"/issues/{number}", {"state_event": "close"})

    def look(self, number: int) -> Issue:
        return self._issue(self._ask(f"{self._url}/issues/{number}"))

    def open_ones(self) -> set[int]:
        said = f"state=opened&labels={quote(LABEL)}&per_page={_NEWEST}&order_by=created_at&sort=desc&scope=all"
        asked = f"{self._url}/issues?{said}"
        return _numbers(lambda page: [self._issue(each) for each in _list(self._ask(f"{asked}&page={page}"))])

    def _ask(self, url: str) -> Any:
        return read(self._post.send(url, self._headers, None), "the forge")

    def _tell(self, method: Literal["POST", "PUT"], path: str, said: Mapping[str, object]) -> Any:
        answer = self._post.send(f"{self._url}{path}", self._headers, msgspec.json.encode(said), method, once=True)
        return read(answer, "the forge")

    @staticmethod
    def _issue(told: Any) -> Issue:
        return _issue(told, "iid", "web_url", "description", "username")


def _issue(told: Any, number: str, link: str, text: str, login: str, *, planned: bool = True) -> Issue:
    found = _field(told, number)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 < found < 2**53:
        raise Held("the forge answered what is no issue")
    return Issue(
        number=found,
        link=place if (place := str(_field(told, link) or "")).startswith("http") and len(place) <= _MOST_LINK else "",
        text=str(_field(told, text) or ""),
        open=_field(told, "state") != "closed",
        by=str(_field(_field(told, "closed_by"), login) or ""),
        at=str(_field(told, "closed_at") or ""),
        planned=planned,
    )


def _bearing(mark: str, found: Sequence[Issue]) -> Issue | None:
    return next((each for each in found if marked(each.text, mark)), None)


def _numbers(asked: Callable[[int], Sequence[Issue]]) -> set[int]:
    """Of all pages, of which the first that is not full is the last."""
    found = set[int]()
    for page in range(1, _MOST_PAGES + 1):
        some = asked(page)
        found.update(each.number for each in some)
        if len(some) < _NEWEST:
            break
    return found


def _list(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise Held("the forge answered what is no list of issues")
    return told


def _field(told: Any, name: str) -> Any:
    return told.get(name) if isinstance(told, dict) else None
