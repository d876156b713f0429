"""Draft a project for a table, run the loop in it until a model is judged (and, where it is kept, packed)."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import DataError, SpecError
from treadle.onetable.asked import Asked, refuse
from treadle.onetable.mending import in_options
from treadle.onetable.places import folder_for
from treadle.spec import FILE

if TYPE_CHECKING:
    from treadle.drafting.drafts import Draft
    from treadle.evidence import Observer
    from treadle.principal import Principal
    from treadle.spec import Project
    from treadle.stages import Work
    from treadle.stages.examples import Examples
    from treadle.training import Evaluation, Profile, Proposed, SearchResult

OPTIONS = "--kind, --positive, --time, --group, --weight, --exposure, --metric, --drop or --reading"
"""What takes the place of a guess."""


@dataclass(frozen=True, eq=False)
class Found:
    """What came of it. `model` and `report` are empty where nothing was kept; `seconds` are of the whole."""

    project: Project
    guesses: tuple[str, ...]
    profile: Profile
    families: tuple[Proposed, ...]
    search: SearchResult
    evaluation: Evaluation
    model: str
    report: str
    mb: float
    seconds: float
    learning: float
    """Minutes that the search and the fits took: what the brief's limit is held to."""


@dataclass
class _Telling:
    """Says what is found while the work goes on, and keeps what was proposed."""

    say: Callable[[str], None]
    profile: Profile | None = None
    families: tuple[Proposed, ...] = field(default=())

    def propose(self, work: Work, examples: Examples) -> None:
        from treadle import training
        from treadle.stages.examples import load

        loaded = load(examples, work.bench())
        self.profile, self.families = training.propose(loaded.table, loaded.split, work.workspace.project.spec)
        self.say(f"  {self.profile.said}")
        for each in self.families:
            if each.tried:
                self.say(f"  tries {each.family}: {each.why}")


def fit_table(
    asked: Asked,
    who: Callable[[Project], Principal],
    *,
    observer: Observer | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Found:
    """Guess, search, fit and judge. `who`: who acts, and that they may, once the project is known.

    Raises:
        SpecError, DataError: what cannot be asked, read or learned from; AccessError: they may not.
        KeyboardInterrupt: it was stopped; it says what is kept.
    """
    began = time.monotonic()
    refuse(asked)
    try:
        with folder_for(asked.save) as folder:
            made = _draft(asked, folder)
            for guess in made.guess.said:
                say(f"· {guess}")
            say(f"· what is guessed wrong is said with {OPTIONS}")
            try:
                return _work(asked, made, who, observer, _Telling(say), began)
            except (SpecError, DataError) as bad:
                raise in_options(bad, asked, made.predicted, written=(folder / FILE).exists()) from bad.__cause__
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_stopped(asked)) from None


def _draft(asked: Asked, folder: Path) -> Draft:
    from treadle.drafting.drafts import Wanted, draft
    from treadle.onetable.learnable import refuse_unlearnable
    from treadle.spec.names import identifier_from

    kept = asked.save is not None
    name = None if kept else identifier_from(Path(asked.file).name.split(".")[0], "table")
    made = draft(
        Wanted(
            folder=str(folder),
            source=asked.file,
            target=asked.target,
            name=name,
            owner=asked.owner,
            hints=asked.hints,
            stated=asked.stated,
            place="FILE",
            trusted=kept,
            layout=asked.layout,
        )
    )
    refuse_unlearnable(made.predicted)
    return made


def _work(
    asked: Asked,
    made: Draft,
    who: Callable[[Project], Principal],
    observer: Observer | None,
    telling: _Telling,
    began: float,
) -> Found:
    from treadle.drafting.writing import write
    from treadle.loop import bundle, judge
    from treadle.spec import load
    from treadle.stages import Work, training_cost
    from treadle.stages.judging import evaluation_of
    from treadle.stages.releasing import learnt_minutes
    from treadle.stages.searching import found_by
    from treadle.workspace import new_run, open_workspace

    kept = asked.save is not None
    write(made)
    project = load(made.folder)
    workspace = open_workspace(
        project,
        actor=who(project).actor,
        observer=observer,
        run=new_run(),
        kept_in=None if kept else project.root / ".treadle",
    )
    try:
        work = Work(workspace, began)
        judged = judge(work, telling.propose)
        packed = bundle(work, judged).payload if kept else None
        assert telling.profile is not None
        return Found(
            project=project,
            guesses=tuple(made.guess.said),
            profile=telling.profile,
            families=telling.families,
            search=found_by(work.bench(), judged.search.payload.found),
            evaluation=evaluation_of(work.bench(), judged.evaluation.payload.evaluation),
            model=packed.model if packed else "",
            report=judged.report if kept else "",
            mb=packed.mb if packed else 0.0,
            seconds=time.monotonic() - began,
            learning=learnt_minutes(training_cost(work.entries)),
        )
    finally:
        workspace.chain.engine.dispose()


def _stopped(asked: Asked) -> str:
    if asked.save is None:
        return "stopped; nothing is kept: with --save DIR, what was finished would be"
    if not (Path(asked.save) / FILE).is_file():
        return "stopped before anything was written"
    folder = shlex.quote(asked.save)
    return f"stopped; the project, the steps that ended and the trials are kept: treadle run {folder} goes on"
