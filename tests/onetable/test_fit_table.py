"""From one table to a judged model: nothing is left without a folder to save in, and a saved project goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle import training
from treadle.access import local_principal
from treadle.api.fit import FitAnswer, FitRequest, fit
from treadle.api.operation import Context
from treadle.api.work import RunRequest, run
from treadle.errors import AccessError, DataError, SpecError, TreadleError
from treadle.evidence import Silent, TrialSeen, Watched
from treadle.evidence.kinds.trials_kept import TrialsKept
from treadle.spec import load
from treadle.training import SearchResult
from treadle.workspace import open_workspace

ROWS = 240
QUICK = {"trials": 1, "family": ("linear",), "owner": "ada"}


def who(project: object) -> object:
    return local_principal(project.spec, None)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def its_own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where temporary folders and what this account trusts go, so that what is left there is seen."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "trust"))
    monkeypatch.delenv("TREADLE_HOME", raising=False)


@pytest.fixture
def frame() -> pl.DataFrame:
    random = np.random.default_rng(3)
    x = random.normal(size=ROWS)
    return pl.DataFrame(
        {
            "x": x,
            "town": random.choice(["Ulm", "Bonn", "Kiel"], ROWS),
            "who": random.integers(0, 40, ROWS),
            "left": np.where(x + random.normal(size=ROWS) > 0.8, "gone", "here"),
        }
    )


def fitted(
    folder: Path, frame: pl.DataFrame, target: str = "left", told: list[str] | None = None, **more: object
) -> FitAnswer:
    file = folder / "people.csv"
    frame.write_csv(file)
    say: Callable[[str], None] = (told if told is not None else []).append
    context = Context(who, observer=more.pop("observer", None), say=say)  # type: ignore[arg-type]
    asked = {"file": str(file)} | QUICK | more
    return fit(FitRequest(target=target, **asked), context)  # type: ignore[arg-type]


def left_behind(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*")} - {"people.csv", "scratch"}


def test_nothing_is_left_without_a_folder_to_save_in(tmp_path: Path, frame: pl.DataFrame) -> None:
    told: list[str] = []
    answer = fitted(tmp_path, frame, told=told)
    assert left_behind(tmp_path) == set()
    assert (answer.kind, answer.metric, answer.chosen, answer.tried) == ("classification", "roc_auc", "linear", 1)
    assert answer.rows + answer.train_rows == ROWS and 0.6 < answer.value < 1
    low, high = answer.interval
    assert low is not None and high is not None and low < answer.value < high
    assert answer.baseline == 0.5 and answer.decisions is not None
    never, always = (rule.cost for rule in answer.decisions.fixed)
    assert never == pytest.approx(1 - always)
    assert (answer.saved, answer.model, answer.report) == ("", "", "") and "--save DIR" in answer.next[-1]
    assert any("'gone', the rarer one, is the one to find" in line for line in told)
    assert any("192 rows to learn from and 48 sealed" in line for line in told)
    assert any(line.startswith("  tries linear: ") for line in told)


def test_a_record_that_is_named_elsewhere_is_not_written_to(
    tmp_path: Path, frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path / "home"))
    fitted(tmp_path, frame)
    assert not (tmp_path / "home").exists()


def test_a_saved_project_is_what_init_and_run_would_have_made_and_nothing_is_done_again(
    tmp_path: Path, frame: pl.DataFrame
) -> None:
    saved = tmp_path / "kept"
    answer = fitted(tmp_path, frame, save=str(saved))
    project = load(saved)
    assert (project.spec.project, project.spec.train.trials, project.spec.train.families) == ("kept", 1, ("linear",))
    assert answer.model == "kept:1" and Path(answer.report).is_file() and (saved / "contracts" / "kept.yaml").is_file()
    after = run(RunRequest(project=str(saved)), Context(who))  # type: ignore[arg-type]
    assert len(after.cached_steps) == len(after.steps) == 8
    assert (after.model, after.value, after.opened) == ("kept:1", answer.value, 1)
    assert after.released == all(gate.holds for gate in after.gates)


@pytest.mark.parametrize(("hints", "by"), [({}, "stratified"), ({"time": "day"}, "time"), ({"group": "who"}, "group")])
def test_rows_are_split_as_they_are_said_to_belong(
    tmp_path: Path, frame: pl.DataFrame, hints: dict[str, str], by: str
) -> None:
    days = [None if n == 5 else date(2024, 1, 1) + timedelta(days=n) for n in range(ROWS)]
    answer = fitted(tmp_path, frame.with_columns(day=pl.Series(days)), save=str(tmp_path / "kept"), **hints)
    assert load(tmp_path / "kept").spec.predict.split.by == by
    assert ("in order of time" in answer.profile) == (by == "time")
    assert any("rows have no day" in guess for guess in answer.guesses) == (by == "time")
    assert any("`label_known:` of `predict:` in" in note for note in answer.notes) == (by == "time")
    assert not any("predict.label_known" in note for note in answer.notes)


def test_a_near_copy_of_the_label_is_told_with_what_to_do(tmp_path: Path, frame: pl.DataFrame) -> None:
    noise = np.random.default_rng(1).normal(size=ROWS) / 50
    leaking = frame.with_columns(
        after=(pl.col("left") == "gone").cast(pl.Float64) + pl.Series(noise), same=pl.col("left")
    )
    answer = fitted(tmp_path, leaking)
    assert [found.feature for found in answer.findings] == ["after"]
    assert answer.next[0].startswith("--drop after, if it is not known")
    assert any("same (the label itself" in guess for guess in answer.guesses)
    assert not fitted(tmp_path, leaking, drop=("after",)).findings


def test_an_observer_sees_every_trial_as_it_ends(tmp_path: Path, frame: pl.DataFrame) -> None:
    class Told(Silent):
        def __init__(self) -> None:
            self.seen: list[TrialSeen] = []

        def tried(self, step: Watched, trial: TrialSeen) -> None:
            assert step.kind == "training.search"
            self.seen.append(trial)

    told = Told()
    answer = fitted(tmp_path, frame, trials=3, observer=told)
    assert [trial.number for trial in told.seen] == [0, 1, 2] == list(range(answer.tried))
    assert [trial.trials_left for trial in told.seen] == [2, 1, 0]
    assert all(trial.best_value >= trial.value for trial in told.seen if trial.state == "complete")
    assert told.seen[-1].best == answer.trials[0].number - 1 and told.seen[-1].metric == "roc_auc"


def test_fewer_trials_than_families_are_as_many_as_asked_for(tmp_path: Path, frame: pl.DataFrame) -> None:
    answer = fitted(tmp_path, frame, family=("linear", "bayes", "lightgbm"), trials=1)
    assert answer.tried == 1 and [family.trials for family in answer.families if family.trials] == [1]
    assert any(said.endswith("the trials were over before its turn; --trials gives more") for said in answer.not_tried)


def test_columns_that_cannot_be_fields_or_are_endless_are_left_out_and_said(
    tmp_path: Path, frame: pl.DataFrame
) -> None:
    ill = pl.when(pl.int_range(pl.len()) % 3 == 0).then(float("inf")).otherwise(pl.col("x"))
    odd = frame.with_columns(endless=ill, **{'say "hi"': pl.col("who"), "größe in m²": pl.col("x") * 2})
    answer = fitted(tmp_path, odd)
    (said,) = [guess for guess in answer.guesses if guess.startswith("features: ")]
    assert "endless (infinite in 80 rows)" in said and "a quote, a backslash" in said
    assert said.startswith("features: 4 columns")
    few = frame.with_columns(x=pl.when(pl.int_range(pl.len()) == 7).then(float("inf")).otherwise(pl.col("x")))
    answer = fitted(tmp_path, few)
    assert "x: 1 rows have infinite values, and are set aside as bad" in answer.guesses
    assert answer.rows + answer.train_rows == ROWS - 1


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"target": "lefd"}, DataError, 'did you mean "left"?'),
        ({"minutes": 0.1}, SpecError, "--minutes: 0.1 minutes are no time"),
        ({"minutes": float("nan")}, SpecError, "--minutes: nan minutes are no time"),
        ({"trials": 0}, SpecError, "--trials: 0 trials are no search"),
        ({"metric": "auc"}, SpecError, '--metric: there is no metric "auc"'),
        ({"metric": "mae"}, SpecError, '--metric: there is no classification metric "mae"'),
        ({"family": ("tree",)}, SpecError, '--family: there is no family of models "tree"'),
        ({"family": ("lightgmb",)}, SpecError, 'did you mean "lightgbm"?'),
        ({"file": "gone.csv", "family": ("lightgmb",)}, SpecError, 'did you mean "lightgbm"?'),
        ({"weight": "nope"}, DataError, '--weight: the table has no column "nope"'),
        ({"weight": "town"}, DataError, "--weight: town is no number"),
        ({"weight": "x"}, DataError, "--weight: x is missing, infinite or not zero or more in"),
        ({"exposure": "who", "kind": "regression"}, SpecError, "give --kind counts"),
        ({"missed": -1.0}, SpecError, "--missed: a mistake cannot cost -1"),
        ({"missed": 0.0, "false_alarm": 0.0}, SpecError, "mistakes of both kinds cost nothing"),
        ({"positive": "away"}, DataError, '--positive: left is never "away"'),
        ({"drop": ("left",)}, DataError, "--drop: left is what is predicted"),
        ({"owner": "a b"}, AccessError, "is not a name"),
    ],
)
def test_what_cannot_be_is_one_clear_error_and_nothing_is_left(
    tmp_path: Path, frame: pl.DataFrame, more: dict[str, object], error: type[TreadleError], said: str
) -> None:
    with pytest.raises(error) as caught:
        fitted(tmp_path, frame, **more)  # type: ignore[arg-type]
    assert said in str(caught.value)
    with pytest.raises(error):
        fitted(tmp_path, frame, save=str(tmp_path / "kept"), **more)  # type: ignore[arg-type]
    assert left_behind(tmp_path) - {"trust"} == set()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (lambda n: ["a", "b", "a"][:n], "left is known in 3 rows only; at least 50 are needed"),
        (lambda n: ["a"] * n, "left has 1 distinct value, 'a'"),
        (lambda n: ["a"] * (n - 1) + ["b"], "1 rows of the rarer class are too few"),
        (lambda n: [f"k{i % 3}" if i < 5 else "a" for i in range(n)], "all classes but one have under 10 rows"),
        (lambda n: [None] * n, "left is missing in every row"),
        (lambda n: [f"name {i}" for i in range(n)], "that names rows, and no classes"),
    ],
)
def test_labels_that_teach_nothing_are_refused_before_anything_is_written(
    tmp_path: Path, frame: pl.DataFrame, labels: Callable[[int], list[str | None]], said: str
) -> None:
    given = labels(ROWS)
    frame = frame.head(len(given)).with_columns(left=pl.Series(given, dtype=pl.String))
    with pytest.raises(DataError) as caught:
        fitted(tmp_path, frame, save=str(tmp_path / "kept"))
    assert said in str(caught.value) and left_behind(tmp_path) == set()


def test_a_count_below_zero_is_refused_before_anything_is_written(tmp_path: Path, frame: pl.DataFrame) -> None:
    counts = frame.with_columns(left=pl.int_range(pl.len()) % 5 - 1)
    with pytest.raises(DataError, match="left: a count is below zero: -1"):
        fitted(tmp_path, counts, save=str(tmp_path / "kept"), kind="counts")
    assert left_behind(tmp_path) == set()


def test_a_folder_with_something_in_it_is_refused_before_a_row_is_read(tmp_path: Path, frame: pl.DataFrame) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for save, said in (("mine", "mine is a folder with something in it"), ("mine/notes.txt", "notes.txt is a file")):
        with pytest.raises(SpecError, match=said):
            fitted(tmp_path, frame, save=str(tmp_path / save))
    assert left_behind(tmp_path) == {"mine", "mine/notes.txt"}


def test_who_may_not_act_is_refused_and_nothing_is_left(tmp_path: Path, frame: pl.DataFrame) -> None:
    frame.write_csv(tmp_path / "people.csv")
    context = Context(lambda project: local_principal(project.spec, "mallory"))
    with pytest.raises(AccessError, match="mallory"):
        fit(FitRequest(file=str(tmp_path / "people.csv"), target="left", **QUICK), context)  # type: ignore[arg-type]
    assert left_behind(tmp_path) == set()


def test_when_it_is_stopped_it_says_what_is_kept(tmp_path: Path, frame: pl.DataFrame) -> None:
    class Stops(Silent):
        def tried(self, step: Watched, trial: TrialSeen) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="nothing is kept: with --save DIR"):
        fitted(tmp_path, frame, observer=Stops())
    assert left_behind(tmp_path) == set()
    with pytest.raises(KeyboardInterrupt, match=r"the trials are kept: treadle run .*kept goes on"):
        fitted(tmp_path, frame, save=str(tmp_path / "kept"), trials=2, observer=Stops())
    workspace = open_workspace(load(tmp_path / "kept"), actor="ada")
    assert [entry.payload.last for entry in workspace.chain.find(TrialsKept)] == [1]
    workspace.chain.engine.dispose()
    after = run(RunRequest(project=str(tmp_path / "kept")), Context(who))  # type: ignore[arg-type]
    assert [step.split()[0] for step in after.cached_steps] == ["brief.stated", "sources.read", "features.build"]


def test_a_weight_and_an_exposure_are_hinted_at_and_taken(tmp_path: Path, frame: pl.DataFrame) -> None:
    random = np.random.default_rng(5)
    counted = frame.with_columns(
        claims=pl.Series(random.poisson(2.0, ROWS)),
        years=pl.Series(random.uniform(0.1, 1, ROWS)),
        survey_wt=pl.lit(2.0),
    ).with_columns(survey_wt=pl.when(pl.col("who") > 20).then(1.0).otherwise(2.0))
    told = fitted(tmp_path, counted, "claims", kind="counts").guesses
    assert any(line.startswith("survey_wt is taken as a feature") and "--weight survey_wt" in line for line in told)
    assert any(line.startswith("years is taken as a feature") and "--exposure years" in line for line in told)
    answer = fitted(tmp_path, counted, "claims", exposure="years", weight="survey_wt", save=str(tmp_path / "kept"))
    predict = load(tmp_path / "kept").spec.predict
    assert (predict.kind, predict.exposure, predict.weight) == ("counts", "years", "survey_wt")
    assert not any("--exposure" in line or "--weight" in line for line in answer.guesses)
    assert any(note.startswith("Counts are in proportion to years") for note in answer.notes)
    assert {"years", "survey_wt"}.isdisjoint(load(tmp_path / "kept").spec.features.request)


def test_costs_that_nobody_stated_and_that_no_model_beats_are_told(tmp_path: Path, frame: pl.DataFrame) -> None:
    noise = frame.with_columns(x=pl.Series(np.random.default_rng(8).normal(size=ROWS)))
    (said,) = [note for note in fitted(tmp_path, noise).notes if "not surely cheaper" in note]
    assert "--missed and --false-alarm" in said and "nobody said what they do cost" in said
    kept = fitted(tmp_path, noise, save=str(tmp_path / "kept"))
    (said,) = [note for note in kept.notes if "not surely cheaper" in note]
    assert "kept/treadle.yaml" in said and "kept:1 --finding no_saving" in said
    after = run(RunRequest(project=str(tmp_path / "kept")), Context(who))  # type: ignore[arg-type]
    assert sum("not surely cheaper" in note for note in after.notes) == 1 and not after.released
    stated = fitted(tmp_path, noise, missed=3.0, save=str(tmp_path / "stated"))
    assert not any("not surely cheaper" in note for note in stated.notes)
    assert load(tmp_path / "stated").spec.brief.mistakes.missed == 3.0


def test_a_family_that_no_trial_came_to_is_told_as_not_tried(
    tmp_path: Path, frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = training.search

    def one_family(*args: object, **named: object) -> SearchResult:
        found = search(*args, **named)  # type: ignore[arg-type]
        trials = tuple(trial for trial in found.trials if trial.family == found.family)
        return msgspec.structs.replace(found, trials=trials, stopped="deadline")

    monkeypatch.setattr(training, "search", one_family, raising=False)
    answer = fitted(tmp_path, frame, family=("linear", "bayes"), trials=2)
    (left,) = {"linear", "bayes"} - {answer.chosen}
    assert f"{left}: the time was over before its turn; --minutes gives more" in answer.not_tried
    assert {family.family for family in answer.families if family.tried} == {answer.chosen}


def test_an_error_of_a_run_is_told_in_options(tmp_path: Path, frame: pl.DataFrame) -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(ROWS)]
    late = frame.with_columns(day=pl.Series(days), left=pl.Series(["here"] * (ROWS - 30) + ["gone"] * 30))
    with pytest.raises(DataError) as caught:
        fitted(tmp_path, late)
    assert caught.value.where == "--time" and "--drop day" in caught.value.mend and "treadle" not in caught.value.mend
    with pytest.raises(DataError, match=r"was begun: remove it first, or correct treadle\.yaml in it"):
        fitted(tmp_path, late, save=str(tmp_path / "kept"))
    assert fitted(tmp_path, late, drop=("day",)).rows == ROWS // 5
