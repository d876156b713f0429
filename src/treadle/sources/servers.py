"""Whether a project may ask a server at all: a person has to have said so, to exactly what the server is told."""

from __future__ import annotations

from pathlib import Path

from treadle.errors import DataError
from treadle.spec import Source
from treadle.spec.servers import server_of
from treadle.spec.trust import Place, granted


def refuse_untrusted(source: Source, root: Path, where: str) -> None:
    """Raises DataError where a source is on a server that nobody trusted the project in `root` with."""
    server = server_of(source)
    if server and not granted(root).covers(Place(server, "server")):
        raise DataError(
            f"{server} is a server that this project may not ask",
            where=where,
            mend=f"if you trust this project: treadle trust {root}",
        )
