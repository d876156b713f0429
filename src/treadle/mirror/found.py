"""What mirroring came to, as types."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Mirrored(Struct, frozen=True):
    """One version, and where it stands on the server. `run`: the server's name of it.

    `state`: it was sent now, stood there whole already, or could not be sent, for the reason `why`.
    """

    model: str
    state: Literal["sent", "there already", "not sent"]
    run: str = ""
    url: str = ""
    registered: str = ""
    """The name and number in the server's registry, of the version that is released."""
    why: str = ""
