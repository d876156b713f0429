"""The project file as frozen types. Names here are the names in `treadle.yaml`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field


class _Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A part of the project file: immutable, and an unknown key in it is an error."""


class People(_Part, frozen=True, kw_only=True):
    """Who owns the project and who may approve a release; names are local to the project."""

    owner: str
    reviewers: tuple[str, ...] = ()
    roles: dict[str, tuple[str, ...]] = {}
    approve: Literal["reviewer", "policy"] = "reviewer"
    """`policy`: a release is approved by the policy's own act when every gate of the brief holds."""


class Mistakes(_Part, frozen=True, kw_only=True):
    """What each kind of error costs, in `currency`, per decision."""

    missed: float = 1.0
    false_alarm: float = 1.0
    currency: str = "USD"


class Limits(_Part, frozen=True, kw_only=True):
    p99_ms: float | None = None
    bundle_mb: float | None = None
    train_cost: float | None = None
    train_minutes: float | None = None


class Brief(_Part, frozen=True, kw_only=True):
    """What decision is made, how good is good enough, what errors cost, who decides."""

    decision: str = ""
    good_enough: dict[str, float] = {}
    must_have: dict[str, float] = {}
    mistakes: Mistakes = Mistakes()
    limits: Limits = Limits()
    people: People


class Source(_Part, frozen=True, kw_only=True):
    """One table to read. `happened` and `known` are columns with the time a row happened and became known."""

    read: str
    format: Literal["csv", "jsonl", "parquet", "delta"] | None = None
    key: str | tuple[str, ...] = ()
    happened: str | None = None
    known: str | None = None
    contract: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key,) if isinstance(self.key, str) else self.key


class View(_Part, frozen=True, kw_only=True):
    """An event table cut from a source: expressions over the source's columns, with its own time of knowing.

    `key` is the column that online state is kept by. Its rows are identified by the source's key.
    """

    source: str = field(name="from")
    where: str | None = None
    known: str
    key: str
    columns: dict[str, str]


class Split(_Part, frozen=True, kw_only=True):
    by: Literal["time", "random", "stratified", "group"] = "random"
    test: float = 0.2
    folds: int = 4
    gap: str = "0d"
    group: str | None = None


class Predict(_Part, frozen=True, kw_only=True):
    """What is predicted, for each row of which source, and when. `at` is absent for tables without time."""

    name: str
    each: str
    at: str | None = None
    label: str
    label_known: str | None = None
    kind: Literal["classification", "regression"] = "classification"
    metric: str | None = None
    """None: derived from the kind, the share of positives and the costs of mistakes."""
    split: Split = Split()


class Lookup(_Part, frozen=True, kw_only=True):
    """The last row of a source (or view) with the same key known strictly before `at`."""

    source: str = field(name="from")
    on: str | tuple[str, ...]
    take: tuple[str, ...]
    no_older_than: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.on,) if isinstance(self.on, str) else self.on


class Window(_Part, frozen=True, kw_only=True):
    """Aggregates over a view's rows with the same key, known in [at - length, at)."""

    source: str = field(name="from")
    on: str
    last: tuple[str, ...]
    take: dict[str, str]


class Features(_Part, frozen=True, kw_only=True):
    request: tuple[str, ...] = ()
    row: dict[str, str] = {}
    lookup: dict[str, Lookup] = {}
    window: dict[str, Window] = {}


class Train(_Part, frozen=True, kw_only=True):
    families: Literal["auto"] | tuple[str, ...] = "auto"
    search: Literal["bayesian", "random", "none"] = "bayesian"
    imbalance: Literal["auto", "none", "weights"] = "auto"
    seed: int = 7
    trials: int = 40


class Serve(_Part, frozen=True, kw_only=True):
    endpoint: str | None = None
    entity: str | None = None
    host: str = "127.0.0.1"
    port: int = 8686


class Watch(_Part, frozen=True, kw_only=True):
    """Alerts look at the newest `window` of labels; `log` keeps them in the evidence chain."""

    window: str = "1d"
    alert: tuple[Literal["log"], ...] = ("log",)


class ProjectSpec(_Part, frozen=True, kw_only=True):
    """A whole project. Build it here, or load it from `treadle.yaml` with `treadle.spec.load`."""

    project: str
    brief: Brief
    sources: dict[str, Source]
    views: dict[str, View] = {}
    predict: Predict
    features: Features = Features()
    train: Train = Train()
    serve: Serve = Serve()
    watch: Watch = Watch()
    prices: str | None = None
    """A price file of the project's own; None: the dated book that ships with Treadle."""

    @property
    def endpoint(self) -> str:
        return self.serve.endpoint or self.project


__all__ = [
    "Brief",
    "Features",
    "Limits",
    "Lookup",
    "Mistakes",
    "People",
    "Predict",
    "ProjectSpec",
    "Serve",
    "Source",
    "Split",
    "Train",
    "View",
    "Watch",
    "Window",
]
