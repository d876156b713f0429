"""Which settings are tried next: those of the portfolio in their order, then what Optuna draws from what was seen.

What comes at a place of the order follows from the seed, the place, and what the trials before it came to; so a search
that is taken up again asks for what it would have asked for, had it not been interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from treadle.spec import Train
from treadle.training.families import Family, Params
from treadle.training.portfolio import portfolio
from treadle.training.prepare import GROUPS, added, alone
from treadle.training.recency import RECENT

Settings = dict[str, bool | int | float | str | None]
_OF_FEATURES = ("features", "text", "recent", "groups")
"""Settings that are no family's own: how rows are prepared for it."""
_DRAWN_FIRST = 6
"""Whole trials before TPE believes what it has seen."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What is to be tried: `settings` name everything that was drawn, `params` is how the family is told of it."""

    family: Family
    params: Params
    settings: Settings
    drawn: Any
    """Optuna's own trial, for `Asking.tell`."""


class Asking:
    """`ways`: in which features may be prepared; `text`: whether there is text, which some take as categories;
    `ordered`: whether the model is for what comes later, so that old rows may weigh less; `groups`: whether numbers can
    be told beside what is usual in a row's group.

    With `search: random` every draw is random; with `bayesian` they come from tree-structured Parzen estimators
    (Bergstra et al. 2011), by Optuna (Akiba et al. 2019).
    """

    def __init__(
        self,
        train: Train,
        chosen: list[Family],
        ways: tuple[str, ...] = ("plain",),
        text: bool = False,
        ordered: bool = False,
        groups: bool = False,
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.train, self.chosen, self.ways, self.text = train, chosen, ways, text
        self.ordered = ordered and train.search != "none"
        self._without = train.search == "none"
        self.groups = groups and not self._without
        self._waiting = self._listed()
        self._listed_at_first = len(self._waiting)
        self._told: list[tuple[float, Settings]] = []
        self._study = optuna.create_study(direction="maximize", sampler=self._sampler(0))
        self._asked = 0

    @property
    def listed(self) -> int:
        """Settings that come before any draw."""
        return self._listed_at_first

    def next(self) -> Asked:
        number, self._asked = self._asked, self._asked + 1
        self._study.sampler = self._sampler(number)
        if (listed := self._next_listed()) is not None:
            self._study.enqueue_trial(listed)
        drawn = self._study.ask()
        name = drawn.suggest_categorical("family", [family.name for family in self.chosen])
        family = next(family for family in self.chosen if family.name == name)
        params = family.suggest(drawn) | self._prepared(drawn, family)
        return Asked(family, params, dict(drawn.params), drawn)

    def tell(self, asked: Asked, value: float | None) -> None:
        """What it came to, more being better; None where it came to nothing. What was given up tells of its folds."""
        import optuna

        if value is None:
            self._study.tell(asked.drawn, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(asked.drawn, value)
            self._told.append((value, asked.settings))

    def _next_listed(self) -> Settings | None:
        """The next of the list, its features prepared as the list says, or else as the best so far had them."""
        while self._waiting:
            settings = self._waiting.pop(0)
            for key, usual in self._usual(settings).items():
                known = [(value, told[key]) for value, told in self._told if key in told]
                best = max(known, key=lambda one: one[0])[1] if known else usual
                settings = {**settings, key: self._way(alone(str(best))) if key == "features" else best}
            if settings not in [told for _, told in self._told]:
                return settings
        return None

    def _usual(self, settings: Settings) -> Settings:
        """What has to be said of how features are prepared, and is not, at its plainest."""
        native = any(f.native for f in self.chosen if f.name == settings["family"])
        usual: Settings = {"features": self.ways[0]} if len(self.ways) > 1 and not self._without else {}
        if self.text and native and not self._without:
            usual["text"] = "rates"
        if self.groups and any(f.pairs for f in self.chosen if f.name == settings["family"]):
            usual["groups"] = GROUPS[0]
        return {key: value for key, value in usual.items() if key not in settings}

    def _sampler(self, number: int) -> Any:
        import optuna

        seed = int(np.random.SeedSequence((self.train.seed, number)).generate_state(1)[0])
        if self.train.search == "bayesian":
            return optuna.samplers.TPESampler(seed=seed, n_startup_trials=_DRAWN_FIRST)
        return optuna.samplers.RandomSampler(seed=seed)

    def _prepared(self, drawn: Any, family: Family) -> Params:
        """How the features are prepared in a trial; nothing is said where there is one way only."""
        found: Params = {}
        if self.text and family.native and not self._without:
            found["text"] = drawn.suggest_categorical("text", ("rates", "native"))
        if self.ordered:
            found["recent"] = drawn.suggest_categorical("recent", tuple(RECENT))
        if self.groups and family.pairs:
            found["groups"] = drawn.suggest_categorical("groups", GROUPS)
        if self._without or len(self.ways) == 1:
            return found if self.ways[0] == "plain" else {**found, "features": self.ways[0]}
        way = drawn.suggest_categorical("features", self.ways)
        return {**found, "features": way if family.pairs else alone(way)}

    def _listed(self) -> list[Settings]:
        """The portfolio, without what says nothing here: a recipe that is none, categories where there is no text."""
        first = [(f, f.defaults()) for f in self.chosen] if self._without else portfolio(self.chosen)
        # what only some tables have is soon asked for: nothing in the list below stands in for it
        ways = () if self._without else added(self.ways)
        first[2:2] = [(f, {**f.defaults(), "features": way}) for way in ways for f in self.chosen[:2]]
        first[1:1] = self._prepared_otherwise(first[:1])
        found: list[Settings] = []
        for family, params in first:
            settings = {
                f"{family.name}.{key}": value
                for key, value in params.items()
                if (family.weight_option or key != "even_classes") and key not in _OF_FEATURES
            }
            said: Settings = {}
            if len(self.ways) > 1 and "features" in params:
                said["features"] = self._way(params["features"])
            if self.text and family.native and "text" in params:
                said["text"] = params["text"]
            if self.ordered:
                said["recent"] = params.get("recent", "all")
            if self.groups and family.pairs and "groups" in params:
                said["groups"] = params["groups"]
            found.append({"family": family.name, **settings, **said})
        # of a table without text, or without an order in time, some are the same again
        return [settings for place, settings in enumerate(found) if settings not in found[:place]]

    def _prepared_otherwise(self, first: list[tuple[Family, Params]]) -> list[tuple[Family, Params]]:
        """The first of the list once more, with time in a line, with text by rates and with groups: what is better for
        it will be so for those that come after it."""
        if self._without:
            return []
        trend = [(f, {**params, "features": "trend"}) for f, params in first if "trend" in self.ways]
        rates = [(f, {**params, "text": "rates"}) for f, params in first if self.text and f.native]
        grouped = [(f, {**params, "groups": GROUPS[1]}) for f, params in first if self.groups and f.pairs]
        return [*trend, *rates, *grouped]

    def _way(self, wanted: str) -> str:
        """The wanted way to prepare features, or what this table has in its place."""
        if wanted in self.ways:
            return wanted
        return next((way for way in self.ways if way.endswith("pairs") == wanted.endswith("pairs")), self.ways[0])
