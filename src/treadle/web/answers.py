"""What the project's own paths answer: typed and refused without a look at the workspace, then read, or said."""

from __future__ import annotations

import traceback
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from treadle.api import OPERATIONS, Context, Operation
from treadle.api.pages import LISTS, MADE, PAGES
from treadle.errors import AccessError, EvidenceError, MissingExtra, StoreError, TreadleError, nearest
from treadle.principal import ANONYMOUS, Principal

Answer = tuple[int, bytes, bytes]
"""Status, content type and body."""
_JSON, _HTML = b"application/json", b"text/html; charset=utf-8"
_LARGEST = 100_000
"""Of a whole number in a query: how many entries are wanted, for one."""
_SHOWN = 200
_PAGES = {"/report": "report", "/experts": "experts queue", **PAGES}
"""Pages, and the operations whose permission they need."""
FORMS = {"/experts": "experts say"}
"""Pages that take a form, and the operations whose permission that needs."""


class Wanted(Struct, frozen=True):
    """A read that can be made: an operation with its typed request, or the page at `path` that it has."""

    operation: Operation
    request: Any
    page: str = ""
    form: str | None = None
    """What was sent from the page, where something was."""


class Answers:
    """Of one project, and of the `target` that is served where it has several.

    `wanted` is quick and touches nothing; `read` may take long, and changes nothing but by a form.
    """

    def __init__(self, project: str, target: str | None = None) -> None:
        self.project, self.target = project, target
        self._encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode
        self._constant: dict[str, Answer] = {}

    def answer(self, method: str, path: str, query: str, who: Principal) -> Answer:
        found = self.wanted(method, path, query)
        return self.read(found, who) if isinstance(found, Wanted) else found

    def wanted(self, method: str, path: str, query: str) -> Wanted | Answer:
        """What is to be read; or the answer, where that needs no reading."""
        if method == "POST" and path in FORMS:
            made = self._typed(OPERATIONS[_PAGES[path]], "", path)
            if isinstance(made, Wanted):
                return msgspec.structs.replace(made, operation=OPERATIONS[FORMS[path]], form=query)
            return made
        if method not in ("GET", "HEAD"):
            return self.error(405, f"{_short(path)} takes GET, not {method}", "changes are made on the command line")
        if path in LISTS and not query:
            name, page = LISTS[path]
            return self._typed(OPERATIONS[name], "", page)
        if path in _PAGES:
            return self._typed(OPERATIONS[_PAGES[path]], query, path)
        name = path.removeprefix("/api").strip("/")
        if not name:
            if name not in self._constant:
                listed = [describe(each) for each in OPERATIONS.values()]
                self._constant[name] = 200, _JSON, self._encode({"operations": listed})
            return self._constant[name]
        found = OPERATIONS.get(name.replace("/", " "))
        if found is None:
            known = [each.replace(" ", "/") for each, operation in OPERATIONS.items() if operation.remote]
            return self.error(404, f"there is no operation {_short(name)}", nearest(name, known))
        if not found.remote:
            return self.error(405, f"{found.name} is given on the command line alone", f"treadle {found.name}")
        asked = self._typed(found, query)
        if found.opens or isinstance(asked, tuple):
            return asked
        if found.name not in self._constant:  # of no project's things, such as the schema: it is always the same
            self._constant[found.name] = self.read(asked, ANONYMOUS)
        return self._constant[found.name]

    def _typed(self, found: Operation, query: str, page: str = "") -> Wanted | Answer:
        try:
            return Wanted(found, self._request(found, _given(query)), page)
        except msgspec.ValidationError as bad:
            return self.error(422, _short(str(bad)), "GET /api tells what each operation takes")

    def _request(self, found: Operation, given: dict[str, str]) -> Any:
        """The typed request. The project is the one served here, whatever a caller writes."""
        names = {field.name for field in found.fields()}
        local = sorted(field.name for field in found.fields() if field.local and field.name in given)
        if local:
            raise msgspec.ValidationError(f"{local[0]} names a file, and is given on the command line alone")
        asked = given | ({"project": self.project} if "project" in names else {})
        told = ":" in asked.get("model", "")  # the name of a version tells its target
        if self.target is not None and "target" in names and not told:
            asked.setdefault("target", self.target)
        request = msgspec.convert(asked, found.request, strict=False)
        for name in names:
            value = getattr(request, name)
            if isinstance(value, int) and not isinstance(value, bool) and not 1 <= value <= _LARGEST:
                raise msgspec.ValidationError(f"{name} must be between 1 and {_LARGEST:,}")
        return request

    def read(self, wanted: Wanted, who: Principal) -> Answer:
        context = Context(who, channel="http", only_reads=wanted.form is None)
        try:
            if wanted.page == "/report":
                return self._report(wanted, context)
            if wanted.page == "/experts":
                return self._experts(wanted, context)
            if wanted.page in MADE:
                html = MADE[wanted.page](wanted.request, wanted.operation.enter(wanted.request, context))
                return 200, _HTML, html.encode()
            return 200, _JSON, self._encode(wanted.operation.begin(wanted.request, context))
        except AccessError as bad:
            return self.error(403, bad.what, bad.mend)
        except EvidenceError as bad:
            return self.error(404, bad.what, bad.mend)
        except TreadleError as bad:
            # what is away, full or not installed is no fault of what was asked
            status = 503 if isinstance(bad, StoreError | MissingExtra) else 400
            return self.error(status, f"{bad.where}: {bad.what}" if bad.where else bad.what, bad.mend)
        except Exception:
            traceback.print_exc()
            return self.error(500, "the server has a fault here; its log has the trace", "tell who runs this server")

    def _experts(self, wanted: Wanted, context: Context) -> Answer:
        from treadle.exploring.experts import page

        work = wanted.operation.enter(wanted.request, context)
        try:
            html = page(work.workspace, work.principal.actor, form=wanted.form, may=work.may("mend"))
        except ValueError:
            return self.error(400, "this is no form of ours", "open the page again, and send it from there")
        return 200, _HTML, html.encode()

    def _report(self, wanted: Wanted, context: Context) -> Answer:
        from treadle.pages import linked

        workspace = wanted.operation.enter(wanted.request, context).workspace
        place = workspace.report
        if not place.is_file():
            return self.error(404, f"{place.name} was not made yet", workspace.project.command("run", self.project))
        return 200, _HTML, linked(place.read_text(encoding="utf-8")).encode()

    def error(self, status: int, what: str, mend: str) -> Answer:
        return status, _JSON, self._encode({"error": what, "mend": mend})


def _given(query: str) -> dict[str, str]:
    """The parameters of a query, each once."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=100)
    except ValueError as bad:
        raise msgspec.ValidationError(f"the query is not of the form name=value&name=value: {bad}") from bad
    given = dict(pairs)
    if len(given) < len(pairs):
        raise msgspec.ValidationError("the query gives a parameter twice")
    if any("\ufffd" in text for pair in pairs for text in pair):
        raise msgspec.ValidationError("the query holds bytes that are no UTF-8")
    if any("\0" in text for pair in pairs for text in pair):
        raise msgspec.ValidationError("the query holds a character that no name has")
    return given


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def describe(found: Operation) -> dict[str, Any]:
    """An operation as GET /api lists it."""
    return {
        "operation": found.name,
        "path": f"/api/{found.name.replace(' ', '/')}" if found.remote else None,
        "does": found.doc.splitlines()[0],
        "takes": {
            field.name: {"text": field.text, "required": field.required}
            for field in found.fields()
            if field.name != "project" and not field.local
        },
    }
