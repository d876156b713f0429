"""How answers look on a terminal: each in the module that is named as its operation's. `--json` prints it itself."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from treadle.cli.show.drawing import console

if TYPE_CHECKING:
    from treadle.api import Operation

__all__ = ["console", "show"]


def show(operation: Operation, answer: Any) -> None:
    """Print what an operation answered; as indented JSON where it has no view of its own."""
    view = _views(operation.body.__module__.rpartition(".")[2]).get(operation.name)
    if view is None:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(answer, enc_hook=str), indent=2).decode())
        return
    view(answer, console())


def _views(module: str) -> dict[str, Any]:
    name = f"{__name__}.{module}"
    if importlib.util.find_spec(name) is None:
        return {}
    views: dict[str, Any] = importlib.import_module(name).VIEWS
    return views
