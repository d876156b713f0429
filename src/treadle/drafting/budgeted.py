"""Money in a project file: budgets of a person or an endpoint that is not there, and prices of a day to come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.access import people
from treadle.costs.budgets import refuse_unheld
from treadle.errors import MoneyError, nearest

if TYPE_CHECKING:
    from treadle.costs import PriceBook
    from treadle.drafting.gathering import Gathered
    from treadle.spec import Project, ProjectSpec


class Odd(Struct, frozen=True):
    """What is odd of a budget, at a path in the project file. `may_be`: somebody may yet act by that name."""

    path: str
    what: str
    mend: str
    may_be: bool = False

    def said(self) -> str:
        return f"{self.what} ({self.mend})"


def odd(project: Project) -> Iterator[Odd]:
    """Budgets whose name is of nobody, so that they hold nobody up."""
    spec = project.spec
    for number, budget in enumerate(spec.budgets):
        path, name = f"budgets[{number}].name", budget.name
        if name is None:
            continue
        if budget.of in ("project", "run"):
            each = "there is one project" if budget.of == "project" else "each run has it"
            yield Odd(path, f"a budget of {budget.of} takes no name, and has {name}", f"take `name` out: {each}")
        elif budget.of == "endpoint" and name not in (known := {each.endpoint for each in project.each()}):
            mend = nearest(name, known) or "nothing is predicted, so that there is no endpoint"
            yield Odd(path, f"no endpoint is called {name}, so that this budget holds nothing up", mend)
        elif budget.of == "person" and name not in (known := _persons(spec)):
            what = f"nobody of the project is called {name}, so that this budget holds nobody up"
            yield Odd(path, what, nearest(name, known), may_be=True)


def check_money(project: Project, book: PriceBook, today: str, found: Gathered) -> None:
    """Of whom budgets are, and whether what is priced can be held against them; whether the prices hold by now."""
    if project.spec.prices and (ahead := book.ahead_of(today)):  # the day of the book that comes along is as it is
        found.warning("prices", f"{ahead}: write the day from which they hold")
    for each in odd(project):
        if each.may_be:
            found.warning(each.path, each.said())
        else:
            found.problem(each.path, each.what, each.mend)
    for number, budget in enumerate(project.spec.budgets):
        try:
            refuse_unheld(budget, book.rates)
        except MoneyError as bad:
            found.problem(f"budgets[{number}].currency", bad.what, bad.mend)


def _persons(spec: ProjectSpec) -> set[str]:
    return people(spec) | set(spec.access.logins.values())
