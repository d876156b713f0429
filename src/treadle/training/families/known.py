"""All families of models: ours, and those that installed packages bring."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from treadle.errors import MissingExtra, SpecError, nearest
from treadle.scoring.tasks import Task
from treadle.spec.choices import FAMILY_ALIASES
from treadle.training.families.additive import AdditiveFamily
from treadle.training.families.bayes import BayesFamily
from treadle.training.families.beside import Beside
from treadle.training.families.blend import Blend, Constant
from treadle.training.families.catboost import CatBoostFamily
from treadle.training.families.centred import Centred
from treadle.training.families.embeddings import EmbeddingsFamily
from treadle.training.families.exposed import Exposed
from treadle.training.families.extra_trees import ExtraTreesFamily
from treadle.training.families.family import Estimator, Family, Kept
from treadle.training.families.lightgbm import LightGBMFamily
from treadle.training.families.linear import LinearFamily
from treadle.training.families.mlp import MLPFamily
from treadle.training.families.neighbours import NeighboursFamily
from treadle.training.families.random_forest import RandomForestFamily
from treadle.training.families.xgboost import XGBoostFamily

OWN: dict[str, type[Family]] = {
    family.name: family
    for family in (
        LinearFamily,
        LightGBMFamily,
        AdditiveFamily,
        ExtraTreesFamily,
        RandomForestFamily,
        MLPFamily,
        EmbeddingsFamily,
        BayesFamily,
        NeighboursFamily,
        CatBoostFamily,
        XGBoostFamily,
    )
}
AUTO = ("linear", "lightgbm", "catboost", "xgboost", "extra_trees", "mlp")
"""What `families: auto` tries of ours, where it is installed: those that have earned a place in the portfolio.
The others are tried where they are named; those that installed packages bring are always tried."""
ENTRY_POINT = "treadle.families"


@cache
def known() -> dict[str, type[Family]]:
    """All families by name: our own, and those that installed packages bring."""
    return OWN | {point.name: point.load() for point in entry_points(group=ENTRY_POINT) if point.name not in OWN}


def families(
    wanted: str | tuple[str, ...], task: Task, *, weight_option: bool = False, threads: int, seed: int = 7
) -> list[Family]:
    """The families named in `train.families`; `auto` is `AUTO` and what installed packages bring.

    Raises:
        SpecError: a family that does not exist, or cannot learn such a task.
        MissingExtra: one that is named, and whose library is not installed.
    """
    usual = tuple(name for name, each in known().items() if _usual(name, each, task))
    names = usual if wanted == "auto" else (wanted,) if isinstance(wanted, str) else wanted
    chosen = []
    for name in names:
        real = FAMILY_ALIASES.get(name, name)
        if real not in known():
            raise SpecError(
                f'there is no family of models "{name}"',
                where="train.families",
                mend=nearest(name, [*known(), *FAMILY_ALIASES]),
            )
        if not known()[real].installed():
            extra = known()[real].extra
            raise MissingExtra(
                extra, extra, what=f"models of the family {name} need the package {extra}", where="train.families"
            )
        if task.levels and not known()[real].quantiles:
            able = ", ".join(name for name, each in known().items() if each.quantiles)
            raise SpecError(
                f"the family {name} cannot learn quantiles",
                where="train.families",
                mend=f"name one of these: {able}",
            )
        chosen.append(known()[real](task, weight_option=weight_option, threads=threads, seed=seed))
    return list({family.name: family for family in chosen}.values())


def on_a_gpu(wanted: str | tuple[str, ...]) -> bool:
    """Whether one of the families named in `train.families` would fit on a GPU, where there is one."""
    if wanted == "auto":
        return any(each.gpu for name, each in known().items() if name in AUTO or name not in OWN)
    names = (wanted,) if isinstance(wanted, str) else wanted
    return any(known()[real].gpu for name in names if (real := FAMILY_ALIASES.get(name, name)) in known())


def _usual(name: str, family: type[Family], task: Task) -> bool:
    """Whether `auto` tries it."""
    mine = name in AUTO and family.installed()
    return (mine or name not in OWN) and (family.quantiles or not task.levels)


def restore(kept: Kept, task: Task) -> Estimator:
    """An estimator from what it kept of itself, whatever its family."""
    if kept.family == Blend.name:
        return Blend.restore(kept, lambda part: restore(part, task))
    if kept.family == Centred.name:
        return Centred.restore(kept, lambda part: restore(part, task))
    if kept.family == Exposed.name:
        return Exposed.restore(kept, lambda part: restore(part, task))
    if kept.family == Beside.name:
        return Beside.restore(kept, lambda part: restore(part, task))
    if kept.family == Constant.name:
        return Constant.restore(kept)
    return known()[kept.family](task).restore(kept)
