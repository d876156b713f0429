"""What of a project reads a column of a source, by name: what breaks when the column goes, or becomes another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec


def readers_of(spec: ProjectSpec, source: str, columns: Sequence[str]) -> list[str]:
    """Features, the label and times that read one of the columns, directly or through a view: `feature route`."""
    lost = set(columns)
    found = list[str]()
    if spec.predict.each == source:
        found += _of_examples(spec, lost)
    views = {name for name, text in _view_texts(spec, source) if _reads(text, lost)}
    found += [f"view {name}" for name in sorted(views)]
    for name, lookup in spec.features.lookup.items():
        own = lookup.source == source and lost & {*lookup.take, *lookup.keys}
        if own or lookup.source in views or (spec.predict.each == source and lost & {*lookup.keys}):
            found.append(f"lookup {name}")
    for name, window in spec.features.window.items():
        if window.source in views or (spec.predict.each == source and window.on in lost):
            found.append(f"window {name}")
    return list(dict.fromkeys(found))


def _of_examples(spec: ProjectSpec, lost: set[str]) -> Iterator[str]:
    predict = spec.predict
    texts = (("label", predict.label), ("at", predict.at), ("label_known", predict.label_known))
    yield from (f"predict.{part}" for part, text in texts if text and _reads(text, lost))
    broken = set(lost)
    yield from (f"feature {name}" for name in spec.features.request if name in lost)
    for name, text in spec.features.row.items():
        if _reads(text, broken):
            broken.add(name)  # later ones may read it
            yield f"feature {name}"


def _view_texts(spec: ProjectSpec, source: str) -> Iterator[tuple[str, str]]:
    for name, view in spec.views.items():
        if view.source == source:
            for text in (view.where or "", view.known, view.key, *view.columns.values()):
                yield name, text


def _reads(text: str, columns: set[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in columns)
