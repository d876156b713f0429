"""The model registry and the releases: what the chain says, and nothing beside it.

A version is an entry `ModelPacked`; its name is given once, under the catalog's lock. What an endpoint serves is the
newest release entry for it. Request, approval, release and what is served are held to one digest at every hand-over,
and `proved` asks for all of it again, from the entries themselves, before anything is served.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from msgspec import Struct

from treadle.errors import EvidenceError, GateError, ModelError, nearest
from treadle.evidence import Alone, Chain, Entry, Payload, Reader, Unknown
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.of_version import Release
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.people import prove_by_brief, requesters

_MOST = 200
_RELEASES = (ReleaseMade, ReleaseRolledBack)


class Released(Struct, frozen=True):
    """What an endpoint serves: the version, the digest of its bundle, and the release entry that says so."""

    endpoint: str
    model: str
    bundle: str
    entry: str
    time: str
    approved_by: str = ""


def find(chain: Chain, project: str, model: str | None = None) -> Entry[ModelPacked]:
    """The packing entry of a version: `project:2`, `2`, or None for the newest."""
    name = None if model is None else model if ":" in model else f"{project}:{model}"
    with chain.reading() as reader:
        found = packing_of(reader, project, name)
        if found is not None:
            return found
        known = _names(reader, project)
    if not known:
        raise ModelError(f"{project} has no model yet", where=project, mend="make one with: treadle run PROJECT")
    raise ModelError(f"there is no model {name}", where=project, mend=nearest(str(name), known))


def packing_of(reader: Reader, project: str, name: str | None) -> Entry[ModelPacked] | None:
    from sqlalchemy import select

    from treadle.store.schema import versions

    query = select(versions.c.seq).where(versions.c.project == project)
    if name is not None:
        query = query.where(versions.c.model == name)
    row = reader.connection.execute(query.order_by(versions.c.seq.desc()).limit(1)).first()
    entry = None if row is None else reader.by_seq([int(row[0])])[0]
    if entry is None or not isinstance(entry.payload, ModelPacked):
        return None
    if name is not None and entry.payload.model != name:
        raise ModelError(f"the view of versions names another entry as {name}", where=name, mend="treadle verify")
    return entry  # type: ignore[return-value]


def _names(reader: Reader, project: str) -> list[str]:
    from sqlalchemy import select

    from treadle.store.schema import versions

    query = select(versions.c.model).where(versions.c.project == project).order_by(versions.c.seq.desc()).limit(_MOST)
    return [str(row[0]) for row in reader.connection.execute(query)]


def address_of(model: str) -> str:
    """What a version is one of: the project, or one of its targets.

    >>> address_of("flights:2"), address_of("flights.late:2")
    ('flights', 'flights.late')
    """
    return model.rpartition(":")[0]


def refuse_others(endpoint: str, model: str, others: frozenset[str]) -> None:
    """An endpoint does not pass from one target to another: its callers would be answered another question.

    Raises:
        ModelError: `model`, which the endpoint serves, is of one of the `others`.
    """
    if address_of(model) in others:
        raise ModelError(
            f"endpoint {endpoint} serves {model}, which is another target's",
            where=f"endpoint/{endpoint}",
            mend="give each target an endpoint of its own, that no other had: predict.NAME.endpoint",
        )


def _refuse_unseen(endpoint: str, serving: str, seen: str | None) -> None:
    """Of two people who change at once what an endpoint serves, the second is told, and overwrites nothing."""
    if seen is not None and seen != serving:
        raise ModelError(
            f"endpoint {endpoint} serves {serving or 'nothing'} by now, and not {seen or 'nothing'}: "
            "somebody was quicker",
            where=f"endpoint/{endpoint}",
            mend=f"look at what changed (treadle log --subject endpoint/{endpoint}), and decide again",
        )


def release(
    chain: Chain,
    endpoint: str,
    packing: Entry[ModelPacked],
    *,
    check: Callable[[str], object] = lambda digest: None,
    others: frozenset[str] = frozenset(),
    seen: str | None = None,
    approve: Callable[[Alone], Entry[ReviewApproved]] | None = None,
) -> Released:
    """Make an approved version the one that `endpoint` serves. Releasing what is served already does nothing.

    check: raises when the bundle of a digest cannot be read as it was packed. others: see `refuse_others`.
    seen: the version that the endpoint served when this was decided ("" for none); None: whatever it serves.
    approve: gives the approval that is missing. It is kept with the release alone: what refuses one refuses both.

    Raises:
        GateError: this very bundle was not approved, or a gate of its request neither holds nor was accepted.
        ModelError: the endpoint serves another target, or another version than was seen.
    """
    check(packing.payload.bundle.digest)
    with chain.alone() as alone:
        approval = _approval_of(alone, packing)
        if approval is None and approve is not None:
            approval = approve(alone)
        if approval is None:
            raise _unapproved(packing.payload)
        alone.hold(packing, approval)
        _prove_approval(alone, approval, packing)
        serving = standing(alone, endpoint)
        _refuse_unseen(endpoint, "" if serving is None else serving.payload.model, seen)
        if serving is not None:
            refuse_others(endpoint, serving.payload.model, others)
        if serving is not None and serving.payload.bundle.digest == packing.payload.bundle.digest:
            return _released(endpoint, serving, approval.actor)
        made = alone.append(
            ReleaseMade(
                model=packing.payload.model,
                bundle=packing.payload.bundle,
                packing=packing.ref,
                approval=approval.ref,
            ),
            f"endpoint/{endpoint}",
        )
    return _released(endpoint, made, approval.actor)


def rollback(
    chain: Chain,
    endpoint: str,
    *,
    reason: str = "",
    check: Callable[[str], object] = lambda digest: None,
    others: frozenset[str] = frozenset(),
    seen: str | None = None,
) -> Released:
    """Serve again what was served before the version that is served now, of the same target.

    Raises:
        ModelError: there is none, or the endpoint serves another target, or another version than was `seen`.
    """
    with chain.alone() as alone:
        history = alone.find(*_RELEASES, subject=f"endpoint/{endpoint}", status="done", newest_first=True)
        if not history:
            raise ModelError(f"endpoint {endpoint} serves nothing", where=endpoint, mend="release a model first")
        serving = history[0].payload
        _refuse_unseen(endpoint, serving.model, seen)
        refuse_others(endpoint, serving.model, others)
        bad, address = {serving.bundle.digest, *_left(history)}, address_of(serving.model)
        same = (e for e in history if address_of(e.payload.model) == address)
        good = next((e for e in same if e.payload.bundle.digest not in bad), None)
        if good is None:
            raise ModelError(
                f"{serving.model} is the only version {'' if address == endpoint else f'of {address} '}that {endpoint} "
                "has served, so there is none to return to",
                where=endpoint,
                mend="release another version: treadle models release PROJECT VERSION",
            )
        check(good.payload.bundle.digest)
        made = alone.append(
            ReleaseRolledBack(
                model=good.payload.model,
                bundle=good.payload.bundle,
                packing=good.payload.packing,
                earlier=good.ref,
                left=serving.model,
                reason=reason,
            ),
            f"endpoint/{endpoint}",
        )
        approval = _prove(alone, endpoint, made)
    return _released(endpoint, made, approval.actor)


def left(chain: Chain, endpoint: str, bundle: str) -> Entry[Release] | None:
    """The rollback by which `endpoint` went away from this bundle, if it was not released again since."""
    history = chain.find(*_RELEASES, subject=f"endpoint/{endpoint}", status="done", newest_first=True, limit=_MOST)
    for newer, older in pairwise(history):
        if newer.payload.bundle.digest == bundle:
            return None
        if isinstance(newer.payload, ReleaseRolledBack) and older.payload.bundle.digest == bundle:
            return newer
    return None


def _left(history: list[Entry[Release]]) -> set[str]:
    """The bundles that a rollback went away from, and that were not released again since."""
    left, settled = set(), set()
    for newer, older in pairwise(history):
        settled.add(newer.payload.bundle.digest)
        if isinstance(newer.payload, ReleaseRolledBack) and older.payload.bundle.digest not in settled:
            left.add(older.payload.bundle.digest)
    return left


def current(chain: Chain, endpoint: str) -> Released | None:
    """What the record says that `endpoint` serves, proved; None where nothing was released.

    Raises:
        ModelError, GateError: the newest release does not rest on an approval of its very bundle.
    """
    try:
        with chain.reading() as reader:
            newest = standing(reader, endpoint)
            return None if newest is None else _released(endpoint, newest, _prove(reader, endpoint, newest).actor)
    except EvidenceError as bad:
        raise _refused(endpoint, bad.what) from bad


def newest_release(chain: Chain, endpoint: str) -> str:
    """The hash of the newest release entry, as cheap as can be: to notice that there is another. "" for none."""
    from sqlalchemy import select

    from treadle.store.schema import entries

    query = select(entries.c.hash).where(
        entries.c.subject == f"endpoint/{endpoint}",
        entries.c.kind.in_([kind.KIND for kind in _RELEASES]),
        entries.c.status == "done",
    )
    with chain.engine.connect() as connection:
        return str(connection.execute(query.order_by(entries.c.seq.desc()).limit(1)).scalar() or "")


def standing(reader: Reader, endpoint: str) -> Entry[Release] | None:
    """The release that stands, unproved: the newest entry about the endpoint that is one, whatever its column says."""
    before: list[Entry[Payload]] = reader.find(subject=f"endpoint/{endpoint}", newest_first=True, limit=_MOST)
    for entry in before:
        if isinstance(entry.payload, Release) and entry.status == "done":
            return entry  # type: ignore[return-value]
    return reader.last(*_RELEASES, subject=f"endpoint/{endpoint}")


def endpoints(reader: Reader) -> list[str]:
    """Every endpoint that something was ever released to."""
    from sqlalchemy import select

    from treadle.store.schema import entries

    query = select(entries.c.subject).where(entries.c.kind.in_([kind.KIND for kind in _RELEASES])).distinct()
    return sorted(str(row[0]).removeprefix("endpoint/") for row in reader.connection.execute(query))


def _released(endpoint: str, entry: Entry[Release], approved_by: str) -> Released:
    said = entry.payload
    return Released(endpoint, said.model, said.bundle.digest, entry.hash, entry.time, approved_by)


def _refused(endpoint: str, what: str) -> ModelError:
    return ModelError(
        f"what endpoint {endpoint} should serve is not proved by the record: {what}",
        where=f"endpoint/{endpoint}",
        mend="run treadle verify, and release again: treadle models release PROJECT VERSION --as REVIEWER",
    )


def _prove(reader: Reader, endpoint: str, entry: Entry[Release]) -> Entry[ReviewApproved]:
    """Walk from a release back to the approval of its bundle, holding every hand-over to one digest.

    1. The release stands in the chain as its neighbours say.
    2. A rollback names an earlier release of the same bundle to the same endpoint.
    3. The release names a packing that made this bundle under this name, and an approval of this bundle.
    4. The approval rests on a request for this bundle, by somebody else, whose gates hold or were accepted, and on the
       signatures that the brief wants which was stated.
    """
    before = reader.by_seq([entry.seq - 1])  # none for the first of all, which cannot rest on anything either
    if not before or before[0].hash != entry.prev:
        raise _refused(endpoint, f"release entry {entry.seq} does not follow the entry before it")
    made: Entry[Release] = entry
    while isinstance(made.payload, ReleaseRolledBack):
        earlier = _earlier(reader, endpoint, made)
        if earlier.payload.bundle.digest != entry.payload.bundle.digest or earlier.seq >= made.seq:
            raise _refused(endpoint, f"entry {made.seq} goes back to another bundle")
        made = earlier
    assert isinstance(made.payload, ReleaseMade)
    packing = _named(reader, endpoint, made.payload.packing.digest, ModelPacked)
    approval = _named(reader, endpoint, made.payload.approval.digest, ReviewApproved)
    reader.hold(entry, made, packing, approval)
    if (
        packing.payload.bundle.digest != entry.payload.bundle.digest
        or packing.payload.model != entry.payload.model
        or approval.seq >= made.seq
    ):
        raise _refused(endpoint, f"release entry {made.seq} names another bundle than it was packed as")
    _prove_approval(reader, approval, packing)
    return approval


def _earlier(reader: Reader, endpoint: str, back: Entry[Release]) -> Entry[Release]:
    assert isinstance(back.payload, ReleaseRolledBack)
    if back.payload.earlier is not None:
        found: list[Entry[Release]] = [_named(reader, endpoint, back.payload.earlier.digest, *_RELEASES)]
    else:  # version 0.1 named the version alone
        every: list[Entry[Release]] = reader.find(
            *_RELEASES, subject=f"endpoint/{endpoint}", status="done", newest_first=True
        )
        found = [e for e in every if e.seq < back.seq and e.payload.bundle.digest == back.payload.bundle.digest]
    if not found or found[0].subject != f"endpoint/{endpoint}":
        raise _refused(endpoint, f"entry {back.seq} goes back to what this endpoint never served")
    return found[0]


def _named(reader: Reader, endpoint: str, digest: str, *kinds: type[Payload]) -> Entry[Any]:
    found = [e for e in reader.by_hash(digest) if isinstance(e.payload, kinds) and e.status == "done"]
    if len(found) != 1:
        names = " or ".join(kind.KIND for kind in kinds)
        raise _refused(endpoint, f"entry {digest[:12]}… ({names}) is not in the record")
    return found[0]


def _approval_of(reader: Reader, packing: Entry[ModelPacked]) -> Entry[ReviewApproved] | None:
    """The newest approval of exactly this bundle."""
    name = packing.payload.model
    given = reader.find(ReviewApproved, subject=f"model/{name}", status="done", newest_first=True)
    for approval in given:
        if approval.payload.bundle.digest == packing.payload.bundle.digest:
            return approval
    return None


def _unapproved(packed: ModelPacked) -> GateError:
    return GateError(
        f"{packed.model} ({packed.bundle.digest[:12]}…) was not approved",
        where=packed.model,
        mend="a reviewer must approve it: treadle models release PROJECT VERSION --as REVIEWER",
    )


def _prove_approval(reader: Reader, approval: Entry[ReviewApproved], packing: Entry[ModelPacked]) -> None:
    """Whether an approval is of this bundle, by who may give it, and rests on a request and signatures that allow it.

    Raises:
        GateError: it is not, or does not.
    """
    packed = packing.payload
    what = f"{packed.model} ({packed.bundle.digest[:12]}…)"
    if approval.payload.bundle.digest != packed.bundle.digest or isinstance(approval.payload, Unknown):
        raise GateError(f"the approval is of another bundle than {what}", where=packed.model, mend="ask for a review")
    asked = [
        e
        for e in reader.by_hash(approval.payload.request.digest)
        if isinstance(e.payload, ReviewRequested) and e.payload.bundle.digest == packed.bundle.digest
    ]
    if not asked or asked[0].seq >= approval.seq:
        raise GateError(f"nobody asked for a release of {what}", where=packed.model, mend="run the project again")
    request = asked[0]
    reader.hold(request)
    assert isinstance(request.payload, ReviewRequested)
    if approval.actor in requesters(reader, request.actor):
        raise GateError(f"{approval.actor} both asked for and approved {what}", where=packed.model)
    prove_by_brief(reader, packing, request, approval)  # type: ignore[arg-type]
