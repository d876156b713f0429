"""The project file of a guess, and what of it a person should read twice."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from treadle.access import login
from treadle.drafting.places import Place
from treadle.drafting.quoting import quoted
from treadle.drafting.stated import NOTHING_STATED, Stated
from treadle.spec import stated as stated_settings
from treadle.spec.names import identifier_from

if TYPE_CHECKING:
    from treadle.drafting.guessing import Guess
    from treadle.drafting.tabling import Tabled


def project_file(guess: Guess, place: Place, stated: Stated = NOTHING_STATED) -> tuple[str, list[str]]:
    """The text, and a sentence for each guess that only the file holds. `place`: where its table lies."""
    tree = _tree(guess, _source(guess, place), stated)
    return _text(tree), _said(guess, place.contract, stated)


def data_file(project: str, tables: Sequence[tuple[Tabled, Place]]) -> tuple[str, list[str]]:
    """As `project_file`, of a project of data alone, which may have several tables."""
    owner = tables[0][0].owner
    people = {"owner": owner, "reviewers": []}
    tree = {
        "project": project,
        "people": _flow(people),
        "access": _access(owner),
        "sources": {table.name: _flow(_source(table, place)) for table, place in tables},
    }
    held = list(dict.fromkeys(_held(table, place.contract, several=len(tables) > 1) for table, place in tables))
    return _text(tree), [*held, f"owner: {owner}", _acting(owner)]


def _text(tree: dict[str, Any]) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    out, yaml = io.StringIO(), YAML()
    yaml.width = 110
    yaml.dump(CommentedMap(tree), out)
    head = "# Written by `treadle`, from a table. Every line is a guess: read it, and correct what is wrong.\n"
    return head + out.getvalue()


def _held(table: Guess | Tabled, contract: bool, *, several: bool = False) -> str:
    if not contract:
        return f"no contract: {table.frame.width:,} columns are too many to propose rules for"
    hard = "types, key or label" if table.target else "types or key"
    which = "contracts: those in contracts/ set" if several else f"contract: contracts/{table.name}.yaml sets"
    return (
        f"{which} rows aside that break {hard}; what lies beyond the "
        "ranges and values seen so far is kept and told of, while no more than 5 % do"
    )


def _acting(owner: str) -> str:
    return (
        f"access: whoever works on this machine may act as any person of the project (--as); you, {login()}, act as "
        f"{owner}; write trust: token to ask for each person's own token"
    )


def _access(owner: str) -> Any:
    here = login()
    return _flow({"trust": "local"} | ({} if here == owner else {"logins": {here: owner}}))


def _said(guess: Guess, contract: bool, stated: Stated) -> list[str]:
    said = [_held(guess, contract)]
    if guess.decides and stated.missed is None and stated.false_alarm is None:
        said.append("costs of mistakes: 1 and 1; set brief.mistakes to what they really cost, the threshold follows")
    said.append(
        f"owner: {guess.owner}; the policy approves a release when every gate holds; name reviewers and "
        "set approve: reviewer to have a person approve"
    )
    said.append(_acting(guess.owner))
    return said


def _source(guess: Guess | Tabled, place: Place) -> dict[str, Any]:
    source: dict[str, Any] = {"read": place.read} | ({"table": place.table} if place.table else {})
    for name, value in stated_settings(place.layout).items():
        whole = isinstance(value, dict | list | tuple)
        source[name] = (
            _flow({_key(k): _inner(v) for k, v in value.items()} if isinstance(value, dict) else value)
            if whole
            else value
        )
    if guess.key:
        source["key"] = guess.key[0] if len(guess.key) == 1 else _flow(list(guess.key))
    if guess.time:
        source["happened"] = guess.time
    return source | ({"contract": f"contracts/{guess.name}.yaml"} if place.contract else {})


def _tree(guess: Guess, source: dict[str, Any], stated: Stated) -> dict[str, Any]:
    hints = guess.hints
    brief: dict[str, Any] = {"decision": f"Say what is done with a prediction of {guess.target}."}
    if guess.decides:
        missed, alarm = (1.0 if cost is None else cost for cost in (stated.missed, stated.false_alarm))
        brief["mistakes"] = _flow({"missed": missed, "false_alarm": alarm, "currency": "USD"})
    limits = {"train_minutes": hints.minutes, "train_cost": hints.spend}
    if any(each is not None for each in limits.values()):
        brief["limits"] = _flow({name: each for name, each in limits.items() if each is not None})
    brief["people"] = _flow({"owner": guess.owner, "reviewers": [], "approve": "policy"})
    trials = {} if hints.trials is None else {"trials": hints.trials}
    return {
        "project": guess.name,
        "brief": brief,
        "access": _access(guess.owner),
        "sources": {guess.name: _flow(source)},
        "predict": _predict(guess, stated),
        "features": {"request": _flow(guess.request)},
        "train": _flow(
            {"families": _flow(list(hints.families)) if hints.families else "auto", "search": "bayesian"} | trials
        ),
        "serve": _flow({"endpoint": guess.name, "port": 8686}),
    }


def _predict(guess: Guess, stated: Stated) -> dict[str, Any]:
    group = guess.hints.group
    by = "group" if group else "time" if guess.time else "random" if guess.numeric else "stratified"
    split: dict[str, Any] = {"by": by, "test": 0.2, "folds": 4} | ({"group": group} if group else {})
    made = {"name": identifier_from(re.sub(r"\W+", "_", guess.target), "label"), "each": guess.name}
    if guess.time:
        at = quoted(guess.time)
        made["at"] = at if guess.types[guess.time] == "timestamp" else f"cast({at} as timestamp)"
    beside = {"weight": stated.weight, "exposure": stated.exposure}
    made |= {name: column for name, column in beside.items() if column is not None}
    return made | {"label": guess.label, "kind": guess.kind, "metric": guess.metric, "split": _flow(split)}


def _key(name: str) -> str:
    """Quoted where it has blanks: at one of them ruamel.yaml may break a line, and a plain key does not go on there."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    return DoubleQuotedScalarString(name) if " " in name else name


def _inner(value: Any) -> Any:
    return _flow(list(value)) if isinstance(value, list | tuple) else value


def _flow(value: Any) -> Any:
    """As one line, `{a: 1}` or `[a, b]`."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    made: Any = CommentedMap(value) if isinstance(value, dict) else CommentedSeq(value)
    made.fa.set_flow_style()
    return made
