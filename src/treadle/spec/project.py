"""The project file as frozen types. Names here are the names in `treadle.yaml`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from treadle.errors import SpecError
from treadle.spec.brief import Brief, Mistakes
from treadle.spec.budget import Budget
from treadle.spec.channels import Channel
from treadle.spec.choices import Family, Metric, Refit
from treadle.spec.entities import Entity
from treadle.spec.experts import Experts
from treadle.spec.mapping import Mapped
from treadle.spec.names import Actor, FeatureName, Identifier, ServedName
from treadle.spec.part import One, Part, Positive, Some, Written
from treadle.spec.schedules import Schedule


class _Part(Part, Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A part of the project file; `Struct` is said once more for tools that know what its defaults are."""


class Layout(_Part, frozen=True, kw_only=True):
    """How the files of a source are written. What is not given is told from their bytes.

    `null_values`: texts that stand for a missing value, in all columns or by column. `date_format`: by column, as
    strptime writes it. `max_gb`: how much memory the rows may take, in 10^9 bytes; else half of the machine's.
    """

    format: Literal["csv", "json", "jsonl", "parquet", "arrow", "delta", "excel"] | None = None
    separator: One | None = None
    encoding: Some | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
    quote_char: One | None = None
    skip_rows: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    null_values: tuple[Some, ...] | dict[Some, tuple[Some, ...]] = ()
    date_format: dict[Some, Some] = {}
    sheet: Some | None = None
    max_gb: Positive | None = None


class New(_Part, frozen=True, kw_only=True):
    """What is read of a source that was read before: rows whose `by` is above the last; without `by`, new files.

    `overlap`: how far below the last one is read again, for rows that are committed late: a length of time, or a
    number where `by` is one. `when_seen`: what a row does whose key is there already. `deleted`: a column that marks
    rows which are deleted. `when_changed`: what is done with a file that changed after it was read. `time_zone`: the
    zone of the clock that `by` was written by, where it has none; `ambiguous`: which of two instants a time is that
    this clock showed twice.
    """

    by: Some | None = None
    overlap: Some | Positive | None = None
    when_seen: Literal["replace", "keep", "refuse"] = "replace"
    deleted: Some | None = None
    when_changed: Literal["refuse", "read"] = "refuse"
    time_zone: Some | None = None
    ambiguous: Literal["refuse", "earlier", "later"] = "refuse"


class Page(_Part, frozen=True, kw_only=True):
    """How an HTTP API gives its rows in several answers: by the number of the `page`, by an `offset` in rows, by a
    `cursor` that each answer holds for the next, or by a `link` to it (the header Link of RFC 8288, or at `next`).

    `next`, `total`, `pages` and `more` are places in the answer, such as `meta.next`: the cursor or the link, the rows
    and the pages that there are, and whether there are more. `last`: the column whose last value is the cursor.
    """

    by: Literal["page", "offset", "cursor", "link"]
    parameter: Some | None = None
    """The name of what is asked by, in the query; if not given, it is called as `by` is."""
    first: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None
    size: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    """Rows that a page is asked to have."""
    size_parameter: Some = "limit"
    next: Some | None = None
    last: Some | None = None
    total: Some | None = None
    pages: Some | None = None
    more: Some | None = None
    most: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    """Pages that may be asked for; an API with more is refused, and never cut short."""


class Asked(Layout, frozen=True, kw_only=True):
    """How a source is asked for over a network: an HTTP API, or (`endpoint`, `region`, `anonymous`) an object store.

    `records`: the place of the rows in the answer. `at_most`: requests in a time, `5/s`. `within`: the time that all of
    it may take. `redirects`: other hosts that may be followed to. `unencrypted`: plain HTTP to another machine is
    meant.
    """

    records: Some | None = None
    page: Page | None = None
    parameters: dict[Some, str | bool | int | float] = {}
    headers: dict[Some, str] = {}
    at_most: Some | None = None
    within: Some | None = None
    redirects: tuple[Some, ...] = ()
    unencrypted: bool = False
    endpoint: Written | None = None
    region: Some | None = None
    anonymous: bool = False


class Source(Asked, frozen=True, kw_only=True):
    """One table to read. `happened` and `known` are columns with the time a row happened and became known.

    `read` is a path, the URL of an HTTP API, of objects in a store (`s3:`, `gs:`, `az:`), or of a database, of which
    `table` or `query` says what is read; `columns` are those that are asked for, and `where` is a condition in the
    database's own SQL.

    `map`: where each column of the table comes from, by its name: a column of the source, or more (`Mapped`); all other
    parts of the project, `key` and `new` too, speak of the columns that it makes. `unmapped`: whether columns that it
    does not speak of are kept.

    `new`: what is read besides what was read before; the whole, if not given. `every`: how often new rows come;
    `late_after`: how long after that they are late, and `when_late`: what a run does then.
    """

    read: Written
    table: Some | None = None
    query: Some | None = None
    columns: tuple[Some, ...] = ()
    where: Some | None = None
    key: Some | tuple[Some, ...] = ()
    happened: Some | None = None
    known: Some | None = None
    contract: Written | None = None
    map: dict[FeatureName, Mapped | Some] = {}
    unmapped: Literal["keep", "drop"] = "keep"
    new: New | Literal["files"] | None = None
    every: Some | None = None
    late_after: Some | None = None
    when_late: Literal["last", "wait", "stop"] = "last"

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key,) if isinstance(self.key, str) else self.key

    @property
    def mapped(self) -> dict[str, Mapped]:
        """`map` with each column written out; empty where the columns are those of the source."""
        return {name: Mapped(origin=said) if isinstance(said, str) else said for name, said in self.map.items()}

    @property
    def only_new(self) -> New | None:
        """How it is read in increments; None where it is read whole."""
        return New() if isinstance(self.new, str) else self.new


class View(_Part, frozen=True, kw_only=True):
    """An event table cut from a source: expressions over the source's columns, with its own time of knowing.

    `key` is the column that online state is kept by. Its rows are identified by the source's key.
    """

    source: Identifier = field(name="from")
    where: Some | None = None
    known: Some
    key: Some
    columns: dict[FeatureName, Some]


class Split(_Part, frozen=True, kw_only=True):
    by: Literal["time", "random", "stratified", "group"] = "random"
    test: Annotated[float, Meta(gt=0, lt=0.9)] = 0.2
    folds: Annotated[int, Meta(ge=2, le=100)] = 4
    gap: Some = "0d"
    group: Some | None = None


class _Question(_Part, frozen=True, kw_only=True):
    each: Identifier
    at: Some | None = None
    label: Some
    label_known: Some | None = None
    kind: Literal["classification", "multiclass", "regression", "counts", "quantiles"] = "classification"
    quantiles: tuple[Annotated[float, Meta(gt=0, lt=1)], ...] = ()
    """Of `kind: quantiles` the levels, rising: 0.9 is what nine in ten do not exceed. If not given: 0.1, 0.5, 0.9."""
    metric: Metric | None = None
    """None: derived from the kind, the share of positives and the costs of mistakes."""
    weight: Some | None = None
    """A column of `each`: how much each row counts. It is no feature, and a row of weight zero is not there."""
    exposure: Some | None = None
    """Of counts, a column of `each` that they are in proportion to, such as the days that were counted over: requests
    have it, and the rate per unit of it is modelled."""
    split: Split = Split()


class Predict(_Question, frozen=True, kw_only=True):
    """What is predicted, for each row of which source, and when. `at` is absent for tables without time."""

    name: Identifier


STATED = """predict: {name: NAME, each: SOURCE, label: "EXPRESSION"}"""
"""The line that makes a project of data one that predicts; docs/spec.md has what else it may say."""


class _Nothing(Predict, frozen=True, kw_only=True):
    """What a project of data alone has in place of a target. Whoever asks anything of it is told that there is none, so
    that no step goes on as if there were.
    """

    def __getattribute__(self, name: str) -> Any:
        if name in Predict.__struct_fields__:
            what = "the project predicts nothing: it is one of data alone"
            raise SpecError(what, where="predict", mend=f"to predict, add {STATED}")
        return super().__getattribute__(name)


NOTHING = _Nothing(name="nothing", each="nothing", label="nothing")


class Target(_Question, frozen=True, kw_only=True):
    """One of several things that are predicted over the same sources and features; its name is its key.

    It has an endpoint of its own (`project.name`, if not given), and may state what the brief states for all of them.
    """

    endpoint: ServedName | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    decision: str | None = None
    good_enough: dict[Metric, float] | None = None
    must_have: dict[Metric, float] | None = None
    mistakes: Mistakes | None = None


class Lookup(_Part, frozen=True, kw_only=True):
    """The last row of a source (or view) with the same key known strictly before `at`."""

    source: Identifier = field(name="from")
    on: Some | tuple[Some, ...]
    take: tuple[Some, ...]
    no_older_than: Some | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.on,) if isinstance(self.on, str) else self.on


class Window(_Part, frozen=True, kw_only=True):
    """Aggregates over a view's rows with the same key, known in [at - length, at)."""

    source: Identifier = field(name="from")
    on: Some
    last: tuple[Some, ...]
    take: dict[FeatureName, Some]


class Features(_Part, frozen=True, kw_only=True):
    request: tuple[Some, ...] = ()
    row: dict[FeatureName, Some] = {}
    lookup: dict[FeatureName, Lookup] = {}
    window: dict[FeatureName, Window] = {}


class Train(_Part, frozen=True, kw_only=True):
    families: Literal["auto"] | Annotated[tuple[Family, ...], Meta(min_length=1)] = "auto"
    search: Literal["bayesian", "random", "none"] = "bayesian"
    imbalance: Literal["auto", "none", "weights"] = "auto"
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 7
    trials: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    """None: as many as the minutes allow; 40 where there is no limit of minutes."""
    rungs: bool = False
    """Whether, within minutes and of many rows, settings are tried on few rows first, and the best of them on more."""
    refit: Refit = "training"
    """`all`: what was judged is fitted once more for release, by the same recipe, on all rows with a label, sealed ones
    too. The figures stay those of its twin, which was fitted on the training rows."""


class Serve(_Part, frozen=True, kw_only=True):
    endpoint: Identifier | None = None
    entity: Some | None = None
    host: Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:_%\[\]-]{1,253}$", title="host")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8686
    hosts: tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9.-]{1,253}$", title="host name")], ...] = ()
    """Names that callers know this server by; addresses, localhost and the machine's own name always count."""
    origins: tuple[Annotated[str, Meta(pattern=r"^https?://[A-Za-z0-9.:\[\]-]{1,253}$", title="origin")], ...] = ()
    """Web pages of other places that may call it, such as https://app.example.org."""


class Access(_Part, frozen=True, kw_only=True):
    """Who is believed to be who, and what nobody in particular may do.

    `trust: local`: whoever works on this machine may act as any person of the project (`--as`); `token`: only with
    that person's token. `logins` maps logins of the machine to persons, `"*"` any other login; a login that is a
    person's name is that person. `anonymous`: what callers over HTTP may do without a token; if not given, predict,
    and that only where the server listens on this machine alone.
    """

    trust: Literal["token", "local"] = "token"
    logins: dict[Annotated[str, Meta(pattern=r"^(\*|[\w.@+\\-]{1,64})$", title="login")], Actor] = {}
    anonymous: tuple[Literal["predict", "events", "outcomes", "read"], ...] | None = None


class Watch(_Part, frozen=True, kw_only=True):
    """Alerts look at the newest `window` of labels; `log` keeps them in the evidence chain."""

    window: Some = "1d"
    alert: tuple[Literal["log"], ...] = ("log",)


class ProjectSpec(_Part, frozen=True, kw_only=True):
    """A whole project with one target, or without one: a project of data alone. Build it here, or load it from
    `treadle.yaml` with `treadle.spec.load`.

    A file whose `predict` names several targets is one of these for each of them: see `treadle.spec.targets`.
    """

    project: Identifier
    brief: Brief
    sources: Annotated[dict[Identifier, Source], Meta(min_length=1)]
    entities: dict[Identifier, Entity] = {}
    views: dict[Identifier, View] = {}
    predict: Predict = NOTHING
    features: Features = Features()
    train: Train = Train()
    serve: Serve = Serve()
    access: Access = Access()
    watch: Watch = Watch()
    schedule: Schedule = Schedule()
    prices: Written | None = None
    """A price file of the project's own; None: the dated book that ships with Treadle."""
    budgets: tuple[Budget, ...] = ()
    notify: dict[Identifier, Channel] = {}
    """Who is told what happened, by the name of each channel."""
    experts: Experts = Experts()

    @property
    def predicts(self) -> bool:
        """Whether it has a target; a project of data alone has none, and SpecError says so to who reads `predict`."""
        return not isinstance(self.predict, _Nothing)


__all__ = [
    "Access",
    "Features",
    "Lookup",
    "New",
    "Predict",
    "ProjectSpec",
    "Schedule",
    "Serve",
    "Source",
    "Split",
    "Target",
    "Train",
    "View",
    "Watch",
    "Window",
]
