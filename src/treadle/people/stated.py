"""Who may approve, answer and sign for a bundle, by the briefs that the record has of its project.

The project file is whoever can write it; a brief counts from the run on that stated it.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.model_packed import ModelPacked

POLICY = "policy:gates"


class StatedPeople(Struct, frozen=True):
    """Who decides, as a brief says it."""

    owner: str = ""
    reviewers: tuple[str, ...] = ()
    approve: str = "reviewer"
    roles: dict[str, tuple[str, ...]] = {}
    signs: tuple[str, ...] = ()

    @property
    def everybody(self) -> tuple[str, ...]:
        held = (name for names in self.roles.values() for name in names)
        return tuple(name for name in dict.fromkeys((self.owner, *self.reviewers, *held)) if name)


class _Brief(Struct, frozen=True):
    people: StatedPeople = StatedPeople()


class _Input(Struct, frozen=True):
    """Where people stand in a step's input: beside the rest in a packing's, in the brief in that of a brief stated."""

    people: StatedPeople | None = None
    brief: _Brief | None = None


def reviewers_of(reader: Reader, packing: Entry[ModelPacked], said: Entry[Payload] | None = None) -> set[str]:
    """Who may approve, by the brief that the bundle was packed with, or the last that was stated before `said`.

    said: the approval, or the answer for a finding; None: what would be said now.
    """
    out: set[str] = set()
    for entry in (packing, *_stated_before(reader, packing.subject, said)):
        people = _people_in(entry)
        if people is not None:
            out |= {*people.reviewers, *([POLICY] if people.approve == "policy" else [])}
    return out


def stated_people(
    reader: Reader, packing: Entry[ModelPacked], said: Entry[Payload] | None = None
) -> StatedPeople | None:
    """Who decides by the newest brief in the record before `said`: the one that the bundle was packed with, or one that
    was stated since. None where neither can be read.
    """
    found = (packing, *_stated_before(reader, packing.subject, said))
    for entry in sorted(found, key=lambda each: each.seq, reverse=True):
        people = _people_in(entry)
        if people is not None:
            return people
    return None


def ever_named(reader: Reader) -> list[str]:
    """Everybody whom a brief names that the record has, each once: also who has left the project since."""
    stated: list[Entry[BriefStated]] = reader.find(BriefStated, status="done")
    found = (people for entry in stated if (people := _people_in(entry)) is not None)
    return list(dict.fromkeys(name for people in found for name in people.everybody))


def packing_behind(reader: Reader, model: str, bundle: str) -> Entry[ModelPacked] | None:
    """The entry that made this bundle under this name."""
    packed = reader.find(ModelPacked, subject=model.rpartition(":")[0], status="done", newest_first=True)
    return next((e for e in packed if e.payload.model == model and e.payload.bundle.digest == bundle), None)


def _stated_before(reader: Reader, address: str, said: Entry[Payload] | None) -> list[Entry[BriefStated]]:
    stated: list[Entry[BriefStated]] = reader.find(BriefStated, subject=address, status="done", newest_first=True)
    return [entry for entry in stated if said is None or entry.seq < said.seq][:1]


def _people_in(entry: Entry[Payload]) -> StatedPeople | None:
    try:
        found = msgspec.json.decode(entry.input, type=_Input)
    except msgspec.MsgspecError:
        return None
    return found.people or (found.brief.people if found.brief is not None else None)
