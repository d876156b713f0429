"""Of a project with several targets a server's reads are about the one that it serves, unless another is named."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from treadle.access.door import Door
from treadle.access.tokens import TokenBook
from treadle.principal import person
from treadle.spec import Brief, People, Predict, ProjectSpec, Source
from treadle.web import mounts
from treadle.web.answers import Answers, Wanted
from treadle.web.readers import Readers

SPEC = ProjectSpec(
    project="shop",
    brief=Brief(people=People(owner="ada")),
    sources={"s": Source(read="s.csv")},
    predict=Predict(name="y", each="s", label="y"),
)
SAYS_ITS_WORDS = """
import json, sys
for line in sys.stdin:
    body = json.dumps(sys.argv[1:])
    print(json.dumps([200, "application/json", len(body)]))
    print(body, end="", flush=True)
"""


@pytest.mark.parametrize(
    ("served", "path", "query", "about"),
    [
        ("days", "/report", "", "days"),
        ("days", "/watch", "", "days"),
        ("days", "/api/models/show", "", "days"),
        ("days", "/api/models/show", "target=back", "back"),
        (None, "/report", "", None),
        (None, "/api/models/show", "", None),
        (None, "/api/models/show", "target=back", "back"),
    ],
)
def test_a_read_is_about_the_target_that_is_served(served: str | None, path: str, query: str, about: str) -> None:
    found = Answers("shop", served).wanted("GET", path, query)
    assert isinstance(found, Wanted) and (found.request.project, found.request.target) == ("shop", about)


def test_what_is_about_the_whole_project_gets_no_target() -> None:
    found = Answers("shop", "days").wanted("GET", "/api/log", "")
    assert isinstance(found, Wanted) and found.request.project == "shop" and not hasattr(found.request, "target")


@pytest.mark.parametrize("target", ["days", None])
def test_the_processes_that_read_are_told_the_target(target: str | None) -> None:
    async def asked() -> list[str]:
        readers = Readers("shop", target, program=("-c", SAYS_ITS_WORDS))
        try:
            return list(json.loads((await readers.ask("GET", "/api", "", person("ada")))[2]))
        finally:
            await readers.aclose()

    assert asyncio.run(asked()) == ["shop", *([target] if target else [])]


def test_what_is_mounted_reads_of_the_target() -> None:
    mounted = mounts("shop", Door(SPEC, loopback=True, tokens=TokenBook({})), "days")
    assert "/report" in mounted
    for routes in mounted.values():
        assert (routes.answers.project, routes.answers.target) == ("shop", "days")


SEVERAL = """\
project: shop
brief: {people: {owner: ada, reviewers: [grace]}}
sources: {s: {read: s.csv}}
predict: {back: {each: s, label: y}, days: {each: s, label: z, kind: regression}}
features: {request: [x]}
"""


def test_a_reader_answers_of_the_target_that_it_was_given(tmp_path: Path) -> None:
    """The process itself, of a project that was never run: what is missing is told with the command that makes it."""
    (tmp_path / "treadle.yaml").write_text(SEVERAL, encoding="utf-8")
    (tmp_path / "s.csv").write_text("x,y,z\n1,true,2\n", encoding="utf-8")
    line = msgspec.json.encode(("GET", "/report", "", person("ada"))) + b"\n"
    command = [sys.executable, "-m", "treadle.web.reader", str(tmp_path), "days"]
    environment = os.environ | {"TREADLE_HOME": str(tmp_path / "home")}
    said = subprocess.run(command, input=line, capture_output=True, timeout=60, env=environment, check=True).stdout
    head, _, content = said.partition(b"\n")
    assert json.loads(head) == [404, "application/json", len(content)]
    assert json.loads(content) == {
        "error": "shop.days.html was not made yet",
        "mend": f"treadle run {tmp_path} --target days",
    }
