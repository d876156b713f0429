"""The REST routes, derived from `treadle.api`, and the project's pages, beside the endpoint.

It begins no operation that changes something but one, what a domain expert says of rows, by a form of its own page. It
has no door of its own: the server's stands before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.web.routes import Routes

if TYPE_CHECKING:
    from treadle.access.door import Door

__all__ = ["Routes", "mounts"]


def mounts(project: str, door: Door, target: str | None = None) -> dict[str, Routes]:
    """What a server of the project answers beside its endpoint: the first part of a path, to the application.

    target: the one that is served here, of several; reads are about it, where they name no other.
    """
    routes = Routes(project, door, target=target)
    return dict.fromkeys(routes.prefixes, routes)
