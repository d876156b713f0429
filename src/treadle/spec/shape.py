"""Hold plain data to the project file's types: every key, type, range and name that is wrong, each with its path.

msgspec stops at the first wrong value; a person mends a file quicker who sees them all.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from treadle.errors import nearest
from treadle.spec.names import RULES, control_character, matches

_WORDS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number", NoneType: "nothing"}


class Problem(Struct, frozen=True):
    """One thing that is wrong at `path`. `word` and `known` make its "did you mean", worked out only when shown."""

    path: str
    what: str
    word: str = ""
    known: tuple[str, ...] = ()
    mend: str = ""

    @property
    def hint(self) -> str:
        return nearest(self.word, self.known) if self.word else self.mend


def problems(value: Any, kind: Any, path: str = "") -> Iterator[Problem]:
    """What keeps `value` (mappings, lists and scalars) from being a `kind`, all of it."""
    base, limits = _taken_apart(kind)
    origin = get_origin(base)
    if origin in (Union, UnionType):
        yield from _union(value, get_args(base), path)
    elif origin is Literal:
        if value not in get_args(base) or isinstance(value, bool):
            yield _no_choice(value, get_args(base), path)
    elif isinstance(base, type) and issubclass(base, Struct):
        yield from _struct(value, base, path)
    elif origin is dict:
        yield from _mapping(value, get_args(base), path)
        yield from _size(value, limits, path)
    elif origin is tuple:
        if isinstance(value, list | tuple):
            for index, item in enumerate(value):
                yield from problems(item, get_args(base)[0], f"{path}[{index}]")
            yield from _size(value, limits, path)
        else:
            yield Problem(path, f"`{_last(path)}` must be {_in_words(kind)} ({_found(value)})")
    else:
        yield from _scalar(value, base, limits, path)


def _last(path: str) -> str:
    """What a path names: where it stands is said before the sentence."""
    return path.rsplit(".", 1)[-1]


def _no_choice(value: Any, allowed: tuple[Any, ...], path: str) -> Problem:
    """All that is allowed is in the sentence, so that nothing is said twice: a word is near one of them, or is not."""
    import difflib  # only a file that is wrong needs it

    known = tuple(str(each) for each in allowed)
    near = isinstance(value, str) and bool(difflib.get_close_matches(value[:80], known, n=1))
    which = f"one of {_listed(known)}" if len(known) > 1 else _listed(known)
    return Problem(
        path, f"`{_last(path)}` must be {which} ({_found(value)})", value if near else "", known if near else ()
    )


def _listed(known: Sequence[str]) -> str:
    """Words as they are; signs, such as a comma, between quotes."""
    return ", ".join(word if word.replace("_", "").isalnum() else f'"{word}"' for word in known)


def _taken_apart(kind: Any) -> tuple[Any, tuple[Meta, ...]]:
    if get_origin(kind) is Annotated:
        base, *rest = get_args(kind)
        return base, tuple(meta for meta in rest if isinstance(meta, Meta))
    return kind, ()


@functools.cache
def _fields(kind: type[Struct]) -> dict[str, tuple[Any, bool]]:
    """By the name in the file: its type, and whether it must be given."""
    hints = get_type_hints(kind, include_extras=True)
    return {f.encode_name: (hints[f.name], f.required) for f in msgspec.structs.fields(kind)}


def _struct(value: Any, kind: type[Struct], path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path, f"`{_last(path)}` must be a mapping of keys ({_found(value)})")
        return
    fields = _fields(kind)
    for key, item in value.items():
        here = f"{path}.{key}" if path else str(key)
        if key in fields:
            yield from problems(item, fields[key][0], here)
        else:
            yield Problem(here, f'unknown key "{_short(here)}"', _short(str(key)), tuple(fields))
    # a required key under a wrong name is one mistake, not two
    strange = [str(key) for key in value if key not in fields][:20]
    for name, (_, required) in fields.items():
        if required and name not in value and not _is_near(name, strange):
            yield Problem(path, f"{f'`{path}`: ' if path else ''}missing required field `{name}`")


def _is_near(name: str, strange: list[str]) -> bool:
    import difflib  # only a file that is wrong needs it

    return bool(difflib.get_close_matches(name, strange, n=1))


def _mapping(value: Any, kinds: tuple[Any, ...], path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path, f"`{_last(path)}` must be a mapping of keys ({_found(value)})")
        return
    for key, item in value.items():
        here = f"{path}.{key}"
        yield from problems(key, kinds[0], here)
        yield from problems(item, kinds[1], here)


def _union(value: Any, options: Sequence[Any], path: str) -> Iterator[Problem]:
    """Held to the option that the value is of a form with; if there is none, all are named."""
    fitting = [option for option in options if _has_form(value, _taken_apart(option)[0])]
    others = any(option is not NoneType for option in options if option not in fitting)
    no_word = len(fitting) == 1 and get_origin(fitting[0]) is Literal and value not in get_args(fitting[0]) and others
    if not fitting or no_word:
        wanted = " or ".join(_in_words(option) for option in options if option is not NoneType)
        yield Problem(path, f"`{_last(path)}` must be {wanted} ({_found(value)})")
        return
    found = [list(problems(value, option, path)) for option in fitting]
    yield from min(found, key=len)


def _has_form(value: Any, base: Any) -> bool:
    origin = get_origin(base)
    if base is NoneType:
        return value is None
    if origin is Literal:
        return isinstance(value, type(get_args(base)[0]))
    if origin is tuple:
        return isinstance(value, list | tuple)
    if origin is dict or (isinstance(base, type) and issubclass(base, Struct)):
        return isinstance(value, Mapping)
    return _is(value, base)


def _is(value: Any, base: Any) -> bool:
    if base is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if base is int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return whole and not isinstance(value, bool)
    return base is Any or isinstance(value, base)


def _scalar(value: Any, base: Any, limits: tuple[Meta, ...], path: str) -> Iterator[Problem]:
    if not _is(value, base):
        yield Problem(path, f"`{_last(path)}` must be {_in_words(base)} ({_found(value)})")
    elif isinstance(value, str):
        yield from _text(value, limits, path)
    elif base in (int, float):
        yield from _number(value, limits, path)


def _text(value: str, limits: tuple[Meta, ...], path: str) -> Iterator[Problem]:
    bad = control_character(value)
    if bad:
        yield Problem(path.replace("\x00", "?"), f"the text at `{_short(path)}` holds the character {bad}")
        return
    for meta in limits:
        noun = meta.title or "text"
        if meta.pattern is not None and not matches(meta.pattern, value):
            no = "not" if noun.startswith("a ") else "no valid"
            yield Problem(path, f'"{_short(value)}" is {no} {noun}', mend=RULES.get(meta.pattern, ""))
        choices = (meta.extra_json_schema or {}).get("enum")
        if choices is not None and value not in choices:
            joined = _joined(meta)
            if value not in joined:
                yield Problem(path, f'there is no {noun} "{_short(value)}"', _short(value), (*choices, *joined))
        if meta.min_length is not None and len(value) < meta.min_length:
            yield Problem(path, f"`{path}` is empty", mend="write it, or leave the key out")
        if meta.max_length is not None and len(value) > meta.max_length:
            yield Problem(path, f"`{path}` is longer than {meta.max_length:,} characters")


def _joined(meta: Meta) -> tuple[str, ...]:
    """Names that installed packages add to a list of choices. None of them is loaded."""
    group = (meta.extra or {}).get("entry_points")
    if not group:
        return ()
    from importlib.metadata import entry_points  # slow to load, and few files name what others bring

    return tuple(point.name for point in entry_points(group=group))


def _number(value: float, limits: tuple[Meta, ...], path: str) -> Iterator[Problem]:
    if isinstance(value, float) and not math.isfinite(value):
        yield Problem(path, f"`{_last(path)}` must be a finite number ({_found(value)})")
        return
    for meta in limits:
        fits = (
            (meta.ge is None or value >= meta.ge)
            and (meta.gt is None or value > meta.gt)
            and (meta.le is None or value <= meta.le)
            and (meta.lt is None or value < meta.lt)
        )
        if not fits:
            yield Problem(path, f"`{_last(path)}` must be {_range(meta)} ({_found(value)})")


def _range(meta: Meta) -> str:
    bounds = ((meta.ge, "from {:.15g}"), (meta.gt, "more than {:.15g}"), (meta.le, "at most {:.15g}"))
    said = [words.format(limit) for limit, words in (*bounds, (meta.lt, "less than {:.15g}")) if limit is not None]
    return " and ".join(said)


def _size(value: Any, limits: tuple[Meta, ...], path: str) -> Iterator[Problem]:
    for meta in limits:
        if meta.min_length is not None and isinstance(value, Mapping | list | tuple) and len(value) < meta.min_length:
            yield Problem(path, f"`{path}` is empty: at least one is wanted")


def _in_words(kind: Any) -> str:
    base, _ = _taken_apart(kind)
    if get_origin(base) is Literal:
        return " or ".join(_listed([str(a)]) for a in get_args(base))
    if get_origin(base) is tuple:
        return f"a list of {_WORDS.get(_taken_apart(get_args(base)[0])[0], 'part').removeprefix('a ')}s"
    return _WORDS.get(base, "a mapping of keys")


def _found(value: Any) -> str:
    if isinstance(value, Mapping | list | tuple):
        return f"found {'a mapping' if isinstance(value, Mapping) else 'a list'}"
    return "found nothing" if value is None else f"found {_short(repr(value))}"


def _short(text: str) -> str:
    shown = text if len(text) <= 80 else f"{text[:77]}…"
    return "".join(c if not control_character(c) else "?" for c in shown)
