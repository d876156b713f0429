"""Ask the served bundle about the sealed rows of a new model, where the two can be asked the same question at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from treadle.errors import ModelError, TreadleError
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.features import alike
from treadle.scoring.over_served import OverServed
from treadle.stages.examples import Examples, Loaded

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from treadle.features import FeatureColumn, FeaturePlan
    from treadle.models import Bundle
    from treadle.stages.work import Bench
    from treadle.training import FittedModel, Look, SealedRows


class Standing(Struct, frozen=True):
    """A released version; `bundle`: the SHA-256 of its file. No reference, so that lineage does not lead from a model
    to what it was compared with."""

    model: str
    bundle: str


def held_against(
    standing: Standing, model: FittedModel, examples: Examples, loaded: Loaded, rows: SealedRows, bench: Bench
) -> OverServed:
    """The gain of `model` over a released version, or the reason why it cannot be told. `rows`: names of the test rows.

    The bundle is opened and held to its golden records, as a server does, and answers through its own scorer.
    """
    from treadle import training

    try:
        bundle = _opened(standing, bench)
        _same_question(bundle, model, examples)
        frame = _features(bundle, examples, loaded, bench)
    except TreadleError as bad:
        return OverServed(model=standing.model, bundle=standing.bundle, metric=model.summary.metric, untold=bad.what)
    manifest, scorer = bundle.manifest, bundle.scorer()
    served = training.Served(
        model=standing.model,
        bundle=standing.bundle,
        predict=lambda positions: scorer.score_matrix(scorer.encoder.matrix(frame[positions])),
        rule=manifest.task.rule(manifest.threshold),
        unlearned=_unlearned(bundle, examples, loaded, rows, bench),
    )
    return training.hold_against(served, model, loaded.table, loaded.split, seed=examples.seed)


def _opened(standing: Standing, bench: Bench) -> Bundle:
    """The bundle of a release. Whose key signed it was asked when it was released; here its digest tells it."""
    from treadle.models import Bundle

    bundle = Bundle.read(bench.blobs.get(standing.bundle), None, where=standing.model)
    bundle.verify_golden()
    return bundle


def _levels(quantiles: tuple[float, ...]) -> str:
    return ", ".join(f"{level:g}" for level in quantiles)


def _same_question(bundle: Bundle, model: FittedModel, examples: Examples) -> None:
    """Raises:
    ModelError: the two are asked different questions, or were chosen by different measures.
    """
    served, plan, summary = bundle.manifest, examples.plan, model.summary
    why = ""
    if served.kind != summary.kind:
        why = f"it tells {served.kind}, and this model {summary.kind}"
    elif (served.plan.each, served.plan.label) != (plan.each, plan.label):
        why = f"it predicts `{served.plan.label}` of {served.plan.each}, and this model `{plan.label}` of {plan.each}"
    elif served.classes != summary.classes:
        odd = sorted({*served.classes} ^ {*summary.classes})
        why = f"its classes are others: only one of the two knows {', '.join(odd[:5])}"
    elif served.quantiles != summary.quantiles:
        why = f"it tells the quantiles {_levels(served.quantiles)}, and this model {_levels(summary.quantiles)}"
    elif served.metric != summary.metric:
        why = f"it was chosen by {served.metric}, and this model by {summary.metric}"
    elif served.plan.exposure != plan.exposure:
        one, other = (each or "no exposure" for each in (served.plan.exposure, plan.exposure))
        why = f"it tells counts over {one}, and this model over {other}"
    if why:
        raise ModelError(why)


def _features(bundle: Bundle, examples: Examples, loaded: Loaded, bench: Bench) -> pl.DataFrame:
    """What the served version needs, of the rows of the table: from the table, where its features are made as this
    table's are; else by its own plan from the rows themselves, where it asks for nothing besides.

    Raises:
        ModelError: a lookup or window that the table has no longer, or a column that its source has no longer.
    """
    served = bundle.manifest.plan
    same = alike(served, examples.plan)
    missing = [f for f in served.features if f.name in bundle.manifest.encoder.inputs and f.name not in same]
    _refuse([f.name for f in missing if f.origin in ("lookup", "window")], "among the features as it knows them")
    return loaded.table.frame if not missing else _of_each_row(served, missing, examples, loaded, bench)


def _of_each_row(
    served: FeaturePlan, missing: list[FeatureColumn], examples: Examples, loaded: Loaded, bench: Bench
) -> pl.DataFrame:
    """The table with request and row features as the served version makes them."""
    from treadle import expr, features

    types = expr.column_types(raw := bench.read(examples.origin).filter(loaded.kept))
    _refuse([c.name for c in served.inputs if types.get(c.name) != c.type], f"a column of {served.each} as it knows it")
    alone = msgspec.structs.replace(served, lookups=(), windows=(), label="true", key=(), at=None, label_known=None)
    own = msgspec.structs.replace(alone, group=None, weight=None, features=(*missing,))
    made = features.build(own, {served.each: raw}).select([f.name for f in missing])
    return loaded.table.frame.with_columns(made.get_columns())


def _refuse(names: list[str], what: str) -> None:
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise ModelError(f"{', '.join(names[:5])}{more}, which it needs, is no longer {what}")


def _unlearned(
    bundle: Bundle, examples: Examples, loaded: Loaded, rows: SealedRows, bench: Bench
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which test rows the served version has surely not learned from, in their order.

    Of a split by time, those from its cut on, since all of its training rows lie before; else those that were sealed
    for it too.
    """
    import numpy as np

    from treadle.training import seen_by

    manifest, at = bundle.manifest, loaded.table.at
    cut = manifest.request.cut
    if cut is not None and at is not None and manifest.plan.at == examples.plan.at:
        later: np.ndarray[tuple[int], np.dtype[np.bool_]] = at[loaded.split.test] >= np.datetime64(
            cut.removesuffix("Z")
        )
        return later
    sealed = np.zeros(rows.rows, dtype=bool)
    for look in _looks(manifest.refs.get("model", ""), bench):
        sealed |= seen_by(rows, look)
    return sealed


def _looks(model: str, bench: Bench) -> list[Look]:
    """What was sealed when a fitted model was judged, as often as it was; nothing where its names are lost."""
    from treadle.training import Look

    mine = [entry.payload for entry in bench.chain.find(SealedOpened) if entry.payload.model.digest == model]
    found = []
    for names in {(looked.keys, looked.contents) for looked in mine}:
        try:
            keys, contents = (None if each is None else bench.blobs.get(each.digest) for each in names)
        except TreadleError:
            continue
        found.append(Look.read(keys, contents))
    return found
