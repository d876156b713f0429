"""What one endpoint should serve: the protocol that a server asks, and the engine that the record is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from treadle.models import registry
from treadle.models.registry import Released

if TYPE_CHECKING:
    from treadle.evidence import Chain


class Releases(Protocol):
    """What one endpoint should serve. `treadle.testing.ReleasesSuite` proves what stands here.

    Both are asked from any thread, by several at once, while another process releases; they write nothing. What they
    give is of one moment, and may be outdated by the next. Where what is kept cannot be read, both raise: nothing is
    answered from memory, and it is the server that goes on with what it had proved before.
    """

    def newest(self) -> str:
        """Which release stands now, as cheap as can be; "" for none.

        It is another with each release, also with one that brings an earlier version back, and never one that was. It
        proves nothing.
        """
        ...

    def current(self) -> Released | None:
        """The release that stands now, proved; None where there is none. Its `entry` is what `newest` says.

        Raises:
            TreadleError: it is not proved. No earlier release is given in its place.
        """
        ...


class RecordedReleases:
    """The releases of an endpoint by the evidence chain. See `Releases`.

    others: the addresses of other targets of the project; a version of theirs is not served in this one's place.
    """

    def __init__(self, chain: Chain, endpoint: str, others: frozenset[str] = frozenset()) -> None:
        self._chain, self._endpoint, self._others = chain, endpoint, others

    def newest(self) -> str:
        return registry.newest_release(self._chain, self._endpoint)

    def current(self) -> Released | None:
        found = registry.current(self._chain, self._endpoint)
        if found is not None:
            registry.refuse_others(self._endpoint, found.model, self._others)
        return found
