"""What must hold between the parts of a project: names are defined, splits can be made, gates can hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from treadle.errors import Fault, SpecError
from treadle.spec.apis import of_apis
from treadle.spec.choices import COUNTED, DECIDES, LEVELLED, METRICS, NAMED, RANGES, TOLD_ONLY
from treadle.spec.databases import of_databases
from treadle.spec.documents import Place, place_of
from treadle.spec.drawn import all_tables, of_entities
from treadle.spec.durations import duration
from treadle.spec.increments import of_increments
from treadle.spec.maps import of_maps
from treadle.spec.project import ProjectSpec
from treadle.spec.shape import Problem, problems
from treadle.spec.stores import of_stores
from treadle.spec.telling import of_channels

MOST_LEVELS = 19
"""Quantiles of a target: a model each, and a number each in every answer."""
MOST_SHOWN = 20
"""Problems that are written out; more are counted."""
_NO_PERSON = {"policy", "anonymous"}
_MEND = "correct what is named here; `treadle schema` says what each key takes"


def check_spec(spec: ProjectSpec) -> None:
    """Hold a project that was built in Python to the rules of the file: names, types, ranges, what names what.

    Raises:
        SpecError: all that is wrong at once, each with its path, such as ``sources.orders.read``.
    """
    raise_all([*problems(msgspec.to_builtins(spec), ProjectSpec)])
    raise_all([*between_parts(spec)])


def raise_all(
    found: Iterable[Problem], *, file: str = "", known: Mapping[str, Place] | None = None, mend: str = _MEND
) -> None:
    """One SpecError for all of `found`, with the places of `known`; nothing when nothing was found.

    mend: what helps where a problem has no word of its own.
    """
    wrong = sorted(found, key=lambda problem: place_of(problem.path, known)) if known else list(found)
    if not wrong:
        return
    first = wrong[0]
    line, column = place_of(first.path, known or {})
    where = ": ".join(part for part in (f"{file}:{line}:{column}" if file else "", first.path[:120]) if part)
    if len(wrong) == 1:
        close = first.word and first.hint
        raise SpecError(f"{first.what} ({close})" if close else first.what, where=where, mend=first.mend or mend)
    faults, hinted = list[Fault](), set[str]()
    for problem in wrong[:MOST_SHOWN]:
        line, column = place_of(problem.path, known or {})
        hint = problem.hint
        place = f"{file}:{line}:{column}" if file and known else problem.path[:120]
        faults.append(Fault(problem.what, place, "" if hint in hinted else hint))
        hinted.add(hint)
    if len(wrong) > MOST_SHOWN:
        faults.append(Fault(f"and {len(wrong) - MOST_SHOWN:,} more"))
    raise SpecError(f"{len(wrong):,} things are wrong", where=where, mend=mend, faults=faults)


def between_parts(spec: ProjectSpec) -> Iterator[Problem]:
    """What is wrong between parts that are each of the right form."""
    yield from _names(spec)
    yield from _twins(spec)
    yield from of_databases(spec.sources)
    yield from of_increments(spec.sources)
    yield from of_apis(spec.sources)
    yield from of_stores(spec.sources)
    yield from of_entities(spec)
    yield from of_maps(spec.sources)
    yield from _lengths(spec)
    if spec.predicts:
        yield from _split(spec)
        yield from _metrics(spec)
        yield from _levels(spec)
        yield from _mistakes(spec)
        yield from _exposure(spec)
    yield from _persons(spec)
    yield from _duties(spec)
    yield from of_channels(spec.notify, spec.brief.people.everybody)


def _persons(spec: ProjectSpec) -> Iterator[Problem]:
    """Names that the record has for others are no person's, and a login is somebody's of the project."""
    people = spec.brief.people
    named: list[tuple[str, Sequence[str]]] = [("owner", (people.owner,)), ("reviewers", people.reviewers)]
    named += [(f"roles.{role}", names) for role, names in people.roles.items()]
    for part, names in named:
        for name in sorted({*names} & _NO_PERSON):
            what = f"{name} is what the record calls the project's own {name} acts, and no person"
            yield Problem(f"brief.people.{part}", what, mend="give the person another name")
    yield from _alike(named)
    for login, name in spec.access.logins.items():
        if name not in people.everybody:
            yield Problem(
                f"access.logins.{login}",
                f"{name} is nobody of {spec.project}",
                name,
                people.everybody,
                mend="name its people under brief.people: owner, reviewers, roles",
            )


def _alike(named: Sequence[tuple[str, Sequence[str]]]) -> Iterator[Problem]:
    """Two spellings that differ in capitals alone, or in the form of a letter, would be two people without a word."""
    first = dict[str, str]()
    told = set[str]()
    for part, names in named:
        for name in names:
            other = first.setdefault(unicodedata.normalize("NFKC", name).casefold(), name)
            if other != name and name not in told:
                told.add(name)
                what = f"{name} and {other} would be two people"
                mend = f'did you mean "{other}"? Names are compared letter by letter: write one person in one way'
                yield Problem(f"brief.people.{part}", what, mend=mend)


def _duties(spec: ProjectSpec) -> Iterator[Problem]:
    """One person of the project answers for a thing, or nobody does."""
    known = spec.brief.people.everybody
    for thing, duty in spec.brief.charter.duties.items():
        if not isinstance(duty.accountable, str):
            named = ", ".join(duty.accountable) or "nobody"
            yield Problem(
                f"brief.charter.duties.{thing}.accountable",
                f"{len(duty.accountable)} people are accountable for {thing}: {named}",
                mend="name one, who answers for it; who does it with them stands under `responsible`",
            )
            continue
        for part, names in (
            ("accountable", (duty.accountable,)),
            ("responsible", duty.responsible),
            ("consulted", duty.consulted),
            ("informed", duty.informed),
        ):
            for name in names:
                if name not in known:
                    yield Problem(
                        f"brief.charter.duties.{thing}.{part}",
                        f"{name} is nobody of {spec.project}",
                        name,
                        known,
                        mend="name its people under brief.people: owner, reviewers, roles",
                    )
    for role in spec.brief.people.signs:
        if not spec.brief.people.roles.get(role):
            yield Problem(
                "brief.people.signs",
                f"nobody holds the role {role}, so nobody could sign",
                role,
                tuple(spec.brief.people.roles),
                mend="name its holders under brief.people.roles",
            )


def _exposure(spec: ProjectSpec) -> Iterator[Problem]:
    """Counts alone are in proportion to something; what that is, is neither a feature nor a weight."""
    predict = spec.predict
    if predict.exposure is None:
        return
    if predict.kind not in COUNTED:
        yield Problem(
            "predict.exposure",
            f"an exposure is for kind counts, and this is {predict.kind}",
            mend="leave it out, or write `kind: counts`",
        )
    if predict.exposure == predict.weight:
        yield Problem(
            "predict.exposure",
            f"{predict.exposure} cannot be exposure and weight at once: counts are weighed by it already",
            mend="leave the weight out",
        )
    if predict.exposure in spec.features.request:
        yield Problem(
            "features.request",
            f"{predict.exposure} is the exposure: a request has it, and the rate per unit of it is what is learnt",
            mend="leave it out here",
        )


def _mistakes(spec: ProjectSpec) -> Iterator[Problem]:
    mistakes, kind = spec.brief.mistakes, spec.predict.kind
    if kind in DECIDES and mistakes.missed == 0 and mistakes.false_alarm == 0:
        yield Problem(
            "brief.mistakes",
            "both mistakes cost nothing, so no decision is better than another",
            mend="say what a missed one or a false alarm costs",
        )
    for part, stated in (("costs", bool(mistakes.costs)), ("unlisted", mistakes.unlisted is not None)):
        if stated and kind not in NAMED:
            instead = "state `missed` and `false_alarm`" if kind in DECIDES else "leave it out"
            yield Problem(
                f"brief.mistakes.{part}", f"costs by class are for kind multiclass, and this is {kind}", mend=instead
            )
            return
    each = [cost for row in mistakes.costs.values() for cost in row.values()]
    if (mistakes.costs or mistakes.unlisted is not None) and not any(each) and not mistakes.unlisted:
        yield Problem(
            "brief.mistakes.costs" if mistakes.costs else "brief.mistakes.unlisted",
            "no mistake costs anything, so no decision is better than another",
            mend="say what it costs to take a class for another",
        )


def _names(spec: ProjectSpec) -> Iterator[Problem]:
    tables = all_tables(spec)
    both = {*tables, *spec.views}
    wanted: list[tuple[str, str, Iterable[str], str]] = []
    wanted += [(spec.predict.each, "predict.each", tables, "source")] if spec.predicts else []
    wanted += [(view.source, f"views.{n}.from", tables, "source") for n, view in spec.views.items()]
    wanted += [(x.source, f"features.lookup.{n}.from", both, "source or view") for n, x in spec.features.lookup.items()]
    wanted += [(x.source, f"features.window.{n}.from", spec.views, "view") for n, x in spec.features.window.items()]
    for name, path, known, noun in wanted:
        if name not in known:
            yield Problem(path, f'there is no {noun} "{name}"', name, tuple(known))


def _twins(spec: ProjectSpec) -> Iterator[Problem]:
    """Two sources whose names differ in case alone would be one folder on many disks."""
    for part, names in (("sources", spec.sources), ("views", spec.views)):
        seen: dict[str, str] = {}
        for name in names:
            other = seen.setdefault(name.lower(), name)
            if other != name:
                yield Problem(f"{part}.{name}", f'"{name}" and "{other}" differ in case alone', mend="rename one")


def _split(spec: ProjectSpec) -> Iterator[Problem]:
    split = spec.predict.split
    if split.by == "group" and not split.group:
        yield Problem("predict.split.by", "a group split needs `group: COLUMN`")
    if split.by == "time" and not spec.predict.at:
        yield Problem("predict.split.by", "a split by time needs `predict.at`")
    yield from _length("predict.split.gap", split.gap, lambda seconds: seconds >= 0)


def _lengths(spec: ProjectSpec) -> Iterator[Problem]:
    yield from _length("watch.window", spec.watch.window)
    for name, lookup in spec.features.lookup.items():
        if lookup.no_older_than is not None:
            yield from _length(f"features.lookup.{name}.no_older_than", lookup.no_older_than)
    for name, window in spec.features.window.items():
        for text in window.last:
            yield from _length(f"features.window.{name}.last", text)


def _length(path: str, text: str, holds: Callable[[float], bool] = lambda seconds: seconds > 0) -> Iterator[Problem]:
    try:
        if not holds(duration(text).total_seconds()):
            yield Problem(path, f'"{text}" is no time at all', mend="give a length such as 1h")
    except SpecError as bad:
        yield Problem(path, bad.what, mend=bad.mend)


def _levels(spec: ProjectSpec) -> Iterator[Problem]:
    levels, place = spec.predict.quantiles, "predict.quantiles"
    if levels and spec.predict.kind not in LEVELLED:
        yield Problem(place, f"`kind: {spec.predict.kind}` has no quantiles", mend="write `kind: quantiles`")
    elif len(levels) > MOST_LEVELS:
        yield Problem(
            place, f"{len(levels)} quantiles are too many, at most {MOST_LEVELS} are taken", mend="name fewer"
        )
    elif list(levels) != sorted(set(levels)):
        named = ", ".join(f"{level:g}" for level in sorted(set(levels)))
        yield Problem(place, "quantiles have to rise, each once", mend=f"write quantiles: [{named}]")


def _metrics(spec: ProjectSpec) -> Iterator[Problem]:
    kind = spec.predict.kind
    known = METRICS[kind]
    if spec.predict.metric is not None and spec.predict.metric not in known:
        yield Problem("predict.metric", f"{spec.predict.metric} is no {kind} metric", spec.predict.metric, known)
    if spec.predict.metric in TOLD_ONLY:
        whole = next(name for name in known if name not in TOLD_ONLY)
        said = f"choosing a model by {spec.predict.metric} would spoil what it does not look at"
        yield Problem("predict.metric", said, mend=f"choose by {whole}; brief.must_have may name it too")
    gates: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("good_enough", spec.brief.good_enough),
        ("must_have", spec.brief.must_have),
    )
    for part, limits in gates:
        for metric, limit in limits.items():
            path = f"brief.{part}.{metric}"
            if metric not in known:
                yield Problem(path, f"{metric} is no {kind} metric", metric, known)
                continue
            low, high = RANGES[metric]
            if not low <= limit <= high:
                yield Problem(path, f"{metric} lies between {low:g} and {high:g}, found {limit:g}")
