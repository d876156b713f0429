"""What an operation is: a typed request, a typed answer, a permission and a docstring, in one place.

The command line and the REST routes are derived from these. A module of operations imports nothing heavy: the
rooms are imported inside the functions, so that `treadle --help` stays quick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta, Struct

if TYPE_CHECKING:
    from treadle.evidence import Observer
    from treadle.workspace import Workspace

MOST_LISTED = 10_000


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operation is asked. Each field is an option of the command; one marked `argument` is a position."""


def argument(text: str) -> Meta:
    """Marks a field that is given by its place on the command line."""
    return Meta(description=text, extra={"argument": True})


def option(text: str, *, flag: str = "", local: bool = False) -> Meta:
    """Marks a field that is given as `--name` (or `flag`). `local`: it names a file, so that no route takes it."""
    return Meta(description=text, extra={"flag": flag, "local": local})


ProjectPath = Annotated[str, argument("folder of the project, or its treadle.yaml")]


@dataclass(frozen=True)
class Context:
    """Who asks and from where: what an operation needs besides its request."""

    actor: str | None = None
    """None: the project's owner, as whom the local user works."""
    observer: Observer | None = None
    """Told what steps do; None: nobody looks."""
    say: Callable[[str], None] = lambda text: None
    """A line for the person who waits, while the work goes on."""
    only_reads: bool = False
    """True: asked by someone who may change nothing, so an operation that could keep what it found does not."""
    mounts: dict[str, Any] = field(default_factory=dict)
    """Path to ASGI application: what a server answers beside the endpoint's own paths."""


def check_limit(limit: int) -> int:
    """How many are listed, when it can be so many.

    Raises:
        SpecError: none, fewer than none, or more than can be listed at once.
    """
    from treadle.errors import SpecError

    if not 1 <= limit <= MOST_LISTED:
        raise SpecError(f"{limit} is no limit", where="--limit", mend=f"give a number from 1 to {MOST_LISTED:,}")
    return limit


def workspace_for(project: str, context: Context, permission: str, *, run: str = "", fresh: bool = False) -> Workspace:
    """The workspace of `project`, opened for who asks; AccessError if they lack `permission`."""
    from treadle.workspace import open_workspace

    return open_workspace(
        project,
        permission,
        actor=context.actor,
        observer=context.observer,
        run=run,
        fresh=fresh,
        reading=context.only_reads,
    )


@dataclass(frozen=True)
class Operation:
    """One thing that Treadle does. `words` is its command: ("models", "list")."""

    words: tuple[str, ...]
    request: type[Request]
    answer: Any
    permission: str
    call: Callable[[Any, Context], Any]
    remote: bool
    """True: may be called over REST without a token, because it reads and changes nothing."""

    @property
    def name(self) -> str:
        return " ".join(self.words)

    @property
    def doc(self) -> str:
        return (self.call.__doc__ or "").strip()

    def fields(self) -> list[Field]:
        hints = get_type_hints(self.request, include_extras=True)
        return [_field(f, hints[f.name]) for f in msgspec.structs.fields(self.request)]


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


def operation(*words: str, permission: str, remote: bool = False) -> Callable[[Any], Any]:
    """Register a function `(request, context) -> answer` as the operation `words`."""

    def register(call: Any) -> Any:
        hints = get_type_hints(call)
        found = Operation(words, hints["request"], hints["return"], permission, call, remote)
        OPERATIONS[found.name] = found
        return call

    return register
