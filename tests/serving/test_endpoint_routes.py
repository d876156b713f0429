"""Every route of a running server, over HTTP."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from served_shop import RECORD, Served


def post(served: Served, path: str, content: Any) -> httpx.Response:
    return (
        served.http.post(path, content=content) if isinstance(content, bytes) else served.http.post(path, json=content)
    )


def metrics(served: Served) -> dict[tuple[str, ...], float]:
    """(name, label values …) to value."""
    answer = served.http.get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(v for k, v in sorted(sample.labels.items()) if k != "endpoint")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_one_record_gets_one_answer(served: Served) -> None:
    answer = post(served, "/predict", RECORD)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert set(found) == {"prediction_id", "prediction", "probability", "threshold", "model"}
    assert 0 < found["probability"] < 1 and found["model"] == "shop:1"
    assert found["prediction"] is (found["probability"] >= found["threshold"])


def test_a_record_beyond_a_soft_rule_is_answered_and_told_of(served: Served) -> None:
    said = ["items is 501, but in each row it must hold that items <= 500"]
    assert post(served, "/predict", {**RECORD, "items": 501}).json()["warnings"] == said
    few, many = post(served, "/predict", [{**RECORD, "items": 500}, {**RECORD, "items": 501}]).json()
    assert "warnings" not in few and many["warnings"] == said


def test_a_list_gets_the_same_answers_in_order(served: Served) -> None:
    records = [{**RECORD, "amount": 10.0 + i, "prediction_id": f"list-{i}"} for i in range(50)]
    together = post(served, "/predict", records).json()
    assert [found["prediction_id"] for found in together] == [f"list-{i}" for i in range(50)]
    for record, found in zip(records[::10], together[::10], strict=True):
        assert post(served, "/predict", record).json()["probability"] == pytest.approx(found["probability"], abs=1e-6)
    assert post(served, "/predict", []).json() == []


def test_ids_are_made_for_those_who_bring_none_and_differ(served: Served) -> None:
    made = {found["prediction_id"] for found in post(served, "/predict", [RECORD] * 100).json()}
    assert len(made) == 100
    assert post(served, "/predict", {**RECORD, "prediction_id": "mine ü"}).json()["prediction_id"] == "mine ü"


def test_any_customer_known_or_not_is_answered(served: Served) -> None:
    found = {n: post(served, "/predict", {**RECORD, "customer": n}).json() for n in ("東京", "Åse", "nobody", "")}
    assert found["nobody"]["probability"] == found[""]["probability"] != found["東京"]["probability"]


def test_a_refused_request_names_field_value_rule_and_mend(served: Served) -> None:
    answer = post(served, "/predict", [RECORD, {**RECORD, "amount": -4}])
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "[1].amount is -4.0, but amount must be between 0 and 10000",
        "field": "[1].amount",
        "value": -4.0,
        "rule": "amount must be between 0 and 10000",
        "mend": "correct the value",
    }
    answer = post(served, "/predict", {**RECORD, "amont": 3})
    assert answer.status_code == 422 and answer.json()["mend"] == 'did you mean "amount"?'
    answer = post(served, "/predict", b"{")
    assert answer.status_code == 400 and answer.json()["rule"] == "json"


def test_a_long_wrong_value_is_not_sent_back_whole(served: Served) -> None:
    answer = post(served, "/predict", {**RECORD, "items": "x" * 1_000_000, "amount": 1})
    assert answer.status_code == 422 and len(answer.content) < 2_000
    assert answer.json()["field"] == "items" and answer.json()["value"].endswith("…")
    assert len(post(served, "/predict", {"x" * 1_000_000: 1}).content) < 5_000


def test_a_body_that_is_too_large_is_refused_and_the_server_goes_on(served: Served) -> None:
    answer = post(served, "/predict", b" " * (4 * 2**20 + 1))
    assert answer.status_code == 413
    assert answer.json() == {"error": "the body is larger than 4 MiB", "mend": "send it in parts"}
    assert post(served, "/predict", RECORD).status_code == 200


def test_a_large_list_in_several_parts_is_answered_whole(served: Served) -> None:
    found = post(served, "/predict", [RECORD] * 5_000).json()
    assert len(found) == 5_000 and len({f["probability"] for f in found}) == 1


def test_a_caller_that_breaks_off_leaves_the_server_well(served: Served) -> None:
    url = served.http.base_url
    for sent in (
        b"POST /predict HTTP/1.1\r\ncontent-length: 1000\r\nhost: shop\r\ncontent-type: application/json\r\n\r\n{",
        b"\x16\x03\x01nonsense\r\n\r\n",
    ):
        with socket.create_connection((url.host, url.port)) as raw:
            raw.sendall(sent)
    assert post(served, "/predict", RECORD).status_code == 200


def test_events_are_known_to_later_predictions(served: Served) -> None:
    before = post(served, "/predict", {**RECORD, "customer": "Eva"}).json()["probability"]
    event = {"order_id": "e1", "customer": "Eva", "amount": 20.0, "items": 1, "told": "2024-04-14T00:00:00Z"}
    events = [{**event, "order_id": f"e{i}", "came_back": True} for i in range(5)]
    answer = post(served, "/events/returns", events)
    assert (answer.status_code, answer.json()) == (200, {"taken": 5})
    after = post(served, "/predict", {**RECORD, "customer": "Eva"}).json()["probability"]
    assert after != before
    # told again, they count once
    assert post(served, "/events/returns", events).json() == {"taken": 5}
    assert post(served, "/predict", {**RECORD, "customer": "Eva"}).json()["probability"] == after
    # a row that the view leaves out, and what is known only after the order, change nothing
    assert post(served, "/events/returns", {**event, "came_back": None}).json() == {"taken": 0}
    later = {**event, "order_id": "later", "came_back": True, "told": RECORD["ordered"]}
    assert post(served, "/events/returns", later).json() == {"taken": 1}
    assert post(served, "/predict", {**RECORD, "customer": "Eva"}).json()["probability"] == after


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "much"}, "[1].amount"),
        ({"customer": None}, "[1].customer"),
        ({"told": None}, "[1].told"),
        ({"told": "9999-12-31T23:59:59-12:00"}, "[1].told"),
        ({"items": 2**70}, "[1].items"),
    ],
)
def test_a_wrong_event_is_refused_with_all_that_came_with_it(
    served: Served, change: dict[str, Any], field: str
) -> None:
    asked = {**RECORD, "customer": "Zoë"}
    before = post(served, "/predict", asked).json()["probability"]
    good = {
        "order_id": "w1",
        "customer": "Zoë",
        "amount": 20.0,
        "items": 1,
        "told": "2024-04-14T00:00:00Z",
        "came_back": True,
    }
    answer = post(served, "/events/returns", [good, {**good, "order_id": "w2", **change}])
    assert answer.status_code == 422 and answer.json()["field"] == field and answer.json()["rule"]
    assert post(served, "/predict", asked).json()["probability"] == before


@pytest.mark.parametrize("path", ["/predict", "/events/returns", "/events/customers", "/outcomes", "/state"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b'"\\ud800"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"null",
        b"3",
        b'"x"',
        b"[[]]",
        b'{"amount":1e999,"tier":1e999,"label":1e999,"as_of":1e999}',
        b'{"amount":NaN}',
    ],
    ids=[
        "empty",
        "cut",
        "bytes",
        "surrogate",
        "deep list",
        "deep object",
        "null",
        "3",
        "text",
        "lists",
        "1e999",
        "NaN",
    ],
)
def test_no_body_is_a_fault_of_the_server(served: Served, path: str, content: bytes) -> None:
    answer = post(served, path, content)
    assert answer.status_code in (400, 422) and answer.json()["error"] and answer.json()["rule"]


def test_rows_of_a_looked_up_source_replace_what_was_known(served: Served) -> None:
    asked = {**RECORD, "customer": "newcomer"}
    before = post(served, "/predict", asked).json()["probability"]
    assert post(served, "/events/customers", {"customer": "newcomer", "tier": "b", "vip": True}).json() == {"taken": 1}
    assert post(served, "/predict", asked).json()["probability"] != before


def test_a_posted_row_may_have_a_date(served: Served) -> None:
    row = {"customer": "dated", "since": "2019-03-15", "tier": "b", "vip": True}
    assert post(served, "/events/customers", row).json() == {"taken": 1}
    assert post(served, "/predict", {**RECORD, "customer": "dated"}).status_code == 200


def test_an_unknown_view_is_told_with_the_nearest(served: Served) -> None:
    answer = post(served, "/events/retruns", {})
    assert answer.status_code == 422 and answer.json()["mend"] == 'did you mean "returns"?'


def test_fields_that_neither_a_view_nor_its_source_has_are_told(served: Served) -> None:
    """`due` is the source's alone, and passed over; a misspelt field was taken as NULL, and nobody knew."""
    row = {"order_id": "u1", "customer": "unknown-fields", "amount": 2.0, "items": 1, "due": "2024-05-01"}
    row |= {"ordered": "2024-03-01T00:00:00Z", "told": "2024-03-02T00:00:00Z", "came_back": True}
    assert post(served, "/events/returns", row).json() == {"taken": 1}
    wrong = [{**row, "order_id": f"u{n}", "amuont": {"deep": [n]}, "größe": 1} for n in range(3)]
    answer = post(served, "/events/returns", [row, *wrong[:2], {**wrong[2], "items ": 1}]).json()
    assert answer == {"taken": 4, "unknown_fields": {"amuont": 3, "größe": 3, "items ": 1}}
    assert post(served, "/events/customers", {"customer": "x", "teir": "b"}).json()["unknown_fields"] == {"teir": 1}
    many = {**row, **{f"{n:03}" + "x" * 200: n for n in range(50)}}
    told = post(served, "/events/returns", many).json()["unknown_fields"]
    assert len(told) == 20 and {len(name) for name in told} == {100}


def test_outcomes_are_taken_one_or_many(served: Served) -> None:
    assert post(served, "/outcomes", {"prediction_id": "list-1", "label": True}).json() == {"taken": 1}
    many = [{"prediction_id": f"list-{i}", "label": i % 2, "known": "2024-05-01T00:00:00Z"} for i in range(9)]
    assert post(served, "/outcomes", many).json() == {"taken": 9}
    assert post(served, "/outcomes", []).json() == {"taken": 0}


@pytest.mark.parametrize(
    ("outcome", "status", "field"),
    [
        ({"prediction_id": "a"}, 422, "label"),
        ({"label": 1}, 422, "prediction_id"),
        ({"prediction_id": "a", "label": "yes"}, 422, "label"),
        ({"prediction_id": "a", "label": 2}, 422, "label"),
        ({"prediction_id": "a", "label": None}, 422, "label"),
        ([{"prediction_id": "a", "label": 1}, {"prediction_id": "b", "label": 0.5}], 422, "[1].label"),
        ({"prediction_id": "a", "label": 1, "known": "soon"}, 422, "known"),
        ({"prediction_id": "a", "label": 1, "known": "9999-12-31T23:59:59-12:00"}, 422, "known"),
        ({"prediction_id": "a", "label": 1, "truth": 1}, 422, "truth"),
        (b'{"prediction_id": "\xff", "label": 1}', 400, ""),
        (b"{", 400, ""),
    ],
)
def test_a_wrong_outcome_is_refused(served: Served, outcome: Any, status: int, field: str) -> None:
    answer = post(served, "/outcomes", outcome)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.json()["error"] and answer.json()["rule"]


def test_the_server_is_alive_and_ready(served: Served) -> None:
    assert served.http.get("/healthz").json() == {"status": "alive"}
    answer = served.http.get("/readyz")
    assert answer.status_code == 200 and answer.json() == {"ready": True}
    found = served.http.get("/state").json()
    assert found["ready"] is True and found["model"] == "shop:1" and found["refused_release"] is None
    assert found["golden_records"].startswith("24 pass")


def test_metrics_count_what_was_done(served: Served) -> None:
    before = metrics(served)
    post(served, "/predict", RECORD)
    post(served, "/predict", [RECORD] * 4)
    post(served, "/predict", {"nothing": 1})
    post(served, "/outcomes", {"prediction_id": "counted", "label": 0})
    event = {"order_id": "m1", "customer": "m", "amount": 1, "told": "2024-04-14T00:00:00Z", "came_back": False}
    post(served, "/events/returns", [event])
    served.http.get("/nowhere")
    after = metrics(served)

    def grown(*name: str) -> float:
        return after[name] - before.get(name, 0.0)

    assert grown("treadle_predictions_total") == 5
    assert grown("treadle_outcomes_total") == 1
    assert grown("treadle_events_total", "returns") == 1
    assert grown("treadle_requests_total", "/predict", "200") == 2
    assert grown("treadle_requests_total", "/predict", "422") == 1
    assert grown("treadle_requests_total", "other", "404") == 1
    assert grown("treadle_predict_seconds_count") == 2
    assert after[("treadle_model_info", "shop:1")] == 1 and after[("treadle_journal_errors",)] == 0


def test_openapi_names_every_field_and_every_reference_leads_somewhere(served: Served) -> None:
    found = served.http.get("/openapi.json").json()
    assert found["openapi"].startswith("3.1") and found["info"]["title"] and found["info"]["version"] == "shop:1"
    schemas = found["components"]["schemas"]
    assert set(schemas["Record"]["properties"]) == {*RECORD, "prediction_id"}
    assert set(schemas["Record"]["required"]) == {"order_id", "customer", "items"}
    assert schemas["Record"]["properties"]["amount"]["description"] == "amount must be between 0 and 10000"
    assert set(found["paths"]) >= {"/predict", "/outcomes", "/events/returns", "/events/customers", "/readyz"}

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                assert part["$ref"].removeprefix("#/components/schemas/") in schemas
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(found["paths"])
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"] and operation["responses"], (method, path)


def test_a_wrong_path_or_method_is_told(served: Served) -> None:
    answer = served.http.get("/predict")
    assert (answer.status_code, answer.json()["error"]) == (405, "/predict takes POST, not GET")
    assert answer.json()["mend"] == "send it by POST; GET /openapi.json tells what it takes"
    answer = served.http.post("/predct")
    assert answer.status_code == 404 and answer.json()["mend"] == 'did you mean "/predict"?'
    about = served.http.get("/").json()
    assert about["endpoint"] == "shop" and "/predict" in about["paths"]
