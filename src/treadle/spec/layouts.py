"""How files are written, as one line says it that names no source: `separator: ";", decimal: ","`."""

from __future__ import annotations

import msgspec

from treadle.errors import SpecError
from treadle.spec.documents import parse
from treadle.spec.project import Layout
from treadle.spec.rules import raise_all
from treadle.spec.shape import problems


def layout_from(text: str, where: str) -> Layout:
    """The settings of `sources:` that tell how files are written, from keys and values in a line.

    >>> layout_from("separator: ';', null_values: {age: [unknown]}", "--reading").separator
    ';'

    Raises:
        SpecError: it is no such line, or a key or a value is none.
    """
    whole = text.strip()
    tree = parse(whole if whole.startswith("{") else f"{{{whole}}}", where)
    if not isinstance(tree, dict):
        raise SpecError("these are no keys and values", where=where, mend="""write them as 'separator: ";"'""")
    raise_all(problems(tree, Layout), mend=f"{where} takes what a source may say of its files: see docs/sources.md")
    return msgspec.convert(tree, Layout)


def stated(layout: Layout) -> dict[str, object]:
    """What differs from a source that says nothing, as the project file has it."""
    plain: dict[str, object] = msgspec.to_builtins(layout)
    return {name: plain[name] for name in Layout.__struct_encode_fields__ if name in plain}
