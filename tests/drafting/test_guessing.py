"""What `treadle init` makes of a table: task, metric, key, time, features; and what it refuses."""

from __future__ import annotations

import gzip
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from treadle.drafting.drafts import Wanted
from treadle.drafting.found import Drafted
from treadle.drafting.writing import write_project
from treadle.errors import TreadleError
from treadle.sources import read
from treadle.spec import ProjectSpec, load, trusted

ROWS = 60
DAYS = [datetime(2024, 1, 1) + timedelta(hours=n) for n in range(ROWS)]


def table(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"amount": [n % 7 / 2 for n in range(ROWS)], **columns})


def init(
    folder: Path, frame: pl.DataFrame, target: str, ending: str = "parquet", name: str | None = None
) -> tuple[Drafted, ProjectSpec]:
    data = folder / f"given.{ending}"
    frame.write_parquet(data) if ending == "parquet" else frame.write_csv(data)
    answer = write_project(Wanted(folder=str(folder / "made"), source=str(data), target=target, name=name, owner="ada"))
    return answer, load(folder / "made").spec


@pytest.mark.parametrize(
    ("values", "kind", "metric", "label"),
    [
        ([n % 2 == 0 for n in range(ROWS)], "classification", "roc_auc", "y"),
        ([n % 10 == 0 for n in range(ROWS)], "classification", "average_precision", "y"),
        (["yes" if n % 3 else "no" for n in range(ROWS)], "classification", "roc_auc", "y = 'yes'"),
        (["it's" if n % 10 else "rare" for n in range(ROWS)], "classification", "average_precision", "y = 'rare'"),
        ([n % 2 for n in range(ROWS)], "classification", "roc_auc", "y = 1"),
        ([n / 3 for n in range(ROWS)], "regression", "rmse", "y"),
        ([None if n < 5 else n % 9 for n in range(ROWS)], "regression", "rmse", "y"),
    ],
)
def test_the_task_follows_from_the_target(
    tmp_path: Path, values: list[object], kind: str, metric: str, label: str
) -> None:
    answer, spec = init(tmp_path, table(y=values), "y")
    assert (spec.predict.kind, spec.predict.metric, spec.predict.label) == (kind, metric, label)
    assert any(guess.startswith(kind) and metric in guess for guess in answer.guesses)


def test_numbers_that_may_be_classes_or_counts_are_said_to_be(tmp_path: Path) -> None:
    for place, (values, classes, counts) in enumerate(
        [
            ([n % 9 for n in range(ROWS)], True, True),
            (list(range(ROWS)), False, True),
            ([n - 3 for n in range(ROWS)], False, False),
            ([n / 3 for n in range(ROWS)], False, False),
        ]
    ):
        folder = tmp_path / str(place)
        folder.mkdir()
        (said,) = [g for g in init(folder, table(y=values), "y")[0].guesses if g.startswith("regression")]
        assert ("kind: multiclass" in said, "kind: counts" in said) == (classes, counts), said


def test_several_classes_keep_their_names(tmp_path: Path) -> None:
    names = ["01", "1", "Iris, setosa", "o'clock", 'say "hi"', "žluťoučký"]
    answer, spec = init(tmp_path, table(y=[names[n % 6] for n in range(ROWS)]), "y")
    assert (spec.predict.kind, spec.predict.metric, spec.predict.label) == ("multiclass", "log_loss", "y")
    assert spec.predict.split.by == "stratified" and not spec.brief.good_enough
    assert any("6 different values" in guess for guess in answer.guesses)


def test_key_time_and_features_are_found_and_said(tmp_path: Path) -> None:
    frame = table(
        row_id=range(ROWS),
        when=DAYS,
        fixed=[1] * ROWS,
        note=[f"free text {n}" for n in range(ROWS)],
        colour=["red" if n % 3 else "blue" for n in range(ROWS)],
        y=[n % 2 == 0 for n in range(ROWS)],
    )
    answer, spec = init(tmp_path, frame, "y")
    source = spec.sources["made"]
    assert source.key == "row_id" and source.happened == "when" and source.contract == "contracts/made.yaml"
    assert spec.predict.split.by == "time"
    assert spec.features.request == ("amount", "when", "colour")
    said = "\n".join(answer.guesses)
    assert "fixed (never varies)" in said and "note (names nearly every row)" in said
    assert "types: " in said and (tmp_path / "made" / "contracts" / "made.yaml").is_file()


@pytest.mark.parametrize(
    "name",
    ["KundenNr", "Kunden-Nr.", "kunden_nr", "kundennr", "OrderNo", "order_no", "Order No.", "Rechnungsnummer",
     "ticket number", "ArtikelCode", "barcode", "customerID", "CustomerId", "teamid", "id_client", "ID",
     "Aktenzeichen-Nr", "uuid", "Sku", "EAN"],
)  # fmt: skip
@pytest.mark.parametrize("text", [False, True])
def test_a_column_that_is_called_as_a_key_and_never_repeats_is_one(tmp_path: Path, name: str, text: bool) -> None:
    values = [f"K{n:03}" if text else 7000 + n for n in range(ROWS)]
    frame = table(**{"first": list(range(ROWS)), name: values, "y": [n % 2 for n in range(ROWS)]})
    answer, spec = init(tmp_path, frame, "y")
    assert spec.sources["made"].key == name and name not in spec.features.request
    assert f"key: {name}, since it is never missing and never stands twice" in answer.guesses


@pytest.mark.parametrize("name", ["paid", "unpaid", "humid", "casino", "no_of_rooms", "monkey", "Monat", "income"])
def test_numbers_that_are_called_otherwise_are_no_key_though_they_never_repeat(tmp_path: Path, name: str) -> None:
    frame = table(**{name: list(range(ROWS)), "y": [n % 2 for n in range(ROWS)]})
    answer, spec = init(tmp_path, frame, "y")
    assert not spec.sources["made"].key and name in spec.features.request
    assert f"is it {name}, which counts up by one? Write key: {name};" in "\n".join(answer.guesses)


def test_a_column_that_is_called_as_a_key_comes_before_other_texts(tmp_path: Path) -> None:
    texts = [f"T{n}" for n in range(ROWS)]
    frame = table(label=texts, other_nr=[n // 2 for n in range(ROWS)], KundenNr=texts, y=[n % 2 for n in range(ROWS)])
    assert init(tmp_path, frame, "y")[1].sources["made"].key == "KundenNr"


def test_what_somebody_wrote_is_a_feature_and_no_key(tmp_path: Path) -> None:
    """Though it differs in every row: it is told by its words."""
    words = ["late", "broken", "paid", "never", "again", "please", "call", "box", "lost", "found"]
    texts = [f"{n} {words[n % 10]} {words[n // 3 % 10]} {words[n // 7 % 10]}" for n in range(ROWS)]
    frame = pl.DataFrame({"note": texts, "ticket_id": range(ROWS), "cost": [n % 13 / 2 for n in range(ROWS)]})
    answer, spec = init(tmp_path, frame, "cost")
    assert spec.features.request == ("note",) and spec.sources["made"].key == "ticket_id"
    assert not [said for said in answer.guesses if "names nearly every row" in said]


def test_a_table_without_key_and_time_is_split_by_class(tmp_path: Path) -> None:
    answer, spec = init(tmp_path, table(y=[n % 2 == 0 for n in range(ROWS)]), "y", "csv")
    assert spec.predict.split.by == "stratified" and spec.predict.at is None
    assert any(guess.startswith("no key") for guess in answer.guesses)


def test_dates_and_names_that_are_words_of_the_language_are_quoted(tmp_path: Path) -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(ROWS)]
    _, spec = init(tmp_path, table(when=days, case=[n % 2 == 0 for n in range(ROWS)]), "case", name="Größe & Co")
    assert spec.predict.at == 'cast("when" as timestamp)' and spec.predict.label == '"case"'
    assert spec.project == "gr-e-co"


@pytest.mark.parametrize(
    ("frame", "target", "said"),
    [
        (table(y=[1] * ROWS), "y", "1 distinct value"),
        (table(y=[None] * ROWS), "y", "y"),
        (table(y=[str(n) for n in range(ROWS)]), "y", "60 different values"),
        (table(y=range(ROWS)).head(0), "y", "no rows"),
        (table(y=range(ROWS)), "yy", "did you mean"),
        (pl.DataFrame({"y": [n % 2 for n in range(ROWS)]}), "y", "no column is left"),
        (table(y=[[n] for n in range(ROWS)]), "y", "cannot be predicted"),
        (table(y=[date(2024, 1, 1 + n % 2) for n in range(ROWS)]), "y", "y is date, of which nothing is predicted"),
        (table(y=[DAYS[n % 2] for n in range(ROWS)]), "y", "y is timestamp, of which nothing is predicted"),
    ],
)
def test_what_cannot_be_predicted_is_refused(tmp_path: Path, frame: pl.DataFrame, target: str, said: str) -> None:
    with pytest.raises(TreadleError) as caught:
        init(tmp_path, frame, target)
    assert said in str(caught.value)
    assert not (tmp_path / "made" / "treadle.yaml").exists()


def test_a_project_is_never_overwritten(tmp_path: Path) -> None:
    frame = table(y=[n % 2 == 0 for n in range(ROWS)])
    init(tmp_path, frame, "y")
    mine = tmp_path / "made" / "treadle.yaml"
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(TreadleError, match="already"):
        init(tmp_path, frame, "y")
    assert mine.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("folder", "made"), [("../x", "x"), ("<svg onload=x>", "svg-onload-x"), ("Größe", "gr-e"), ("nul", "nul-project")]
)
def test_a_valid_name_is_made_from_any_folder_and_said(tmp_path: Path, folder: str, made: str) -> None:
    frame = table(y=[n % 2 == 0 for n in range(ROWS)])
    answer, spec = init(tmp_path, frame, "y", name=folder)
    assert spec.project == made and list(spec.sources) == [made]
    assert answer.guesses[0].startswith(f'name: {made}, made from "{folder}"')


def test_a_target_of_any_name_is_predicted(tmp_path: Path) -> None:
    _, spec = init(tmp_path, table(**{"größe in m²?": [n % 2 == 0 for n in range(ROWS)]}), "größe in m²?")
    assert spec.predict.name == "gr-e_in_m"


def test_nothing_is_overwritten_or_written_through_a_link(tmp_path: Path) -> None:
    frame = table(y=[n % 2 == 0 for n in range(ROWS)])
    contracts = tmp_path / "made" / "contracts"
    contracts.mkdir(parents=True)
    (contracts / "made.yaml").write_text("mine")
    with pytest.raises(TreadleError, match="a file here already"):
        init(tmp_path, frame, "y")
    assert (contracts / "made.yaml").read_text() == "mine"
    (contracts / "made.yaml").unlink()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "made" / "data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TreadleError, match="by a link"):
        init(tmp_path, frame, "y")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_project_that_was_begun_here_is_trusted_here(tmp_path: Path) -> None:
    init(tmp_path, table(y=[n % 2 == 0 for n in range(ROWS)]), "y")
    assert trusted(load(tmp_path / "made"))


def test_a_machine_user_with_an_odd_name_is_asked_for_an_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.drafting.drafts.login", lambda: "DOMAIN\\ada")
    table(y=[n % 2 == 0 for n in range(ROWS)]).write_csv(tmp_path / "t.csv")
    with pytest.raises(TreadleError) as caught:
        write_project(Wanted(folder=str(tmp_path / "p"), source=str(tmp_path / "t.csv"), target="y"))
    assert "--owner" in str(caught.value)


def test_a_packed_table_between_semicolons_begins_a_project(tmp_path: Path) -> None:
    frame = table(y=[n % 2 == 0 for n in range(ROWS)])
    data = tmp_path / "given.csv.gz"
    data.write_bytes(gzip.compress(frame.write_csv(separator=";", decimal_comma=True).encode("utf-16")))
    write_project(Wanted(folder=str(tmp_path / "made"), source=str(data), target="y", owner="ada"))
    project = load(tmp_path / "made")
    source = project.spec.sources["made"]
    assert source.read == "data/made.csv.gz" and read(source, project.root)[1].collect().equals(frame)
