"""What is measured of a workload, and what is told of plans, as types. Light: the command line names them first."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from treadle.figures import counted


class Assumed(Struct, frozen=True, kw_only=True):
    """What no record says, and a plan needs. None: not known, so what needs it is not priced.

    interruptions: of a spot machine, an hour. checkpoint_s, restart_s: seconds to write a checkpoint, to be running
        again after an interruption. cold_s: until a server that is asleep answers; idle_s: without a request before
        it is put to sleep. busy: the share of its CPUs that a server is to use at the peak; margin: of memory above
        the peak that was measured. egress_gb: sent out of the region a month. falls_to: what is left of the use when
        it falls, for what a reservation is regretted by.
    """

    interruptions: float | None = None
    checkpoint_s: float = 10.0
    restart_s: float = 120.0
    cold_s: float = 5.0
    idle_s: float = 900.0
    busy: float = 0.6
    margin: float = 0.25
    egress_gb: float = 0.0
    falls_to: float = 0.5


class Job(Struct, frozen=True):
    """Work in runs. `hours`: by day of the window, each day counted; `run_s`: the mean run, of the `whole` ones that
    did the whole loop, of all where none did; `cpus`: busy at once; `gpus`: held at once, in the mean of its time."""

    hours: tuple[float, ...]
    runs: int
    run_s: float
    cpus: float
    peak_mb: float
    whole: int = 0
    gpus: float = 0.0


class Load(Struct, frozen=True):
    """What an endpoint answered, by day of the window, each day counted.

    requests: of a day. minutes: of each of its 24 hours, the requests of its busiest minute. awake: seconds that a
    server was needed which sleeps after `Assumed.idle_s` without a request; wakes: how often it was woken.
    busy_s: seconds of one CPU that an answer takes; peak_mb: memory of a server.
    """

    requests: tuple[int, ...]
    minutes: tuple[tuple[int, ...], ...]
    awake: tuple[float, ...]
    wakes: tuple[int, ...]
    busy_s: float
    peak_mb: float
    model: str
    tested: int = 0
    """The entry of the load test that `busy_s` and `peak_mb` are from; 0: of the packing of the version."""
    replayed: int = 0
    """Of the requests, those of history that was replayed, on the days that they are of."""
    history: int = 0
    """Days that these are of."""
    left_out: int = 0
    """Replayed ones that count nowhere: on their day others asked, or no time of theirs is known."""

    @property
    def peak_s(self) -> float:
        """Requests a second in the busiest minute."""
        return max((most for day in self.minutes for most in day), default=0) / 60

    @property
    def of_history(self) -> str:
        """In words, how much of it was replayed; "" where nothing was."""
        asked, days = counted(sum(self.requests), "request"), counted(self.history, "day")
        said = [f"of {asked} {self.replayed:,} were replayed, {days} of history"] if self.replayed else []
        if self.left_out:
            said.append(
                f"{self.left_out:,} replayed ones are left out: others asked on their day, or their time is not known"
            )
        return "; ".join(said)


class Kept(Struct, frozen=True):
    """Bytes that are kept. `reads`: how often a month they are read, as was measured; `pinned`: why they stay hot."""

    name: str
    bytes: int
    reads: float
    pinned: str = ""
    made: str = ""
    """When, by the record."""


class Workload(Struct, frozen=True):
    """`days`: of the window, `first` to `last`. `entries`: the newest entry of the record that counted."""

    first: str
    last: str
    days: int
    job: Job | None
    load: Load | None
    kept: tuple[Kept, ...]
    entries: int


class Option(Struct, frozen=True):
    """A way to run one part, and what it costs a month; `low` and `high` a 95 % interval, None where one day is all.

    how: the sum, in figures. turns: up to where it holds. sources: of its prices. kg: of CO2e a month, where known.
    """

    name: str
    what: str
    monthly: Decimal
    low: Decimal | None
    high: Decimal | None
    how: str
    sources: list[str]
    turns: str = ""
    kg: float | None = None
    daily: list[float] = []
    """What each day that was measured comes to, besides what is fixed."""


class Part(Struct, frozen=True):
    """A part of the workload: `measured` in words, `options` the cheapest first, `advice` and what would turn it.

    no_carbon: for want of what its carbon is not told; "" where it is, or no machine has a price.
    """

    name: str
    measured: str
    options: list[Option]
    unknown: list[str]
    advice: str
    turns: str
    no_carbon: str = ""


class Plan(Struct, frozen=True):
    """`monthly`: of the options that are advised. `assumed`: in words, what no record says."""

    project: str
    currency: str
    at: str
    first: str
    last: str
    days: int
    parts: list[Part]
    assumed: list[str]
    monthly: Decimal
    per_thousand: Decimal | None
    """What 1,000 predictions come to, training and storage included; None where none was answered."""
    entry: int
    next: str = ""


class Design(Struct, frozen=True):
    """One side of a comparison: a version of a project, as it would run."""

    name: str
    monthly: Decimal
    per_thousand: Decimal | None
    metric: str
    score: float | None
    low: float | None
    high: float | None
    parts: dict[str, Decimal]


class DesignsDiffer(Struct, frozen=True):
    currency: str
    at: str
    before: Design
    after: Design
    more: Decimal
    """A month of the second less one of the first, with 95 % `low` and `high`; None, and `why`, of too few days."""
    low: Decimal | None
    high: Decimal | None
    why: str
    said: str
    unknown: list[str]


Bound = Literal["waits", "one core", "cores", "GPU", "memory", "quick"]


class Machine(Struct, frozen=True):
    """`here`: it is the present one, of which nothing says that the run was on it."""

    cores: float
    memory_mb: float
    here: bool = False


class StepProfile(Struct, frozen=True):
    """One step. `share`: of the run's seconds; `cores`: used in the mean; megabytes are 10^6 bytes but for the peak,
    which is in MiB as entries have it. `change`: what would help, empty where nothing is worth it. `before`: the same
    step of the run that it is held against, as a ratio of seconds and of peaks (under 1: better). `gpu_seconds`: those
    in which it held GPUs, times these; `gpu_busy`: the share of them in which the GPUs computed, None where it is not
    known."""

    kind: str
    subject: str
    entry: int
    seconds: float
    share: float
    cores: float
    peak_mb: float
    read_mb: float
    written_mb: float
    bound: Bound
    why: str
    change: str = ""
    seconds_ratio: float | None = None
    peak_ratio: float | None = None
    gpu_seconds: float = 0.0
    gpu_busy: float | None = None


class RunProfile(Struct, frozen=True):
    """The longest step first. `bottleneck`: that step in a sentence. `against`: the run before it, if any."""

    run: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    machine: Machine
    steps: list[StepProfile]
    bottleneck: str
    against: str = ""
