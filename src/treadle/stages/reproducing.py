"""Make a model again from what the record holds, and hold each thing that is made to what was made then.

The steps are those of a run, asked for by the inputs that stand in the record; what they make is named by its content
and kept nowhere. The search is not repeated: within minutes it is a matter of the machine, and its choice is recorded.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from treadle.errors import ModelError, TreadleError
from treadle.evidence import Chain, Code, Entry, Payload, reached
from treadle.evidence.kinds.code_stated import CodeStated
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.evidence.kinds.labels_applied import LabelsApplied
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.models.reproduced import Compared, Reproduced
from treadle.stages.building import BuildFeatures, make_features
from treadle.stages.fitting import FitModel, fitted_model, make_model
from treadle.stages.judging import EvaluateModel, make_evaluation
from treadle.stages.labels import ApplyLabels, make_applied
from treadle.stages.stating import code_of
from treadle.stages.work import Bench, Work
from treadle.store import Blocks, Snapshot, fingerprint

if TYPE_CHECKING:
    import polars as pl

    from treadle.store import Blobs, Tables
    from treadle.workspace import Workspace

P = TypeVar("P", bound=Payload)
_MAKERS: dict[type[Payload], Callable[..., Payload]] = {
    FeaturesBuilt: make_features,
    LabelsApplied: make_applied,
    ModelFitted: make_model,
    ModelEvaluated: make_evaluation,
}


def reproduce(
    workspace: Workspace, packing: Entry[Any], led: Sequence[Entry[Payload]], say: Callable[[str], None]
) -> Reproduced:
    """`packing`: of the version. `led`: the entries that led to it, nearest first.

    Raises:
        ModelError: an entry that it needs is not among them, or is of a version that asked otherwise.
    """
    built, fitted = _only(led, FeaturesBuilt, packing), _only(led, ModelFitted, packing)
    judged = _only(led, ModelEvaluated, packing)
    labelled: list[Entry[Any]] = [entry for entry in led if isinstance(entry.payload, LabelsApplied)][:1]
    then: Snapshot = labelled[0].payload.table if labelled else built.payload.table
    differs = _of_code(workspace, (built, *labelled, fitted, judged))
    with tempfile.TemporaryDirectory(prefix="treadle-again-") as folder:
        bench = _bench(workspace, Path(folder))
        try:
            differs += _of_files(workspace, bench, fitted)
            say("features")
            table = make_features(_asked(built, BuildFeatures), bench).table
            if labelled:
                said = _asked(labelled[0], ApplyLabels)
                table = make_applied(msgspec.structs.replace(said, table=table), bench).table
            say("fit")
            asked = _asked(fitted, FitModel)
            examples = msgspec.structs.replace(asked.examples, table=table)
            model = make_model(msgspec.structs.replace(asked, examples=examples, minutes=None), bench).model
            say("evaluation")
            looked = _asked(judged, EvaluateModel)
            again = msgspec.structs.replace(looked, examples=examples, model=model, served=None)
            found = make_evaluation(again, bench)
            hurried = fitted_model(bench, fitted.payload.model).summary.notes
        finally:
            bench.chain.engine.dispose()
    compared = [
        _compare("features", then.fingerprint, table.fingerprint),
        _compare("model", fitted.payload.model.digest, model.digest),
        _value(judged.payload, found),
        Compared("interval", _span(judged.payload), _span(found), _span(judged.payload) == _span(found)),
    ]
    ok = all(each.same for each in compared if each.what != "interval")
    if not ok:
        differs += [f"then: {note}" for note in hurried if "no time" in note]
    return Reproduced(packing.payload.model, ok, compared, differs)


def _only(led: Sequence[Entry[Payload]], kind: type[P], packing: Entry[Any]) -> Entry[P]:
    found: list[Entry[Any]] = [entry for entry in led if isinstance(entry.payload, kind)]
    if not found:
        raise ModelError(
            f"no entry {kind.KIND} led to {packing.payload.model}",
            where=packing.payload.model,
            mend="treadle why shows what did; what an older Treadle wrote cannot be made again",
        )
    return found[0]


A = TypeVar("A", BuildFeatures, ApplyLabels, FitModel, EvaluateModel)


def _asked(entry: Entry[Any], kind: type[A]) -> A:
    try:
        return msgspec.json.decode(entry.input, type=kind)
    except msgspec.MsgspecError as bad:
        raise ModelError(
            f"{entry.kind} was asked for in a way that is not known here: {bad}",
            where=f"entry {entry.seq}",
            mend="make it again with the Treadle that wrote it",
        ) from bad


def _of_code(workspace: Workspace, entries: Sequence[Entry[Any]]) -> list[str]:
    """Modules of Treadle, libraries and Python that are not those that made these entries."""
    found: dict[str, None] = {}
    for entry in entries:
        now = reached(_MAKERS[type(entry.payload)].__module__)
        try:
            then = msgspec.json.decode(workspace.blobs.get(entry.code), type=Code)
        except (TreadleError, msgspec.MsgspecError):
            found[f"the list of code of {entry.kind} cannot be read"] = None
            continue
        for name in now.changes(then):
            was, now_is = then.libraries.get(name), now.libraries.get(name)
            told = f"{name} {was or 'absent'} then, {now_is or 'absent'} now" if was or now_is else f"{name} was edited"
            if name.startswith("Python "):
                told = f"{then.python} then, {now.python} now"
            found[told] = None
    return list(found)


def _of_files(workspace: Workspace, bench: Bench, fitted: Entry[ModelFitted]) -> list[str]:
    """The project's own files and its place in Git, then and now. They decide nothing: inputs are in the record."""
    subject = f"code/{workspace.project.spec.project}"
    said = workspace.chain.find(CodeStated, subject=subject, status="done", newest_first=True)
    then = next((entry.payload for entry in said if entry.seq < fitted.seq), None)
    if then is None:
        return ["where the project's files and Git were then is not in the record"]
    now = code_of(workspace.project, bench.blobs)
    out = []
    if then.commit != now.commit:
        out.append(f"Git: {then.said()} then; {now.said()} now")
    elif then.diff != now.diff or then.changed != now.changed:
        out.append(
            f"uncommitted: {', '.join(then.changed) or 'nothing'} then; {', '.join(now.changed) or 'nothing'} now"
        )
    was, is_now = ({blob.name: blob.digest for blob in each.files} for each in (then, now))
    out += [f"{name} was edited since" for name in sorted({*was, *is_now}) if was.get(name) != is_now.get(name)]
    return out


def _compare(what: str, then: str, now: str) -> Compared:
    return Compared(what, then[:12], now[:12], then == now)


def _value(then: ModelEvaluated, now: ModelEvaluated) -> Compared:
    return Compared(then.metric, f"{then.value:.6g}", f"{now.value:.6g}", then.value == now.value)


def _span(found: ModelEvaluated) -> str:
    return "none" if found.low is None or found.high is None else f"{found.low:.6g} to {found.high:.6g}"


def _bench(workspace: Workspace, folder: Path) -> Bench:
    """Reads what the workspace keeps; what is made stays in memory, and what is noted in a record that is soon gone."""
    from treadle.store.catalog import open_catalog

    chain = Chain(
        engine=open_catalog(folder / "catalog.db"), actor=workspace.chain.actor, run="again", head_file=folder / "head"
    )
    whole = Work(replace(workspace, chain=chain)).bench()
    return replace(whole, tables=_Tables(workspace.tables, folder), blobs=_Blobs(workspace.blobs, folder))


class _Tables:
    """The tables of a workspace, and what is made beside them, by its content."""

    def __init__(self, kept: Tables, folder: Path) -> None:
        self._kept, self._folder = kept, folder
        self._made, self._parted = dict[str, Any](), dict[str, list[Path]]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)

    def replace(self, name: str, frame: pl.DataFrame) -> Snapshot:
        content = fingerprint(frame)
        self._made[content] = frame
        return Snapshot(name, -1, content, frame.height)

    def replace_parts(self, name: str, parts: Iterable[pl.DataFrame]) -> Snapshot:
        """What comes in parts may be larger than memory, so it is laid down."""
        blocks, rows, files, run = Blocks(), 0, list[Path](), uuid.uuid4().hex
        for part in parts:
            blocks.add(part)
            rows += part.height
            files.append(self._folder / f"{run}-{len(files)}.parquet")
            part.write_parquet(files[-1])
        content = blocks.fingerprint()
        self._parted[content] = files
        return Snapshot(name, -1, content, rows)

    def read(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> pl.DataFrame:
        import polars as pl

        if snapshot.fingerprint in self._parted:
            return pl.concat(self.parts(snapshot, columns))
        made: pl.DataFrame | None = self._made.get(snapshot.fingerprint)
        if made is None:
            return self._kept.read(snapshot, columns)
        return made if columns is None else made.select(columns)

    def parts(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        import polars as pl

        if snapshot.fingerprint in self._parted:
            wanted = None if columns is None else list(columns)
            yield from (pl.read_parquet(file, columns=wanted) for file in self._parted[snapshot.fingerprint])
        elif snapshot.fingerprint in self._made:
            yield self.read(snapshot, columns)
        else:
            yield from self._kept.parts(snapshot, columns)


class _Blobs:
    def __init__(self, kept: Blobs, folder: Path) -> None:
        self._kept, self._folder = kept, folder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)

    def put(self, content: bytes) -> str:
        import hashlib

        digest = hashlib.sha256(content).hexdigest()
        (self._folder / digest).write_bytes(content)
        return digest

    def get(self, digest: str) -> bytes:
        made = self._folder / digest
        return made.read_bytes() if made.is_file() else self._kept.get(digest)
