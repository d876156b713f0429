"""One scheduler a workspace: it waits, runs what is due, tries again what failed, and ends when it is told to.

What it did is in the record (`schedule.ran`), so that one that is started anew goes on where the last one was.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from treadle.alone import alone
from treadle.errors import SpecError, TreadleError
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.scheduling.due import LOOK_SECONDS, Files, by_clock, period_of, subject, waits_for_files
from treadle.scheduling.events import heard_until, waiting
from treadle.scheduling.found import Outcome, Scheduled
from treadle.scheduling.running import command, run_once, told_by_signals
from treadle.spec import spoken

if TYPE_CHECKING:
    from treadle.principal import Principal
    from treadle.workspace import Workspace

FIRST_PAUSE = 30.0
"""Seconds before a run that failed is tried again, give or take half; each time twice as long."""
_MOST_PAUSE = 3600.0
_LONGEST_WAIT = 60.0
"""The project file is looked at again so often, and the clock of a machine that slept."""


@dataclass
class Scheduler:
    """Runs a project when it is due. Clock, sleep, chance and the run itself come in, so that it can be replayed.

    wait: sleeps so many seconds, or less where it is told to stop, and says whether it was. tell: tells the project's
        channels what happened, and says what became of it.
    """

    workspace: Workspace
    run: Callable[[], Outcome]
    wait: Callable[[float], bool]
    say: Callable[[str], None]
    every: str | None = None
    retries: int = 3
    chance: random.Random = field(default_factory=random.Random)
    runs: int = 0
    failed: int = 0
    tell: Callable[[Workspace], list[str]] = lambda workspace: []
    files: Files = field(default_factory=Files)
    _begun: bool = False
    _fault: str = ""
    _refused: str = ""
    _told: datetime | None = None
    _last_told: list[str] = field(default_factory=list)
    _unkept: tuple[ScheduleRan, str] | None = None
    """A run that ended and is not in the record yet, and what it is about: it is not due again because of that."""

    def until_stopped(self) -> Scheduled:
        """Wait and run, and run again, until `wait` says to stop."""
        stopped = False
        while not stopped:
            try:
                stopped, seconds = self._turn()
                self._fault = ""
            except (TreadleError, OSError) as bad:
                seconds = self._passing(bad)
            stopped = stopped or self.wait(seconds)
        return Scheduled(project=self.workspace.project.spec.project, runs=self.runs, failed=self.failed)

    def _turn(self) -> tuple[bool, float]:
        """Run what is due. Whether it was stopped; else how long to wait before the next turn."""
        self._keep()
        why, seconds = self._due()
        self._begun = True
        stopped = bool(why) and self._run(why)
        self._tell(at_once=bool(why))
        return stopped, seconds

    def _passing(self, bad: Exception) -> float:
        """A catalog that is started anew, a disk that is full: said once, and looked at again after the seconds that
        this gives. Whoever starts it sees at once what is wrong from the start."""
        if not self._begun:
            raise bad
        if str(bad) != self._fault:
            self._fault = str(bad)
            self.say(f"{self._time()} tried again every {_LONGEST_WAIT:.0f} s: {_lines(bad)}")
        return _LONGEST_WAIT

    def words(self, actor: str) -> list[str]:
        """The command of a run, by the project file as it is now."""
        project = self.workspace.project
        return command(str(project.file), actor, predicts=project.spec.predicts)

    def told(self, text: str) -> None:
        """What a run says while it goes on."""
        self.say(f"{self._time()} {_shown(text)}")

    def _due(self) -> tuple[str, float]:
        """Why to run now; else how long to wait before the next look."""
        self._load_again()
        spec, now = self.workspace.project.spec, self.workspace.chain.clock()
        period, left = period_of(spec, self.every), _LONGEST_WAIT
        if period is not None:
            left = (by_clock(self.workspace, period, now) - now).total_seconds()
            if left <= 0:
                return f"it is due every {spoken(period)}", 0.0
        told = waiting(self.workspace, subject(self.workspace.project)) if spec.schedule.on else None
        if told is not None:
            return f"of the event {told.payload.said()} (entry {told.seq}, by {told.actor})", 0.0
        watched = waits_for_files(spec)
        new = self.files.look(self.workspace) if watched else ""
        if new:
            return f"there is a new file, {_shown(new)}", 0.0
        return "", min(left, LOOK_SECONDS if watched or spec.schedule.on else _LONGEST_WAIT)

    def _load_again(self) -> None:
        """The project file as it is now; one that is wrong is told once, and the last right one counts."""
        from treadle.spec import load

        project = self.workspace.project
        try:
            self.workspace = replace(self.workspace, project=load(project.file))
            self._refused = ""
        except (TreadleError, OSError) as bad:
            if str(bad) != self._refused:
                self._refused = str(bad)
                self.say(f"{self._time()} the project file is refused, so its last form counts: {_lines(bad)}")

    def _run(self, why: str) -> bool:
        """One run, tried again while it fails. Whether it was stopped."""
        began, stopped, heard = self.workspace.chain.clock(), False, heard_until(self.workspace)
        self.files.begin(self.workspace)
        why = _shown(why)
        self.say(f"{self._time()} run, because {why}")
        for attempt in range(1, self.retries + 2):
            outcome = self.run()
            said = _shown(outcome.said)  # an error of a run may name a file as it is called
            if outcome.ok or outcome.stopped:
                stopped = outcome.stopped
                break
            if attempt <= self.retries:
                pause = self._pause(attempt)
                self.say(f"{self._time()} failed: {said}; again in {pause:.0f} s")
                stopped = self.wait(pause)
                if stopped:
                    break
        if stopped and not outcome.ok:
            self.say(f"{self._time()} stopped; the next run goes on from what was finished")
            return True
        self.runs, self.failed = self.runs + outcome.ok, self.failed + (not outcome.ok)
        self.say(f"{self._time()} {'done' if outcome.ok else 'given up'}: {said}")
        seconds = (self.workspace.chain.clock() - began).total_seconds()
        ran = ScheduleRan(
            why=why, began=began, seconds=seconds, attempts=attempt, ok=outcome.ok, text=said, heard=heard
        )
        self._unkept = ran, subject(self.workspace.project)
        self._keep()
        return stopped

    def _keep(self) -> None:
        """Write what ran; where the record cannot be written, at the next turn, before it is asked what is due."""
        if self._unkept is not None:
            self.workspace.chain.append(*self._unkept)
            self._unkept = None

    def _tell(self, *, at_once: bool) -> None:
        """Once a minute, and after a run. What is said again (a chat that is away) is said once."""
        now = self.workspace.chain.clock()
        since = (now - self._told).total_seconds() if self._told is not None else _LONGEST_WAIT
        if not at_once and 0 <= since < _LONGEST_WAIT:  # below 0 the clock was set back
            return
        self._told = now
        try:
            said = self.tell(self.workspace)
        except TreadleError as bad:
            said = [_lines(bad)]
        if said != self._last_told:
            for line in said:
                self.say(f"{self._time()} {_shown(line)}")
        self._last_told = said

    def _pause(self, attempt: int) -> float:
        """Exponential back-off with jitter, so that many that failed of one cause do not come back as one."""
        return min(_MOST_PAUSE, FIRST_PAUSE * 2.0 ** (attempt - 1)) * self.chance.uniform(0.5, 1.5)

    def _time(self) -> str:
        return f"{self.workspace.chain.clock():%Y-%m-%d %H:%M:%S}Z"


def schedule(
    workspace: Workspace, who: Principal, *, every: str | None, retries: int, say: Callable[[str], None]
) -> Scheduled:
    """Run the project when it is due, until SIGTERM or Ctrl-C; a run that is under way ends its step first.

    Raises:
        SpecError: nothing says when to run.
        StoreError: another scheduler has this workspace.
    """
    spec = workspace.project.spec
    if not 0 <= retries <= 100:
        raise SpecError(f"--retries {retries} is no number of attempts", where="--retries", mend="give 0 to 100")
    period, watched = period_of(spec, every), waits_for_files(spec)
    if period is None and not watched and not spec.schedule.on:
        raise SpecError(
            "nothing says when to run",
            where="sources",
            mend="write every: 1h at a source, or new: files, or schedule: {on: [EVENT]}; or give --every 1h",
        )
    stop = threading.Event()
    enough = "one is enough; end it first, if this one shall take its place"
    with alone(workspace.root / "schedule.lock", "a scheduler runs here already", enough), told_by_signals(stop):
        when = [f"every {spoken(period)}"] if period else []
        when += [f"at new files of {', '.join(watched)}"] if watched else []
        when += [f"at the event {' or '.join(spec.schedule.on)}"] if spec.schedule.on else []
        say(f"{spec.project} is run {' and '.join(when)}. Stop with Ctrl-C.")
        scheduler = Scheduler(
            workspace=workspace,
            run=lambda: run_once(scheduler.words(who.name), stop.is_set, scheduler.told),
            wait=stop.wait,
            say=say,
            tell=_told_to_channels,
            every=every,
            retries=retries,
        )
        return scheduler.until_stopped()


def _told_to_channels(workspace: Workspace) -> list[str]:
    """What became of telling the channels that the project file names, a line each."""
    if not workspace.project.spec.notify:
        return []
    from treadle.notices.sending import Sending

    return [f"{each.channel}, {each.outcome}: {each.text}" for each in Sending(workspace).to_all()]


def _lines(error: Exception) -> str:
    return "\n".join(_shown(line) for line in str(error).splitlines())


def _shown(name: str) -> str:
    """A name of a file, or a line that may hold one, without signs that move a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
