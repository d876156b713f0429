"""Who is told what happened: chats, mail, issues of a forge; and a calendar file."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, group, operation, option
from treadle.notices.found import ChannelState, Told

group("notify", "Tell chats, mail and the issues of a forge what happened; hear what was closed there.")


class SendRequest(Request, frozen=True):
    project: ProjectPath = "."
    channel: Annotated[str | None, option("only this one")] = None
    days: Annotated[int, option("tell a channel that was told of nothing yet of so many days too")] = 0
    dry_run: Annotated[bool, option("say what would be sent; send and keep nothing")] = False


class ListChannelsRequest(Request, frozen=True):
    project: ProjectPath = "."


class CalendarRequest(Request, frozen=True):
    project: ProjectPath
    out: Annotated[str, argument("the file to write, such as team.ics")]
    person: Annotated[str | None, option("only what concerns this person")] = None
    replace: Annotated[bool, option("write over a file that is there")] = False


class SentAnswer(Struct, frozen=True):
    """`channels`: how many the project has. `ok`: no channel had something due of which it could be told nothing."""

    channels: int
    told: list[Told]
    dry_run: bool = False
    ok: bool = True


class ChannelsAnswer(Struct, frozen=True):
    channels: list[ChannelState]


class CalendarAnswer(Struct, frozen=True):
    file: str
    events: int


@operation("notify", "send", permission="run")
def notify_send(request: SendRequest, work: Work) -> SentAnswer:
    """Tell every channel of the project what it was not told yet; hear what was closed at its forges.

    Channels stand in the project file under `notify`, and are told only once a person trusted the project with them
    (treadle trust). A channel is told from its first sending on. `treadle schedule` sends too, once a minute. The exit
    code is 1 where a channel could be told nothing of what was due to it.
    """
    from treadle.errors import SpecError, nearest
    from treadle.notices.sending import Sending

    channels = work.workspace.project.spec.notify
    if not channels:
        mend = "name one in the project file, such as notify: {chat: {webhook: ${CHAT_URL}}}"
        raise SpecError("this project tells nobody anything", where="notify", mend=mend)
    if request.channel is not None and request.channel not in channels:
        hint = nearest(request.channel, tuple(channels))
        raise SpecError(f"there is no channel {request.channel}", where="--channel", mend=hint or ", ".join(channels))
    if not 0 <= request.days <= 3660:
        raise SpecError(f"{request.days} days are no span", where="--days", mend="give 0 to 3660")
    sending = Sending(work.workspace, days=request.days, dry=request.dry_run)
    told = sending.to_all(request.channel)
    sent = {each.channel for each in told if each.outcome == "sent"}
    failed = {each.channel for each in told if each.waiting or each.outcome == "refused"}
    return SentAnswer(len(channels), told, request.dry_run, ok=failed <= sent)


@operation("notify", "list", permission="read", remote=True)
def notify_list(request: ListChannelsRequest, work: Work) -> ChannelsAnswer:
    """List the channels: what each is told of, whether it may be, what waits for it and why."""
    from treadle.notices.sending import states

    return ChannelsAnswer(states(work.workspace))


@operation("notify", "calendar", permission="read")
def notify_calendar(request: CalendarRequest, work: Work) -> CalendarAnswer:
    """Write the days of actions, decisions and milestones into a calendar file that calendars read."""
    from pathlib import Path

    from treadle.api.written import new_file
    from treadle.errors import StoreError
    from treadle.evidence import write_whole
    from treadle.notices.calendar import calendar, days
    from treadle.people.checking import people_of, refuse_stranger

    spec, chain = work.workspace.project.spec, work.workspace.chain
    if request.person is not None:
        refuse_stranger(spec, request.person, people_of(spec), "--person")
    if Path(request.out).is_file() and not request.replace:
        raise StoreError(f"{request.out} is there already", where="OUT", mend="--replace writes over it")
    file = Path(request.out) if Path(request.out).is_file() else new_file(request.out, "OUT")
    with chain.reading() as reader:
        found = days(work.workspace, reader, chain.clock(), request.person)
    write_whole(file, calendar(spec.project, found, chain.clock()))
    return CalendarAnswer(str(file), len(found))
