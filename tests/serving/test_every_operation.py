"""Every operation and every path, asked by everybody, at the command line's door and at a server's.

Who may is written here once more, operation by operation: one that is added must be added here, with who may.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import httpx
import msgspec
import pytest
from served_shop import RECORD, SPEC

from treadle.access import tokens
from treadle.access.permissions import SCOPES
from treadle.access.refusals import tell
from treadle.api import OPERATIONS, Context
from treadle.errors import AccessError
from treadle.evidence import Chain
from treadle.evidence.kinds.access_refused import AccessRefused
from treadle.hosting.opening import make_app, open_door
from treadle.principal import ANONYMOUS, Principal, person
from treadle.serving import App
from treadle.serving.app import ROUTES
from treadle.spec import load
from treadle.web import mounts
from treadle.workspace import open_workspace

ADA, GRACE, LIN, MALLORY = (person(name) for name in ("ada", "grace", "lin", "mallory"))
TILL, IDLE, GATES = (
    Principal("service", "till", frozenset(SCOPES)),
    Principal("service", "idle", frozenset()),
    Principal("policy", "gates"),
)
EVERYBODY = (ADA, GRACE, LIN, MALLORY, TILL, IDLE, GATES, ANONYMOUS)
NAMED = {ADA, GRACE, LIN}
READERS, WORKERS, APPROVERS = {ADA, GRACE, LIN, TILL, GATES}, {ADA, GRACE, LIN, TILL}, {ADA, GRACE}
ROWS = [
    "data query",
    "data profile",
    "data diff",
    "data quarantine show",
    *(f"data entities {verb}" for verb in ("doubts", "show", "why")),
    "data map",
    *(f"experts {verb}" for verb in ("queue", "sheet", "labels", "agreement")),
]  # they show what sources hold, to persons of the project alone
MAY: dict[str, set[Principal]] = {
    **dict.fromkeys(
        [
            "costs",
            "costs plan",
            "costs forecast",
            "costs idle",
            "costs serving",
            "costs budget",
            "costs diff",
            "costs options",
            "costs size",
            "costs review",
            "costs worth",
            "prices list",
            "prices diff",
            "log",
            "why",
            "verify",
            "report",
            "watch",
            "models list",
            "models show",
            "models review",
            "check",
            "trials",
            "compare",
            "data list",
            "data history",
            "data quarantine list",
            "data entities list",
            "data contract show",
            "data contract export",
            "lineage",
            "decide show",
            "decide list",
            "team show",
            "notes show",
            "notes list",
            "notes search",
            "tried",
            "agenda",
            "minutes list",
            "actions list",
            "retro show",
            "retro list",
            "milestones list",
            "status",
            "skills show",
            "skills start",
            "notify list",
            "costs profile",
            "notify calendar",
            "skills rota",
            "skills mentors",
            "skills plan",
            "skills plans",
            "team waits",
            "team export",
        ],
        READERS,
    ),
    **dict.fromkeys(ROWS, NAMED),
    **dict.fromkeys([f"data quarantine {verb}" for verb in ("mend", "replay", "drop", "undo")], NAMED),
    **dict.fromkeys([f"experts {verb}" for verb in ("ask", "say", "take")], NAMED),
    **dict.fromkeys([f"data entities {verb}" for verb in ("join", "split", "set", "undo")], NAMED),
    **dict.fromkeys(
        [
            "run",
            "data ingest",
            "serve",
            "drain",
            "replay",
            "features prove",
            "log checkpoint",
            "log prove",
            "mirror",
            "reproduce",
            "data contract import",
            "costs book",
            "costs import",
            "costs export",
            "prices import",
            "costs report",
            "costs buy",
            "costs confirm",
            "lineage export",
            "schedule",
            "notify send",
            "queue add",
            "schedule trigger",
        ],
        WORKERS,
    ),
    "predict": WORKERS,
    **dict.fromkeys(
        ["models accept", "models release", "models rollback", "data retain", "data compact", "data move"], APPROVERS
    ),
    **dict.fromkeys(
        [
            *(f"decide {verb}" for verb in ("open", "say", "close", "review", "terms", "agree", "settle")),
            *(f"decide {verb}" for verb in ("mediate", "note", "notes", "propose", "accept")),
            *("concern raise", "talk feedback", "concern list", "team checkin", "team checkins", "team pulse"),
            *(
                "team confirm",
                "models sign",
                "models comment",
                "models assign",
                "notes add",
                "notes edit",
                "minutes keep",
                "retro open",
                "retro keep",
            ),
            "costs choose",
            "costs time",
            *(f"actions {verb}" for verb in ("add", "close", "move")),
            *("milestones set", "milestones drop", "skills rate", "skills held"),
            *("team import", "skills grow", "skills agree", "skills end"),
        ],
        NAMED,
    ),
    **dict.fromkeys(["tokens create", "tokens list", "tokens rotate", "tokens revoke"], NAMED),
}
FOR_ALL = {
    "fit",
    "init",
    "trust",
    "schema",
    "access table",
    "access diff",
    "talk statement",
    "talk advice",
    "queue list",
    "queue cancel",
    "queue work",
}  # they work with no project's things
PATHS: dict[tuple[str, str], set[Principal]] = {
    ("POST", "/predict"): WORKERS | {ANONYMOUS},  # on this machine
    ("GET", "/openapi.json"): WORKERS | {ANONYMOUS},
    ("GET", "/"): WORKERS | {ANONYMOUS},
    ("POST", "/events/VIEW"): WORKERS,
    ("POST", "/outcomes"): WORKERS,
    ("POST", "/state"): WORKERS,
    ("GET", "/state"): WORKERS,
    ("GET", "/metrics"): WORKERS,
    ("GET", "/healthz"): {*EVERYBODY},
    ("GET", "/readyz"): {*EVERYBODY},
}


@pytest.fixture
def closed(shop: Path) -> Path:
    """The shop, with a third person and nothing opened to nobody in particular."""
    text = (
        SPEC.replace(", anonymous: [predict, events, outcomes, read]", "")
        .replace("SEED", "4")
        .replace("approve: reviewer", "approve: reviewer, roles: {engineer: [lin]}")
    )
    (shop / "treadle.yaml").write_text(text, encoding="utf-8")
    return shop


def some_value(kind: Any) -> Any:
    """What a field of this type takes."""
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    return ["x"] if get_origin(kind) is tuple else 1 if kind in (int, float) else "x"


def test_everybody_is_let_in_to_what_they_may_and_to_nothing_else(closed: Path) -> None:
    assert MAY.keys() | FOR_ALL == OPERATIONS.keys()
    for name, may in MAY.items():
        found = OPERATIONS[name]
        required = {field.name: some_value(field.kind) for field in found.fields() if field.required}
        request = msgspec.convert(required | {"project": str(closed)}, found.request, strict=False)
        for who in EVERYBODY:
            for channel, only_reads in (("cli", False), ("http", True)):
                context = Context(who, channel=channel, only_reads=only_reads)
                try:
                    work = found.enter(request, context)
                except AccessError:
                    assert who not in may, f"{who} may {name}"
                else:
                    assert who in may, f"{who} may not {name}"
                    assert work.workspace.chain.actor == who.actor and work.principal is who


HERE_ALONE = {
    "data map",  # which may write the project file
    "experts sheet",  # which writes a file of the caller's machine
    "experts agreement",  # of a file of the caller's machine too
    "costs diff",  # of two files of the caller's machine
    "costs idle",  # which may remove snapshots
    "notify calendar",  # which writes a file
    "team export",  # which writes files
    "costs options",  # which may open a decision
    "costs size",  # which may set one
    "costs review",  # which may choose one
}


def test_the_operations_over_http_are_those_that_read() -> None:
    reading = {name for name, may in MAY.items() if may is READERS and name != "check"}
    over_http = {name for name, found in OPERATIONS.items() if found.remote}
    assert over_http == (reading | {"schema", "access table", *ROWS}) - HERE_ALONE


@pytest.fixture
def app(closed: Path) -> Iterator[App]:
    workspace = open_workspace(load(closed), actor="ada")
    door = open_door(workspace, "127.0.0.1")
    made = make_app(workspace, door, mounts(str(closed), door))
    yield made
    made.endpoint.close()


def chain_of(closed: Path) -> Chain:
    return open_workspace(load(closed), actor="ada").chain


def keys(app: App, closed: Path) -> dict[Principal, dict[str, str]]:
    """The headers that each of them comes with. A policy has no token, so it does not come."""
    chain, found = chain_of(closed), {ANONYMOUS: {}}
    for who in (ADA, GRACE, LIN, MALLORY, TILL):
        holder = "person" if who.kind == "person" else "service"
        text, _ = tokens.make(chain, "shop", who.name, holder=holder, scopes=SCOPES, days=1)
        found[who] = {"authorization": f"Bearer {text}"}
    app.door.renew(tokens.book(chain, "shop"))
    return found


def asked(app: App, requests: list[tuple[str, str, Any, dict[str, str]]]) -> list[int]:
    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as http:
            found = [
                (await http.request(method, path, json=body, headers=headers)).status_code
                for method, path, body, headers in requests
            ]
        for routes in set(app.mounts.values()):
            await routes.aclose()
        return found

    return asyncio.run(ask())


def test_every_path_lets_in_who_may(app: App, closed: Path) -> None:
    assert PATHS.keys() == ROUTES.keys()
    bodies = {"/predict": RECORD, "/state": {"as_of": "2024-03-01"}, "/outcomes": [], "/events/VIEW": []}
    callers = keys(app, closed)
    plan = [
        (
            who,
            method,
            path,
            (method, path.replace("VIEW", "returns"), bodies.get(path) if method == "POST" else None, key),
        )
        for (method, path) in PATHS
        for who, key in callers.items()
    ]
    for (who, method, path, _), status in zip(plan, asked(app, [each[3] for each in plan]), strict=True):
        let_in = who in PATHS[method, path]
        assert (status not in (401, 403)) == let_in, f"{who} {method} {path}: {status}"
        assert let_in or status == (401 if who is ANONYMOUS else 403)


def test_every_operation_over_http_lets_in_who_may(app: App, closed: Path) -> None:
    callers = keys(app, closed)
    paths = {name: f"/api/{name.replace(' ', '/')}" for name in OPERATIONS}
    paths |= {f"{name} page": f"/{name}" for name in ("report", "watch", "home", "review", "month")}
    refused = [(name, who) for name in paths for who in (MALLORY, ANONYMOUS)]
    let_in = [(name, who) for name in ("log", "models list", "report page") for who in (ADA, GRACE, LIN, TILL)]
    # together: `asked` ends the server's readers, which begin no more
    answers = asked(app, [("GET", paths[name], None, callers[who]) for name, who in (*refused, *let_in)])
    for (name, who), status in zip(refused, answers[: len(refused)], strict=True):
        found = OPERATIONS.get(name)
        if name in ("schema", "access table"):
            assert status == 200, name
        elif found is not None and not found.remote:
            assert status == 405, name
        else:
            assert status in (401 if who is ANONYMOUS else 403, 422), name  # 422: it does not say what it asks about
    assert set(answers[len(refused) :]) == {200}


def test_what_one_prediction_was_asked_is_for_persons_of_the_project(app: App, closed: Path) -> None:
    app.endpoint.predict(msgspec.json.encode({**RECORD, "prediction_id": "mine"}))
    app.endpoint.flush()
    callers = keys(app, closed)
    who = (ADA, LIN, TILL, ANONYMOUS)
    found = asked(app, [("GET", "/api/why?subject=mine", None, callers[each]) for each in who])
    assert found == [200, 200, 403, 401]


def test_who_was_refused_is_in_the_record(app: App, closed: Path) -> None:
    with pytest.raises(AccessError):
        OPERATIONS["run"].begin(msgspec.convert({"project": str(closed)}, OPERATIONS["run"].request), Context(MALLORY))
    callers = keys(app, closed)
    asked(app, [("GET", "/api/log", None, callers[ANONYMOUS]), ("POST", "/outcomes", [], callers[MALLORY])])
    tell(chain_of(closed), "shop", app.door.refusals.due(1e12))
    told = [
        (e.actor, e.payload.who, e.payload.operation, e.payload.channel) for e in chain_of(closed).find(AccessRefused)
    ]
    assert told == [
        ("policy:access", "mallory", "run", "cli"),
        ("policy:access", "anonymous", "log", "http"),
        ("policy:access", "mallory", "POST /outcomes", "http"),
    ]


def test_what_is_refused_inside_is_told_too(closed: Path) -> None:
    """That nobody approves their own request only shows once the record is open."""
    release = OPERATIONS["models release"]
    with pytest.raises(AccessError):
        release.begin(msgspec.convert({"project": str(closed), "model": "shop:2"}, release.request), Context(ADA))
    entries = chain_of(closed).find(AccessRefused)
    assert [(e.payload.who, e.payload.operation) for e in entries] == [("ada", "models release")]


def test_junk_leaves_no_trace_of_itself_in_counters_record_or_terminal(app: App, closed: Path) -> None:
    from rich.console import Console

    from treadle.api.evidence import LogRequest, log
    from treadle.cli.show.evidence import show_log

    junk = [("GET", f"/%1b%5b31m[/x{n}]", None, {"authorization": "Bearer bad"}) for n in range(300)]
    assert set(asked(app, junk)) == {401}
    assert len(app.endpoint.metrics.text()) < 20_000 and b"31m" not in app.endpoint.metrics.text()
    tell(chain_of(closed), "shop", app.door.refusals.due(1e12))
    assert len(chain_of(closed).find(AccessRefused)) == 1
    chain_of(closed).append(
        AccessRefused(who="[/x]", operation="\x1b[31m", why="[bold]", channel="http"), "project/shop"
    )
    console = Console(record=True, width=200)
    show_log(log(LogRequest(project=str(closed)), Context(ADA)), console)
    shown = console.export_text()
    assert "[/x]" in shown and "[bold]" in shown and "\x1b" not in shown


def test_what_comes_after_a_body_is_no_header(app: App, closed: Path) -> None:
    """A server adds the trailers of a body to its headers while the body is read."""
    key = keys(app, closed)[TILL]["authorization"].encode()
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        headers.append((b"authorization", key))
        return {"type": "http.request", "body": b"[]", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/outcomes", "headers": headers, "client": ("10.0.0.1", 1)}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 401 and len(headers) == 2, "and the body was not even asked for"


@pytest.mark.parametrize("hours", ["nan", "inf", "-1", "1e12"])
def test_a_token_is_exchanged_for_a_reasonable_time_or_not_at_all(closed: Path, hours: str) -> None:
    """It made a new token that nobody saw, and then failed."""
    _, old = tokens.make(chain_of(closed), "shop", "till", holder="service", scopes=["read"], days=1)
    rotate = OPERATIONS["tokens rotate"]
    asked_for = {"project": str(closed), "token": old.token, "keep_hours": float(hours)}
    with pytest.raises(AccessError, match="is no time"):
        rotate.begin(msgspec.convert(asked_for, rotate.request), Context(ADA))
    assert list(tokens.book(chain_of(closed), "shop").grants) == [old.digest]


def test_a_persons_token_is_their_own_affair_and_a_services_is_the_owners(closed: Path) -> None:
    def ask(who: Principal, words: str, **given: Any) -> Any:
        found = OPERATIONS[words]
        return found.begin(msgspec.convert(given | {"project": str(closed)}, found.request), Context(who))

    def listed(who: Principal, **given: Any) -> set[str]:
        return {each.token for each in ask(who, "tokens list", **given).tokens}

    names = {ADA: "ada", GRACE: "grace", LIN: "lin"}
    own = {who: ask(who, "tokens create", name=name, scopes="read").token for who, name in names.items()}
    till = ask(ADA, "tokens create", name="till", scopes="predict").token
    assert till.holder == "service" and {each.holder for each in own.values()} == {"person"}
    lins, before = own[LIN].token, tokens.book(chain_of(closed), "shop").grants
    for who, words, given in (
        (GRACE, "tokens create", {"name": "lin"}),
        (ADA, "tokens create", {"name": "lin"}),
        (GRACE, "tokens create", {"name": "till"}),
        (GRACE, "tokens rotate", {"token": lins}),
        (ADA, "tokens rotate", {"token": lins}),
        (GRACE, "tokens rotate", {"token": till.token}),
        (GRACE, "tokens revoke", {"token": lins}),
        (GRACE, "tokens revoke", {"token": till.token}),
    ):
        with pytest.raises(AccessError, match="may not"):
            ask(who, words, **given)
    assert tokens.book(chain_of(closed), "shop").grants == before
    assert listed(LIN) == {lins} and listed(ADA) == {till.token, *(each.token for each in own.values())}

    rotated = ask(ADA, "tokens rotate", token=till.token, keep_hours=0).token
    assert (rotated.holder, rotated.name, rotated.scopes) == ("service", "till", ["predict"])
    ask(LIN, "tokens revoke", token=lins)
    ask(ADA, "tokens revoke", token=own[GRACE].token)
    assert listed(LIN) == set() and listed(LIN, all=True) == {lins}
    assert listed(ADA) == {own[ADA].token, rotated.token}
    with pytest.raises(AccessError, match="has ended"):
        ask(ADA, "tokens rotate", token=till.token)


def test_a_token_has_ended_for_the_list_as_for_the_door_where_the_clock_is_behind(closed: Path) -> None:
    def ask(words: str, **given: Any) -> Any:
        found = OPERATIONS[words]
        return found.begin(msgspec.convert(given | {"project": str(closed)}, found.request), Context(ADA))

    old = ask("tokens create", name="till", scopes="predict", days=1).token
    ahead = dataclasses.replace(chain_of(closed), clock=lambda: datetime.now(UTC) + timedelta(hours=25))
    tokens.make(ahead, "shop", "other", holder="service", scopes=["read"], days=9)
    assert {each.name for each in ask("tokens list").tokens} == {"other"}
    with pytest.raises(AccessError, match="has ended"):
        ask("tokens rotate", token=old.token)
