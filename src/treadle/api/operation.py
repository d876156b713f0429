"""What an operation is: a typed request, a typed answer, a permission and a docstring, in one place.

The command line and the REST routes are derived from these, and every one of them is begun here, by `Operation.begin`:
who asks is found, the table of permissions is asked, what is refused is told to the record, and the operation gets an
opened workspace and its principal. A module of operations imports nothing heavy: the rooms are imported inside the
functions, so that `treadle --help` stays quick.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_type_hints

import msgspec
from msgspec import Meta, Struct

from treadle.errors import AccessError, TreadleError
from treadle.principal import Principal

if TYPE_CHECKING:
    from treadle.access import Permission, Resource
    from treadle.access.door import Door
    from treadle.evidence import Observer
    from treadle.spec import Project
    from treadle.workspace import Workspace

Channel = Literal["cli", "http"]
MOST_LISTED = 10_000


class Told(AccessError):
    """A refusal that the record was told of already."""


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operation is asked. Each field is an option of the command; one marked `argument` is a position."""


def argument(text: str) -> Meta:
    """Marks a field that is given by its place on the command line."""
    return Meta(description=text, extra={"argument": True})


def option(text: str, *, flag: str = "", local: bool = False) -> Meta:
    """Marks a field that is given as `--name` (or `flag`). `local`: it names a file, so that no route takes it."""
    return Meta(description=text, extra={"flag": flag, "local": local})


ProjectPath = Annotated[str, argument("folder of the project, or its treadle.yaml")]


class OfTarget(Request, frozen=True, kw_only=True):
    """About one target. Where the project has several, which one must be said."""

    project: ProjectPath = "."
    target: Annotated[str | None, option("which target, where the project has several")] = None

    def choose(self, project: Project) -> Project:
        """The project with the target that is asked about, in whatever words it is named."""
        return project.of(self.target)


class OfEachTarget(OfTarget, frozen=True, kw_only=True):
    """As `OfTarget`; where none of several is named it is about each of them, see `Work.each`."""

    def choose(self, project: Project) -> Project:
        return project if self.target is None else project.of(self.target)


@dataclass(frozen=True)
class Context:
    """Who asks, and from where. There is no default: somebody asks, or an anonymous caller does."""

    who: Principal | Callable[[Project], Principal]
    """Who asks; or how they are found once the project is known, as a login is."""
    channel: Channel = "cli"
    observer: Observer | None = None
    """Told what steps do; None: nobody looks."""
    say: Callable[[str], None] = lambda text: None
    """A line for the person who waits, while the work goes on."""
    only_reads: bool = False
    """True: nothing may be changed here, so an operation that could keep what it found does not."""
    hear: Callable[[str], str] = lambda prompt: ""
    """What the person says who is asked, beside the request; at a terminal from standard input."""
    mounts: Callable[[Door], dict[str, Any]] = lambda door: {}
    """Path to ASGI application: what a server answers beside the endpoint's own paths, behind the same door."""


@dataclass(frozen=True)
class Work:
    """What an operation works with, once it was let in: an opened workspace, and the principal that it is for."""

    workspace: Workspace
    principal: Principal
    asked: Context
    open: Callable[[Project], Workspace]

    def each(self) -> list[Work]:
        """The work for each target that was asked about, each with a workspace, and a run, of its own.

        Raises:
            SpecError: it is a project of data alone.
        """
        projects = self.workspace.project.each()
        if not projects:
            raise self.workspace.project.without_target
        if len(projects) == 1:
            return [self]
        return [dataclasses.replace(self, workspace=self.open(project)) for project in projects]

    @property
    def only_reads(self) -> bool:
        return self.asked.only_reads

    def say(self, text: str) -> None:
        self.asked.say(text)

    def may(self, permission: Permission) -> bool:
        """Whether the principal may do more than the operation itself needs."""
        from treadle.access import may, resource_of

        return may(self.principal, permission, resource_of(self.workspace.project.spec, "project"))

    def require(
        self, operation: str, permission: Permission, name: str = "", *, holder: str = "", doing: str = ""
    ) -> None:
        """For what only shows once the workspace is open: whose token, which record. `doing`: what it is, in words,
        where a refusal is to name that and not all that the permission is for.

        Raises:
            AccessError: the table does not give it.
        """
        from treadle.access import RULES, resource_of

        spec = self.workspace.project.spec
        _authorise(
            self.workspace.project,
            self.asked,
            self.principal,
            operation,
            permission,
            resource_of(spec, RULES[permission].resource, name, holder=holder),
            doing,
        )


def check_limit(limit: int) -> int:
    """How many are listed, when it can be so many.

    Raises:
        SpecError: none, fewer than none, or more than can be listed at once.
    """
    from treadle.errors import SpecError

    if not 1 <= limit <= MOST_LISTED:
        raise SpecError(f"{limit} is no limit", where="--limit", mend=f"give a number from 1 to {MOST_LISTED:,}")
    return limit


@dataclass(frozen=True)
class Operation:
    """One thing that Treadle does. `words` is its command: ("models", "list")."""

    words: tuple[str, ...]
    request: type[Request]
    answer: Any
    permission: Permission
    body: Callable[[Any, Any], Any]
    remote: bool
    """True: may be called over REST, because it reads and changes nothing."""
    opens: bool
    """It works with a project that is there, and gets its workspace; else it gets the context alone."""
    in_a_run: bool
    """What it writes belongs to a run of its own."""
    quiet: bool = False
    """Nothing is kept of who asked, not even that they were refused."""
    alone: Callable[[Any], bool] = lambda request: False
    """Whether a request at the command line is about nothing of a project, such as a file of the caller's own. Then it
    gets the context alone; over HTTP it never is."""

    @property
    def name(self) -> str:
        return " ".join(self.words)

    @property
    def doc(self) -> str:
        return (self.body.__doc__ or "").strip()

    def fields(self) -> tuple[Field, ...]:
        return _fields_of(self.request)

    def begin(self, request: Any, context: Context) -> Any:
        """Come to the door and, let in, work. The operation's answer."""
        if not self.opens or (context.channel == "cli" and self.alone(request)):
            return self.body(request, context)
        work = self.enter(request, context)
        try:
            return self.body(request, work)
        except TreadleError as bad:
            if isinstance(bad, AccessError) and not isinstance(bad, Told) and not self.quiet:  # told as at the door
                _tell(work.workspace.project, context, work.principal.actor, self.name, bad.what)
            if context.channel == "cli":  # elsewhere nobody types a path of this machine
                work.workspace.project.named_in(bad)
            raise
        finally:
            if not self.quiet:  # what waits to be told is told by the next command, in the name of whose that is
                _retrieved(work)

    def enter(self, request: Any, context: Context) -> Work:
        """The one door: find who asks, ask the table, open the workspace.

        Raises:
            AccessError: they may not; nothing was opened for them.
        """
        from treadle.access import RULES, resource_of
        from treadle.spec import load
        from treadle.workspace import new_run, open_workspace

        project = load(request.project)
        if isinstance(request, OfTarget):
            project = request.choose(project)
        told = dataclasses.replace(context, only_reads=context.only_reads or self.quiet)
        principal = _who(self, project, told)
        resource = resource_of(project.spec, RULES[self.permission].resource, holder=principal.name)
        _authorise(project, told, principal, self.name, self.permission, resource)

        def open_it(project: Project) -> Workspace:
            return open_workspace(
                project,
                actor=principal.actor,
                observer=context.observer,
                run=new_run() if self.in_a_run else "",
                fresh=getattr(request, "fresh", False),
                reading=context.only_reads,
                begins=self.permission not in ("read", "rows"),
            )

        return Work(open_it(project), principal, context, open_it)


def _retrieved(work: Work) -> None:
    """What was read out of colder tiers meanwhile is told to the record, and said."""
    tiers = work.workspace.tiers
    if tiers is None or work.only_reads or work.workspace.reading or not tiers.retrieved():
        return
    from treadle.tiering.retrieved import settle

    with contextlib.suppress(TreadleError):  # what was asked is done, and the notes wait for the next time
        for text in settle(work.workspace):
            work.say(text)


def _who(found: Operation, project: Project, context: Context) -> Principal:
    if isinstance(context.who, Principal):
        return context.who
    try:
        return context.who(project)
    except AccessError as bad:
        from treadle.access import login

        _tell(project, context, f"login {login()}", found.name, bad.what)
        raise


def _authorise(
    project: Project,
    context: Context,
    who: Principal,
    operation: str,
    permission: Permission,
    resource: Resource,
    doing: str = "",
) -> None:
    from treadle.access import authorise

    try:
        authorise(who, operation, permission, resource, doing)
    except AccessError as bad:
        _tell(project, context, who.actor, operation, bad.what)
        raise Told(bad.what, where=bad.where, mend=bad.mend) from None


def _tell(project: Project, context: Context, who: str, operation: str, why: str) -> None:
    """Keep in the record that somebody was refused; a server's door tells of its own. No record begins with that."""
    if context.only_reads:
        return
    from treadle.access.refusals import ACTOR, tell
    from treadle.evidence.kinds.access_refused import AccessRefused
    from treadle.workspace import open_workspace

    try:
        workspace = open_workspace(project, actor=ACTOR, begins=False)
        if not workspace.reading:
            refused = AccessRefused(who=who, operation=operation, why=why, channel=context.channel)
            tell(workspace.chain, project.spec.project, [refused])
    except (TreadleError, OSError):
        return  # that they are refused is what counts; a record that cannot be written says so to whoever may write it


@dataclass(frozen=True)
class Field:
    """One field of a request, as the command line shows it."""

    name: str
    kind: Any
    text: str
    default: Any
    required: bool
    is_argument: bool
    flag: str
    local: bool = False
    """It is given on the command line alone."""


@functools.cache
def _fields_of(request: type[Request]) -> tuple[Field, ...]:
    """Found once: to resolve the hints of all operations takes a tenth of a second."""
    hints = get_type_hints(request, include_extras=True)
    return tuple(_field(f, hints[f.name]) for f in msgspec.structs.fields(request))


def _field(found: Any, hint: Any) -> Field:
    meta = next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Meta)), Meta())
    extra = meta.extra or {}
    required = found.default is msgspec.NODEFAULT and found.default_factory is msgspec.NODEFAULT
    default = (
        None if required else (found.default if found.default is not msgspec.NODEFAULT else found.default_factory())
    )
    return Field(
        name=found.name,
        kind=getattr(hint, "__origin__", hint),
        text=meta.description or "",
        default=default,
        required=required,
        is_argument=bool(extra.get("argument")),
        flag=str(extra.get("flag") or "--" + found.name.replace("_", "-")),
        local=bool(extra.get("local")),
    )


OPERATIONS: dict[str, Operation] = {}
"""Those of the modules that were imported; `every` has all."""
GROUPS: dict[str, str] = {}
"""The first word of operations that go together ("models"), to what they are about."""
R = TypeVar("R", bound=Request)
W = TypeVar("W", Work, Context, Work | Context)
A = TypeVar("A")


def find(module: str, name: str) -> Operation:
    """The operation `name`, which that module registers."""
    importlib.import_module(f"{__package__}.{module}")
    return OPERATIONS[name]


def every() -> dict[str, Operation]:
    """All operations, by name."""
    for module in sorted(Path(__file__).parent.glob("*.py")):
        if module.stem != "__init__":
            importlib.import_module(f"{__package__}.{module.stem}")
    return OPERATIONS


def group(word: str, text: str) -> None:
    """Say what the operations `word ...` are about; where the first of them is written."""
    GROUPS[word] = text


def operation(
    *words: str,
    permission: Permission,
    remote: bool = False,
    opens: bool = True,
    in_a_run: bool = False,
    quiet: bool = False,
    alone: Callable[[Any], bool] = lambda request: False,
) -> Callable[[Callable[[R, W], A]], Callable[[R, Context], A]]:
    """Register a function `(request, work) -> answer` as the operation `words`. To call it is to come to the door."""

    def register(body: Callable[[R, W], A]) -> Callable[[R, Context], A]:
        hints = get_type_hints(body)
        found = Operation(
            words, hints["request"], hints["return"], permission, body, remote, opens, in_a_run, quiet, alone
        )
        OPERATIONS[found.name] = found

        @functools.wraps(body)
        def begin(request: R, context: Context) -> A:
            answer: A = found.begin(request, context)
            return answer

        return begin

    return register
