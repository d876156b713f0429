"""What queues and spot machines come to, as types. Light: the command line names them before it does anything."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["waiting", "running", "done", "failed", "cancelled"]
Priority = Literal["low", "normal", "high"]
RANKS: dict[Priority, int] = {"low": 0, "normal": 1, "high": 2}
IDLE = "nothing was done again"
"""Said of a run all of whose steps were taken from the record: it tells nothing of what a run needs."""


class Job(Struct, frozen=True):
    """A run that somebody asked for. Times are seconds since 1970; 0: not yet.

    `cpus` and `memory_gb`: what it needs, as declared or as its last run was measured. `queued`: since when it waits;
    `began`: of the attempt that runs. `waited_s`, `ran_s`, `cpu_s`: of all attempts. `stopped`: how often it was, for
    what mattered more.
    """

    id: int
    project: str
    person: str
    priority: Priority
    cpus: float
    memory_gb: float
    state: State
    asked: float
    queued: float
    began: float = 0.0
    ended: float = 0.0
    waited_s: float = 0.0
    ran_s: float = 0.0
    cpu_s: float = 0.0
    peak_gb: float = 0.0
    stopped: int = 0
    pid: int = 0
    said: str = ""

    @property
    def rank(self) -> int:
        return RANKS[self.priority]


class Use(Struct, frozen=True):
    """What one person got: CPU-seconds, and how long their runs waited in the mean and at the most. `share`: of all
    CPU-seconds, older ones counting less."""

    person: str
    runs: int
    cpu_s: float
    share: float
    waited_mean_s: float
    waited_most_s: float
    stopped: int


class Interruption(Struct, frozen=True):
    """One notice that the machine goes away. `lost_s`: work since the last thing that was kept in the record."""

    after_s: float
    lost_s: float
    killed: bool


class SpotRun(Struct, frozen=True):
    """A run on a machine that is taken away now and then. `seconds`: until it was done, `lost_s` of these done twice;
    `lost_cpu_s`: CPU-seconds of those, at the pace of each whole attempt; `peak_mb`: the most memory of one, in MiB.

    `checkpoint_s`: the longest time between two things that were kept, so that no interruption can lose more.
    """

    ok: bool
    said: str
    seconds: float
    attempts: int
    lost_s: float
    checkpoint_s: float
    interruptions: list[Interruption]
    lost_cpu_s: float = 0.0
    peak_mb: float = 0.0
