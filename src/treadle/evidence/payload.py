"""What entries say: one frozen type a kind. The list of kinds is computed, never written down.

A kind is a subclass of `Payload` with a `KIND` of its own; those of this package have a file each in
`treadle.evidence.kinds`, and any other becomes known when its module is imported.
"""

from __future__ import annotations

import functools
import hashlib
import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec import Struct

from treadle.errors import EvidenceError, TreadleError
from treadle.store import Ref

if TYPE_CHECKING:
    from treadle.evidence.reader import Reader


class Payload(Struct, frozen=True, kw_only=True):
    """What one entry says. Fields that are references become the entry's edges.

    `VERSION` counts its shapes: a change that older readers or entries do not fit adds one, and `before` reads the
    older shape.
    """

    KIND: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    FACT: ClassVar[bool] = False
    """True: its references are what the entry rests on. False: they are what a step made."""

    def said(self) -> str:
        """A sentence for a person."""
        return self.KIND

    def searched(self, asked: bytes) -> str:
        """The text that it can be found by, as people would look for it; empty: it is not looked for.

        asked: the input of its step, as JSON; empty for a fact.
        """
        return ""

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """The data of an older `version` in today's shape."""
        raise EvidenceError(
            f"an entry of kind {cls.KIND} has version {version}, and {cls.VERSION} is known here", where=cls.KIND
        )


class Unknown(Payload, frozen=True, kw_only=True):
    """An entry whose kind, or its version, is not known here: written by a newer Treadle, or by an extension."""

    kind: str
    text: str = ""

    def said(self) -> str:
        return self.text or self.kind


P = TypeVar("P", bound=Payload)
P_co = TypeVar("P_co", bound=Payload, covariant=True)


class StepInput(Struct, Generic[P], frozen=True, kw_only=True):
    """All that a step may read; `MAKES` is the payload that it ends in. Its key follows from its fields' contents."""

    MAKES: ClassVar[type[Payload]]
    MEASURED: ClassVar[tuple[str, ...]] = ()
    """Fields that say what earlier steps cost or when they ran: shown, and no reason to run again."""

    def parts(self) -> dict[str, str]:
        """A digest for each field, in which a reference stands for its content and not for its place or version."""
        names = [name for name in self.__struct_fields__ if name not in self.MEASURED]
        return {name: digest(content(getattr(self, name))) for name in names}

    def overtaken(self, record: Reader, subject: str) -> str:
        """Why what was made may not be written any more: asked under the record's write lock; empty if it may."""
        return ""

    def outdated(self, record: Reader, subject: str, made: str) -> str:
        """Why what an entry made of the very same, `made` by its hash, is made again; empty if it counts still.

        For what is asked for by the newest entry of its subject: what came back has to be the newest once more.
        """
        return ""


@functools.cache
def known_kinds() -> dict[str, type[Payload]]:
    """Every kind that is known, by name."""
    from treadle.evidence import kinds as here

    for module in pkgutil.iter_modules(here.__path__):
        import_module(f"{here.__name__}.{module.name}")
    return {each.KIND: each for each in _below(Payload) if each.KIND}


def _below(parent: type[Payload]) -> Iterator[type[Payload]]:
    for child in parent.__subclasses__():
        yield child
        yield from _below(child)


def read_payload(kind: str, version: int, data: bytes | msgspec.Raw) -> Payload:
    """The typed payload. What is not known here, or does not fit, becomes `Unknown` and is never a crash."""
    found = known_kinds().get(kind)
    if found is None:  # its module may have been imported since
        known_kinds.cache_clear()
        found = known_kinds().get(kind)
    if found is None or version > found.VERSION:
        return Unknown(kind=kind, text=f"{kind} (version {version}, not known here)")
    try:
        if version == found.VERSION:
            return _decoder(found).decode(data)
        return msgspec.convert(found.before(version, msgspec.json.decode(data)), found, strict=False)
    except (msgspec.MsgspecError, TreadleError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as bad:
        return Unknown(kind=kind, text=f"{kind} (cannot be read: {bad})")


@functools.cache
def _decoder(kind: type[Payload]) -> msgspec.json.Decoder[Payload]:
    return msgspec.json.Decoder(kind)


def digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON; of the bytes themselves for bytes."""
    content = value if isinstance(value, bytes) else msgspec.json.encode(value, order="deterministic", enc_hook=str)
    return hashlib.sha256(content).hexdigest()


def content(value: Any) -> Any:
    """`value` with each reference replaced by its content's hash, whatever it is nested in."""
    if isinstance(value, Ref):
        return value.content
    if isinstance(value, Struct):
        return {name: content(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): content(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [content(item) for item in value]
    return value


def refs_in(value: Any) -> tuple[Ref, ...]:
    """Every reference in `value`, in order, each content once; tables of equal rows are two."""
    found: dict[tuple[str, str, str], Ref] = {}
    for ref in _walk(value):
        found.setdefault((type(ref).__name__, ref.content, getattr(ref, "table", "")), ref)
    return tuple(found.values())


def _walk(value: Any) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _walk(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _walk(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _walk(item)
