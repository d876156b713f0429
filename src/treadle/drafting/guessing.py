"""Guess a sensible project from one table, and say what was guessed and from what."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from treadle.access import check_actor, login
from treadle.drafting.found import Drafted
from treadle.drafting.noticed import noticed
from treadle.drafting.quoting import literal, quoted
from treadle.errors import AccessError, DataError, SpecError, nearest
from treadle.spec.names import FEATURE, identifier_from, matches

if TYPE_CHECKING:
    import polars as pl

_MOST_LEVELS = 0.5  # a text column with more distinct values than this share of rows names things, and teaches nothing
_MOST_CLASSES, _FEW_NUMBERS = 200, 12
_POSITIVE = ("yes", "true", "1", "y", "t", "positive", "default", "churned", "fraud", "bad", "late")
_FEW = 20


class Wanted(Struct, frozen=True):
    """The project to be drafted: its folder, the table to learn from, the column to predict."""

    folder: str
    source: str
    target: str
    name: str | None = None
    owner: str | None = None
    shared: str | None = None
    """A group of this machine whose members share what is kept."""


def write_project(request: Wanted) -> Drafted:
    """Write treadle.yaml, a proposed contract and a copy of the table. An existing project is never overwritten.

    What would refuse is asked first; should a step fail all the same, what was written is taken back.

    Raises:
        DataError: a table that cannot be read, or no such column; SpecError: a folder that holds a project already, a
            group that cannot share it, a list of trusted projects that cannot be read.
    """
    from treadle.keeping import group_to_share
    from treadle.sources import read_own
    from treadle.spec import FILE
    from treadle.spec.trust import granted

    folder, data = Path(request.folder), Path(request.source)
    if (folder / FILE).exists():
        raise SpecError("there is a project here already", where=str(folder / FILE), mend="choose another folder")
    if data.is_dir():
        raise DataError(f"{data.name} is a folder", where="--from", mend="name a CSV, JSON Lines or Parquet file")
    if request.shared:
        group_to_share(request.shared)
    with contextlib.suppress(OSError, RuntimeError):  # an account without a home can still begin a project
        granted(folder)
    frame = read_own(data, where="--from")
    if request.target not in frame.columns:
        raise DataError(
            f'{data.name} has no column "{request.target}"',
            where="--target",
            mend=nearest(request.target, frame.columns),
        )
    wanted = request.name or folder.resolve().name
    name = identifier_from(wanted)
    guess = Guess(frame, request.target, name, data.suffix.lower(), _owner(request))
    guess.said[:0] = noticed(frame, request.target, data)
    if name != wanted:
        guess.said.insert(0, f'name: {name}, made from "{wanted}", since a name is ASCII letters, digits, _ and -')
    with _taken_back_if_it_fails() as made:
        contract = _write(request, guess, made)
    return Drafted(
        project=name,
        file=str(folder / FILE),
        contract=str(contract),
        guesses=guess.said,
        next=f"treadle run {shlex.quote(request.folder)} --serve",
    )


def _write(request: Wanted, guess: Guess, made: list[Path]) -> Path:
    """Write the project, and add each place to `made` before it is; the contract."""
    from treadle.contracts import propose
    from treadle.keeping import home, share
    from treadle.spec import FILE, load
    from treadle.spec.trust import trust

    folder, data, name, text = Path(request.folder), Path(request.source), guess.name, guess.text()
    copied, contract = folder / "data" / f"{name}{guess.ending}", folder / "contracts" / f"{name}.yaml"
    for file in (copied, contract):
        _refuse_to_overwrite(file, folder, data)
        made += _missing(file)
        file.parent.mkdir(parents=True, exist_ok=True)
    if copied.resolve() != data.resolve():
        shutil.copyfile(data, copied)
    contract.write_text(propose(guess.frame, name, (guess.key,) if guess.key else ()), encoding="utf-8")
    made += _missing(folder / FILE)
    (folder / FILE).write_text(text, encoding="utf-8")
    load(folder / FILE)  # what is written must be what can be read
    if request.shared:
        kept = home(folder.resolve())
        made += _missing(kept)
        share(kept, request.shared)
        guess.said.append(
            f"shared: what is kept may be read and written by the group {request.shared}, and nobody else; whoever is "
            "in it can sign releases"
        )
    with contextlib.suppress(OSError, RuntimeError):  # an account without a home can still begin a project
        trust(folder)
    return contract


@contextlib.contextmanager
def _taken_back_if_it_fails() -> Iterator[list[Path]]:
    """Where what is made is listed, each folder before what is in it. After a failure none of it is there."""
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        for place in reversed(made):
            with contextlib.suppress(OSError):  # not made yet; or a folder into which another wrote meanwhile
                place.rmdir() if place.is_dir() else place.unlink()
        raise


def _missing(place: Path) -> list[Path]:
    """The place and the folders above it, so far as they are not there, the outermost first."""
    return [each for each in (*reversed(place.parents), place) if not os.path.lexists(each)]


def _owner(request: Wanted) -> str:
    if request.owner:
        return check_actor(request.owner, where="--owner")
    try:
        return check_actor(login())
    except AccessError as bad:  # the machine's own name for its user need not be one of ours
        raise AccessError(bad.what, where="--owner", mend=f"name the owner with --owner: {bad.mend}") from bad


def _refuse_to_overwrite(made: Path, folder: Path, data: Path) -> None:
    """Nothing that stands there is lost, and nothing is written through a link out of the new folder."""
    if made.exists() and made.resolve() != data.resolve():
        raise SpecError("there is a file here already", where=str(made), mend="choose another folder, or remove it")
    if folder.resolve() not in made.resolve().parents:
        raise SpecError("this leads out of the new folder by a link", where=str(made), mend="choose another folder")


class Guess:
    """What a table seems to be. `said` holds a sentence for each guess."""

    def __init__(self, frame: pl.DataFrame, target: str, name: str, ending: str, owner: str) -> None:
        from treadle import expr

        self.frame, self.target, self.name, self.ending, self.owner = frame, target, name, ending, owner
        self.said: list[str] = []
        self.types = expr.column_types(frame.schema)
        if frame.height == 0:
            raise DataError("the table has no rows", where="--from", mend="give a table with rows")
        if target not in self.types:
            raise DataError(
                f"{target} is of a type that cannot be predicted ({frame.schema[target]})",
                where="--target",
                mend="choose a number, a text, or true and false",
            )
        counts = Counter(self.types.values())
        shown = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        self.said.append(f"types: {shown}; contracts/{name}.yaml has them with the ranges and sets that hold now")
        self.kind, self.label, self.metric = self._task()
        self.key = self._key()
        self.time = self._time()
        self.request = self._features()

    def _task(self) -> tuple[str, str, str]:
        values = self.frame.get_column(self.target).drop_nulls()
        levels = values.unique().sort().to_list()
        column = quoted(self.target)
        if len(levels) < 2:
            raise DataError(
                f"{self.target} has {len(levels)} distinct value", where="--target", mend="choose a column that varies"
            )
        if self.types[self.target] == "bool":
            return self._classes(column, values, True, "it is true or false")
        if len(levels) == 2:
            positive = next((v for v in levels if str(v).lower() in _POSITIVE), None)
            if positive is None:
                counts = values.value_counts().sort("count")
                positive = counts.item(0, self.target)
            shown = literal(positive)
            return self._classes(
                f"{column} = {shown}", values, positive, f"it has two values, and {shown} is the one to find"
            )
        if self.types[self.target] == "str":
            return self._several(column, values, len(levels))
        if self.types[self.target] in ("int", "float"):
            whole = self.types[self.target] == "int"
            few = whole and len(levels) <= _FEW_NUMBERS
            other = "; if they are names of classes and no amounts, set kind: multiclass" if few else ""
            if whole and levels[0] >= 0:
                other += "; if they count something, set kind: counts"
            other += "; if a range is wanted and no mean, set kind: quantiles"
            other += " (and take the metric out, or write one of that kind)"
            self.said.append(f"regression: {self.target} has {len(levels):,} distinct numbers; metric rmse{other}")
            return "regression", column, "rmse"
        raise DataError(
            f"{self.target} is {self.types[self.target]}, of which nothing is predicted",
            where="--target",
            mend="choose a number, a text, or true and false",
        )

    def _several(self, column: str, values: pl.Series, levels: int) -> tuple[str, str, str]:
        rows = len(values)
        if levels > _MOST_CLASSES or levels > rows / 3:
            raise DataError(
                f"{self.target} has {levels:,} different values in {rows:,} rows: that names rows, and no classes",
                where="--target",
                mend=f"write your own label in treadle.yaml, such as {column} = {literal(values[0])}",
            )
        common = values.value_counts(sort=True)
        self.said.append(
            f"several classes: {self.target} has {levels} different values, the commonest is "
            f"{literal(common.item(0, self.target))} ({common.item(0, 'count') / rows:.1%} of rows); metric log_loss"
        )
        return "multiclass", column, "log_loss"

    def _classes(self, label: str, values: pl.Series, positive: Any, why: str) -> tuple[str, str, str]:
        from treadle.scoring import task_of

        metric = task_of("classification").metric(None, (values == positive).cast(float).to_numpy())
        self.said.append(
            f"classification of {self.target}, since {why}; {(values == positive).mean():.1%} of rows are positive, "
            f"so the metric is {metric}"
        )
        return "classification", label, metric

    @property
    def decides(self) -> bool:
        from treadle.scoring.tasks import TASKS

        return TASKS[self.kind].view == "decisions"

    @property
    def numeric(self) -> bool:
        """Whether rows cannot be dealt out by class."""
        from treadle.scoring.tasks import TASKS

        return TASKS[self.kind].view in ("numbers", "spread")

    def _key(self) -> str | None:
        rows = self.frame.height
        for name, kind in self.types.items():
            column = self.frame.get_column(name)
            whole = kind in ("int", "str") and name != self.target
            named = re.search(r"(^|_)(id|key|uuid|number|no|code|account)$|id$", name.lower()) is not None
            unique = whole and column.null_count() == 0 and column.n_unique() == rows
            if unique and (named or (kind == "str" and not self._free(name))):
                self.said.append(f"key: {name}, since it is never missing and never stands twice")
                return name
        self.said.append("no key: no column names each row; add one to join outcomes to rows")
        return None

    def _free(self, name: str) -> bool:
        """Whether a column is text that somebody wrote, which is told by its words and names no row."""
        from treadle.training.prepare import is_free_text

        return is_free_text(self.frame.get_column(name))

    def _time(self) -> str | None:
        times = [
            n
            for n, kind in self.types.items()
            if kind in ("timestamp", "date") and self.frame.get_column(n).null_count() == 0 and n != self.target
        ]
        if not times:
            self.said.append(
                "no time: rows are split at random"
                if self.numeric
                else "no time: rows are split at random, each class alike"
            )
            return None
        self.said.append(
            f"time: predictions are made at {times[0]}, and the newest fifth of rows is the test; if the label "
            "is known only later, say when with `label_known:`"
        )
        return times[0]

    def _features(self) -> list[str]:
        kept, left = [], []
        for name, kind in self.types.items():
            if name in (self.target, self.key):
                continue
            column = self.frame.get_column(name)
            distinct = column.n_unique()
            if not matches(FEATURE, name):
                left.append(f"{name!r} (no name that a feature may have)")
            elif distinct <= 1:
                left.append(f"{name} (never varies)")
            elif kind == "str" and distinct > max(_FEW, _MOST_LEVELS * self.frame.height) and not self._free(name):
                left.append(f"{name} (names nearly every row)")
            elif kind == "date" and name == self.time:
                left.append(f"{name} (the time itself)")
            else:
                kept.append(name)
        unread = [n for n in self.frame.columns if n not in self.types]
        left += [f"{n} (nested: not read so far)" for n in unread]
        if not kept:
            raise DataError("no column is left to learn from", where="--from", mend="give a table with more columns")
        self.said.append(f"features: {len(kept)} columns" + (f"; left out: {', '.join(left)}" if left else ""))
        self.said.append(
            "check that each feature is known when the prediction is made: a column that is filled in "
            "afterwards makes a model that looks good and is useless"
        )
        return kept

    def text(self) -> str:
        from ruamel.yaml import YAML
        from ruamel.yaml.comments import CommentedMap, CommentedSeq

        def flow(value: Any) -> Any:
            made: Any = CommentedMap(value) if isinstance(value, dict) else CommentedSeq(value)
            made.fa.set_flow_style()
            return made

        tree = CommentedMap(self._tree(flow))
        out = io.StringIO()
        yaml = YAML()
        yaml.width = 110
        yaml.dump(tree, out)
        return (
            "# Written by `treadle init`. Every line is a guess: read it, and correct what is wrong.\n" + out.getvalue()
        )

    def _tree(self, flow: Any) -> dict[str, Any]:
        source: dict[str, Any] = {"read": f"data/{self.name}{self.ending}"}
        if self.key:
            source["key"] = self.key
        if self.time:
            source["happened"] = self.time
        source["contract"] = f"contracts/{self.name}.yaml"
        split = {
            "by": "time" if self.time else "random" if self.numeric else "stratified",
            "test": 0.2,
            "folds": 4,
        }
        predict: dict[str, Any] = {
            "name": identifier_from(re.sub(r"\W+", "_", self.target), "label"),
            "each": self.name,
        }
        if self.time:
            at = quoted(self.time)
            predict["at"] = at if self.types[self.time] == "timestamp" else f"cast({at} as timestamp)"
        predict |= {"label": self.label, "kind": self.kind, "metric": self.metric, "split": flow(split)}
        brief: dict[str, Any] = {"decision": f"Say what is done with a prediction of {self.target}."}
        if self.decides:
            brief["mistakes"] = flow({"missed": 1.0, "false_alarm": 1.0, "currency": "USD"})
            self.said.append(
                "costs of mistakes: 1 and 1; set brief.mistakes to what they really cost, the threshold follows"
            )
        brief["limits"] = flow({"train_minutes": 5})
        brief["people"] = flow({"owner": self.owner, "reviewers": [], "approve": "policy"})
        self.said.append(
            f"owner: {self.owner}; the policy approves a release when every gate holds; name reviewers and "
            "set approve: reviewer to have a person approve"
        )
        here = login()
        access: dict[str, Any] = {"trust": "local"}
        if here != self.owner:
            access["logins"] = {here: self.owner}
        self.said.append(
            f"access: whoever works on this machine may act as any person of the project (--as); you, {here}, act as "
            f"{self.owner}; write trust: token to ask for each person's own token"
        )
        return {
            "project": self.name,
            "brief": brief,
            "access": flow(access),
            "sources": {self.name: flow(source)},
            "predict": predict,
            "features": {"request": flow(self.request)},
            "train": flow({"families": "auto", "search": "bayesian"}),
            "serve": flow({"endpoint": self.name, "port": 8686}),
        }
