"""What another scheduler needs to run a project: units of systemd, a line of cron, a DAG of Airflow, a job of Dagster.

They call `treadle run`, which does nothing twice and goes on where a run that failed left off: so each of them may try
again as it likes, and two that overlap do no harm.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from treadle.errors import SpecError
from treadle.scheduling.due import period_of, waits_for_files
from treadle.scheduling.running import work_of
from treadle.spec import FILE, spoken
from treadle.spec.trust import is_pattern

if TYPE_CHECKING:
    from treadle.spec import Project

Form = Literal["systemd", "cron", "airflow", "dagster"]
_NOT_TRIED_AGAIN = "a run that failed is tried again when the next is due: --retries is not heard here"


class Plan(Struct, frozen=True):
    """What is to be run, and when. `program`: the words before `work`: `run` or `data ingest`; `folders`: where new
    files come."""

    project: str
    root: Path
    program: tuple[str, ...]
    period: timedelta | None
    folders: tuple[Path, ...] = ()
    retries: int = 3
    work: tuple[str, ...] = ("run",)
    file: Path | None = None
    """The project file, where it is not the one that the folder is known by."""

    @property
    def words(self) -> list[str]:
        return [*self.program, *self.work, str(self.file or self.root)]

    @property
    def seconds(self) -> int:
        return int(self.period.total_seconds()) if self.period is not None else 0

    @property
    def name(self) -> str:
        """A name that every scheduler takes."""
        return f"treadle_{re.sub(r'[^A-Za-z0-9]', '_', self.project)}"


def unit(form: Form, plan: Plan) -> str:
    """The text of the unit, with where to put it in comments.

    Raises:
        SpecError: it cannot say that: such as every 7 minutes, of cron; or nothing says when to run.
    """
    if plan.period is None and not (form == "systemd" and plan.folders):
        raise SpecError(
            f"nothing says to {form} when to run",
            where="sources",
            mend="write every: 1h at a source, or give --every 1h; systemd alone looks for new files, and `treadle "
            "schedule` alone hears events: whoever would tell of one can call `treadle run`",
        )
    return _FORMS[form](plan)


def _systemd(plan: Plan) -> str:
    name = plan.name.replace("_", "-")
    service = [
        f"# {name}.service: put these in /etc/systemd/system (or ~/.config/systemd/user), then:",
        f"#   systemctl enable --now {' '.join(_triggers(plan, name))}",
        "[Unit]",
        f"Description=Treadle runs {plan.project}",
        "After=network-online.target",
        "Wants=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={_percent(str(plan.root))}",
        f"ExecStart={' '.join(_systemd_word(word) for word in plan.words)}",
        "# secrets that the project file names, a line each, NAME=value:",
        f"EnvironmentFile=-/etc/treadle/{name}.env",
        f"# {_NOT_TRIED_AGAIN}",
        # a run that is told to end finishes its step
        "KillSignal=SIGINT",
        "TimeoutStopSec=60",
        "SuccessExitStatus=130",
    ]
    parts = [service]
    if plan.period is not None:
        parts.append(
            [
                f"# {name}.timer",
                "[Unit]",
                f"Description=Treadle runs {plan.project} every {spoken(plan.period)}",
                "",
                "[Timer]",
                "OnActiveSec=0",
                f"OnUnitActiveSec={plan.seconds}s",
                "AccuracySec=1s",
                "",
                "[Install]",
                "WantedBy=timers.target",
            ]
        )
    if plan.folders:
        parts.append(
            [
                f"# {name}.path",
                "[Unit]",
                f"Description=Treadle runs {plan.project} when files come",
                "",
                "[Path]",
                *(f"PathChanged={_percent(str(folder))}" for folder in plan.folders),
                "",
                "[Install]",
                "WantedBy=paths.target",
            ]
        )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _triggers(plan: Plan, name: str) -> list[str]:
    return [f"{name}.timer"] * (plan.period is not None) + [f"{name}.path"] * bool(plan.folders)


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def _systemd_word(word: str) -> str:
    """A word of a command line: `%`, `$`, quotes and blanks mean something there."""
    if re.fullmatch(r"[A-Za-z0-9_./:@+=-]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_percent(escaped).replace("$", "$$")}"'


def cron_times(plan: Plan) -> str | None:
    """When, as cron says it; None where it cannot: a minute at least, and what divides an hour, a day or a week.

    >>> cron_times(Plan("p", Path("."), (), timedelta(hours=6)))
    '0 */6 * * *'
    """
    minutes, rest = divmod(plan.seconds, 60)
    if rest or not minutes:
        return None
    if minutes < 60 and 60 % minutes == 0:
        return "* * * * *" if minutes == 1 else f"*/{minutes} * * * *"
    hours, rest = divmod(minutes, 60)
    if rest:
        return None
    if hours < 24 and 24 % hours == 0:
        return "0 * * * *" if hours == 1 else f"0 */{hours} * * *"
    return {24: "0 0 * * *", 168: "0 0 * * 0"}.get(hours)


def _cron(plan: Plan) -> str:
    times = cron_times(plan)
    if times is None:
        raise SpecError(
            f"cron cannot run something every {spoken(timedelta(seconds=plan.seconds))}",
            where="--every",
            mend="give what divides an hour, a day or a week, such as 15m or 6h; or --print systemd",
        )
    log = shlex.quote(str(plan.root / ".treadle" / "schedule.log"))
    line = f"{shlex.join(plan.words)} >> {log} 2>&1".replace("%", "\\%")
    head = "# crontab -e; secrets that the project file names go above it, a line each: NAME=value"
    return f"{head}\n# {_NOT_TRIED_AGAIN}\n{times} {line}\n"


_AIRFLOW = '''\
"""Treadle runs {project}. Put this into the folder of DAGs."""

from datetime import datetime, timedelta

from airflow import DAG

try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:  # Airflow 2
    from airflow.operators.bash import BashOperator

with DAG(
    dag_id={name!r},
    schedule=timedelta(seconds={seconds}),
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={{
        "retries": {retries},
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
    }},
    tags=["treadle"],
):
    # a run goes on where one that failed left off, so one task is enough
    BashOperator(task_id="run", bash_command={command!r}, append_env=True)
'''

_DAGSTER = '''\
"""Treadle runs {project}. Load this as a code location."""

import subprocess

import dagster as dg


retries = dg.RetryPolicy(max_retries={retries}, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL)


@dg.op(retry_policy=retries)
def run_{name}(context: dg.OpExecutionContext) -> None:
    """A run goes on where one that failed left off, so one op is enough."""
    subprocess.run({words!r}, check=True)


@dg.job
def {name}():
    run_{name}()


{when}

defs = dg.Definitions(jobs=[{name}], {kind}s=[{name}_{kind}])
'''
_BY_CRON = '{name}_schedule = dg.ScheduleDefinition(job={name}, cron_schedule={times!r}, execution_timezone="UTC")\n'
_BY_SENSOR = """\
@dg.sensor(job={name}, minimum_interval_seconds={seconds})
def {name}_sensor(context: dg.SensorEvaluationContext):
    yield dg.RunRequest()
"""


def _airflow(plan: Plan) -> str:
    # a command that ends with .sh or .j2 is taken for a file, and braces for a template
    command = shlex.join(plan.words).replace("{", "{{ '{' }}") + " "
    return _AIRFLOW.format(
        project=_doc(plan.project), name=plan.name, seconds=plan.seconds, retries=plan.retries, command=command
    )


def _dagster(plan: Plan) -> str:
    times = cron_times(plan)
    when = (
        _BY_CRON.format(name=plan.name, times=times)
        if times
        else _BY_SENSOR.format(name=plan.name, seconds=plan.seconds)
    )
    return _DAGSTER.format(
        project=_doc(plan.project),
        name=plan.name,
        retries=plan.retries,
        words=list(plan.words),
        when=when,
        kind="schedule" if times else "sensor",
    )


def _doc(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


_FORMS: dict[Form, Callable[[Plan], str]] = {
    "systemd": _systemd,
    "cron": _cron,
    "airflow": _airflow,
    "dagster": _dagster,
}


def plan_of(project: Project, *, every: str | None, retries: int) -> Plan:
    """How this project is run from here, by this interpreter; `every` as asked, else as its sources say."""
    root, file = project.root.absolute(), project.file.absolute()
    places = [root / project.spec.sources[name].read for name in waits_for_files(project.spec)]
    return Plan(
        project=project.spec.project,
        root=root,
        program=(sys.executable, "-m", "treadle"),
        period=period_of(project.spec, every),
        folders=tuple(dict.fromkeys(_watched(place) for place in places)),
        retries=retries,
        work=work_of(predicts=project.spec.predicts),
        file=file if file != root / FILE else None,
    )


def _watched(place: Path) -> Path:
    """Where files come that a source is read from. What is not there yet is waited for by its own name."""
    if place.is_dir():
        return place
    return place.parent if is_pattern(place.name) or place.exists() else place
