"""Which snapshots something still needs, each with the reason by name: what a released version, an open decision, a
version that waits for its review or was signed, and the newest look at sealed rows rest on.

What a thing rests on is what the record says that it was made of, walked back to the sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.evidence.kinds.decision_terms import TermsStated
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.of_version import Release
from treadle.evidence.kinds.position_stated import PositionStated
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.evidence.kinds.version_signed import VersionSigned
from treadle.evidence.removals import Named, name_of
from treadle.history.lineage import walk_of_all
from treadle.models.registry import address_of
from treadle.people.decisions import standings
from treadle.store import Snapshot

Pins = dict[Named, list[str]]


def pins(reader: Reader, releases: int, answering: Mapping[str, str] | None = None) -> Pins:
    """Every snapshot that is needed, with the reasons. `releases`: of each endpoint what so many of the newest
    released versions rest on. `answering`: versions that answer still, each with when it did last."""
    needed = [
        *_released(reader, releases),
        *_waiting(reader),
        *_signed(reader),
        *_undecided(reader),
        *_sealed(reader),
        *_answering(reader, answering or {}),
    ]
    several: dict[Named, set[int]] = {}
    for entry, places in walk_of_all(reader, [start for _, start in needed]):
        for ref in (*entry.uses, *entry.made):
            if isinstance(ref, Snapshot):
                several.setdefault(name_of(ref), set()).update(places)
    return {name: list(dict.fromkeys(needed[place][0] for place in sorted(places))) for name, places in several.items()}


Needed = Iterator[tuple[str, Entry[Payload]]]


def _releases(reader: Reader) -> dict[str, list[Entry[Release]]]:
    """Of each endpoint, the newest first."""
    found: dict[str, list[Entry[Release]]] = {}
    several: list[Entry[Release]] = reader.find(ReleaseMade, ReleaseRolledBack, status="done", newest_first=True)
    for entry in several:
        found.setdefault(entry.subject, []).append(entry)
    return found


def _released(reader: Reader, most: int) -> Needed:
    for endpoint, several in _releases(reader).items():
        bundles: dict[str, Entry[Release]] = {}
        for entry in several:
            bundles.setdefault(entry.payload.bundle.digest, entry)
        for place, entry in enumerate(list(bundles.values())[:most]):
            how = "is served at" if place == 0 else "was released before at"
            yield f"{entry.payload.model} {how} {endpoint.removeprefix('endpoint/')}", entry


def _answering(reader: Reader, versions: Mapping[str, str]) -> Needed:
    """Whoever asks an older version, as a server does that was not started anew, needs it no less."""
    packed: list[Entry[ModelPacked]] = reader.find(ModelPacked, status="done") if versions else []
    for entry in packed:
        if entry.payload.model in versions:
            yield f"{entry.payload.model} answered on {versions[entry.payload.model][:10]}", entry


def _waiting(reader: Reader) -> Needed:
    """Versions that were asked to be released since the newest release of their target, and that nobody has approved.
    What other endpoints and projects of the record release says nothing of them."""
    newest = dict[str, int]()
    for several in _releases(reader).values():
        for entry in several:
            address = address_of(entry.payload.model)
            newest[address] = max(newest.get(address, 0), entry.seq)
    approved: list[Entry[ReviewApproved]] = reader.find(ReviewApproved, status="done")
    done = {entry.payload.request.digest for entry in approved}
    asked: list[Entry[ReviewRequested]] = reader.find(ReviewRequested, status="done")
    for request in asked:
        if request.seq > newest.get(address_of(request.payload.model), 0) and request.hash not in done:
            yield f"{request.payload.model} waits for its review", request


def _signed(reader: Reader) -> Needed:
    signed: list[Entry[VersionSigned]] = reader.find(VersionSigned, status="done")
    for entry in signed:
        yield f"{entry.payload.model} was signed by {entry.actor}", entry


def _undecided(reader: Reader) -> Needed:
    """What an open decision, one that was opened again too, cites as evidence: in its question and in what was said."""
    still = {each.name for each in standings(reader, date.min) if each.status in ("open", "overdue")}  # on any day
    said: list[Entry[DecisionOpened | PositionStated]] = reader.find(DecisionOpened, PositionStated, status="done")
    terms: list[Entry[TermsStated]] = reader.find(TermsStated, status="done")
    for entry in said:
        if entry.payload.decision in still:
            yield f"decision {entry.payload.decision} is open", entry
    for stated in terms:
        if stated.payload.decision in still:
            yield f"decision {stated.payload.decision} is to be settled on it", stated


def _sealed(reader: Reader) -> Needed:
    """The newest look at the sealed rows of each project: what was looked at can be shown."""
    looks: list[Entry[SealedOpened]] = reader.find(SealedOpened, status="done", newest_first=True)
    newest: dict[str, Entry[SealedOpened]] = {}
    for look in looks:
        newest.setdefault(look.payload.project, look)
    judged: list[Entry[ModelEvaluated]] = reader.find(ModelEvaluated, status="done", newest_first=True)
    for project, look in newest.items():
        entry = next((each for each in judged if look.payload.model in each.uses), None)
        if entry is not None:
            yield f"its sealed rows were opened last for {project}", entry
