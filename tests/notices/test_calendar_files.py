"""The days of a project in a calendar file, read by another library."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from told_shop import NOW, action, told_shop

from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.notices.calendar import Day, calendar, days
from treadle.rhythm.acting import change_action
from treadle.workspace import Workspace


def shop(folder: Path) -> Workspace:
    made = told_shop(folder, "  chat: {webhook: '${CHAT_URL}'}\n")
    action(made, "Ask the airline, politely; again", "lin", "2026-04-01")
    action(made, "Write it down", "ada", "2026-03-01")
    asked = DecisionOpened(
        decision="model", question="Which model?", options=(Option("a"), Option("b")), decides="ada", asked=("lin",),
        until="2026-03-25",
    )  # fmt: skip
    made.chain.append(asked, "decision/model")
    return made


def test_a_calendar_has_what_is_to_come_and_what_is_late(tmp_path: Path) -> None:
    made = shop(tmp_path / "shop")
    with made.chain.reading() as reader:
        found = days(made, reader, NOW)
        mine = days(made, reader, NOW, "lin")
    assert [each.thing for each in found] == ["action/2", "decision/model", "action/1"]
    assert [each.thing for each in mine] == ["decision/model", "action/1"]
    read = Calendar.from_ical(calendar("shop", found, NOW))
    events = {str(each["UID"]): each for each in read.walk("VEVENT")}
    event = events["action/1@treadle.shop"]
    assert str(event["SUMMARY"]) == "Ask the airline, politely; again (lin)"
    assert event["DTSTART"].dt == date(2026, 4, 1)
    assert str(events["decision/model@treadle.shop"]["DESCRIPTION"]) == "ada decides; not heard yet: lin"
    change_action(made.chain, made.project.spec, 2, state="done")
    with made.chain.reading() as reader:
        assert "action/2" not in [each.thing for each in days(made, reader, NOW)]


@given(
    st.lists(
        st.builds(
            Day,
            thing=st.from_regex(r"action/[0-9]{1,6}", fullmatch=True),
            day=st.dates(date(1970, 1, 1), date(2200, 1, 1)).map(date.isoformat),
            text=st.text(max_size=200),
            more=st.text(max_size=400),
        ),
        max_size=5,
    )
)
def test_any_text_is_read_as_it_was_written_and_no_line_is_too_long(found: list[Day]) -> None:
    file = calendar("shop — größer", found, NOW + timedelta(seconds=1))
    assert all(len(line) <= 75 for line in file.split(b"\r\n")) and file.endswith(b"END:VCALENDAR\r\n")
    events = Calendar.from_ical(file).walk("VEVENT")
    assert len(events) == len(found)
    for event, each in zip(events, found, strict=True):
        shown = "".join(c for c in each.text if c.isprintable() or c == "\n")
        assert str(event["SUMMARY"]) == shown
        assert event["DTSTART"].dt == date.fromisoformat(each.day)
