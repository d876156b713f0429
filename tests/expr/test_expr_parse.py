"""What the language takes and what it refuses: the place, what is wrong, and how to mend it."""

from __future__ import annotations

import pytest
from oracle import COLUMNS

from treadle.errors import ExpressionError
from treadle.expr import parse, parse_aggregate, row_function


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, COLUMNS, where="features.row.x")
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "what", "mend"),
    [
        ("roun(f)", "1:1", 'no function "roun"', 'did you mean "round"?'),
        ("1 + lenght(s)", "1:5", 'no function "lenght"', 'did you mean "length"?'),
        ("1 +\n  delay", "2:3", 'no column "delay"', "known here: a, b, d"),
        ("ii", "1:1", 'no column "ii"', 'did you mean "i"?'),
        ("t.i", "1:1", 'no column "t.i"', 'did you mean "i"?'),
        ("i + s", "1:1", "+ takes int or float in place 2, found str", "cast"),
        ("f + abs(s)", "1:5", "abs takes int or float in place 1, found str", "cast"),
        ("1 + (s + 2)", "1:6", "found str", "cast"),
        ("i and p", "1:1", "and takes bool in place 1, found int", "cast"),
        ("not i", "1:5", "not takes bool", "cast"),
        ("f // 2", "1:1", "// takes int in place 1, found float", "cast"),
        ("year(s)", "1:1", "year takes date or timestamp in place 1, found str", "cast"),
        ("s || i", "1:1", "|| takes str in place 2, found int", "cast"),
        ("i = 'a'", "1:1", "must be of one type, found int and str", "cast"),
        ("a > '2013-01-01'", "1:1", "found str and timestamp", "cast"),
        ("i in (1, 'a')", "1:1", "must be of one type", "cast"),
        ("i between 1 and s", "1:1", "must be of one type", "cast"),
        ("coalesce(i, s)", "1:1", "must be of one type", "cast"),
        ("case when p then 1 else 'a' end", "1:11", "branches of a choice must be of one type", "cast"),
        ("case when i then 1 end", "1:11", "a condition must be true or false, found int", ""),
        ("cast(i as foo)", "1:6", "there is no type foo", "known here: bool, date"),
        ("cast(f as decimal(10, 2))", "1:6", "there is no type DECIMAL(10, 2)", "float"),
        ("cast(d as int)", "1:6", "date cannot be cast to int", "to int can be cast: str, float, bool"),
        ("date '2013-02-30'", "1:", "'2013-02-30' is no date", "2013-01-31"),
        ("substring(s)", "1:", "substring takes 2 to 3 arguments, found 1", ""),
        ("round(f, i)", "1:1", "round takes a constant in place 2", ""),
        ("round(f, null)", "1:1", "round takes a constant in place 2", ""),
        ("round(f, 19)", "1:1", "round takes -18 to 18 digits, found 19", ""),
        ("s like u", "1:1", "like takes a constant in place 2", ""),
        ("date_trunc('eon', a)", "1:1", "cannot cut to 'eon'", "known here: day, hour, minute"),
        ("a - b", "1:1", "the difference of two times needs a unit", "minutes_between(a, b)"),
        ("a + 1", "1:1", "timestamp + int has no meaning", "interval '1 hour'"),
        ("a - interval '1 month'", "1:", "interval '1 month' has no fixed length", "weeks, days, hours"),
        ("a - interval '9999999 weeks'", "1:", "interval '9999999 weeks'", "weeks, days, hours"),
        ("9223372036854775808", "1:1", "does not fit 64 bits", ""),
        ("i + 1e400", "1:5", "does not fit 64 bits", ""),
        ("regexp_matches(s, '(?=a)')", "1:1", "look-around", "not available"),
        ("regexp_matches(s, '(')", "1:1", "'(' is no pattern", ""),
        ("regexp_extract(s, 'a', 1)", "1:1", "has no group 1", ""),
        ("s ~ 'a'", "1:1", "~ is the whole text in some databases", "regexp_matches"),
        ("log(3, i)", "1:", "logarithms are ln, log2 and log10", "ln(x) / ln(base)"),
        ("extract(dow from a)", "1:", 'no function "dayofweek"', "weekday(x) is 0 on Monday"),
        ("isodow(a)", "1:1", 'no function "isodow"', "weekday(x) is 0 on Monday"),
        ("now()", "1:1", 'no function "now"', "from its columns alone"),
        ("i + random()", "1:5", 'no function "random"', "the same at each reading"),
        ("(select 1)", "1:", "subquery is not part of the language", ""),
        ("i in (select 1)", "1:1", "`in` takes a list of values", "x in ('a', 'b')"),
        ("exists(select 1)", "1:", "not part of the language", ""),
        ("select i", "1:", "select is not part of the language", ""),
        ("sum(i) over ()", "1:1", "window is not part of the language", ""),
        ("row_number() over (order by i)", "1:", "window is not part of the language", ""),
        ("i + avg(i)", "1:5", 'no function "avg"', "`take` of a window"),
        ("count(*)", "1:", "star is not part of the language", ""),
        ("i as x", "1:1", "alias is not part of the language", ""),
        ("i; j", "1:1", "one expression is wanted", ""),
        ("i & j", "1:1", "bitwiseand is not part of the language", ""),
        ("?", "1:1", "placeholder is not part of the language", ""),
        ("i +", "1:3", "not an expression: something is missing", ""),
        ("i + (j", "1:6", "not an expression: Expecting )", ""),
        ("'open", "1:1", "not an expression", ""),
        ("case", "1:1", "not an expression", ""),
        ("-- nothing", "1:1", "one expression is wanted", ""),
        ("(" * 400 + "i" + ")" * 400, "1:1", "", ""),
        (" + ".join(["i"] * 200), "1:1", "more than 150 operations", "split it"),
        (" + ".join(["i"] * 5000), "1:1", "more than 150 operations", "split it"),
    ],
)
def test_what_is_not_in_the_language_is_refused_with_its_place(text: str, place: str, what: str, mend: str) -> None:
    error = refusal(text)
    assert error.where.startswith(f"features.row.x: at {place}"), error.where
    assert what in error.what
    assert text in error.what
    assert mend in error.mend


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_expression_is_refused(text: str) -> None:
    error = refusal(text)
    assert (error.where, error.what) == ("features.row.x", "the expression is empty")


def test_without_a_place_in_the_project_the_place_is_in_the_expression() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("i + nope", COLUMNS)
    assert caught.value.where == "expression 1:5"


@pytest.mark.parametrize("depth", [2, 140])
def test_what_is_within_the_deepest_nesting_compiles(depth: int) -> None:
    assert row_function(parse(" + ".join(["i"] * depth), COLUMNS))({"i": 1}) == depth


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("late minutes", '"late minutes" + 1'),
        ("größe", "größe + 1"),
        ("größe", '"größe" + 1'),
        ("日 付", '"日 付" + 1'),
        ("order", '"order" + 1'),
        ("select", '"select" + 1'),
        ("Delay", "Delay + 1"),
        ('a"b', '"a""b" + 1'),
        ("a'b\\", '"a\'b\\" + 1'),
        ("a.b", '"a.b" + 1'),
        ("row", "row + 1"),
        ("None", "None + 1"),
    ],
)
def test_a_column_of_any_name_can_be_written_in_double_quotes(name: str, text: str) -> None:
    found = parse(text, {name: "int"})
    assert found.columns == (name,)
    assert row_function(found)({name: 41}) == 42


def test_names_of_columns_keep_their_case() -> None:
    with pytest.raises(ExpressionError, match='no column "delay"'):
        parse("delay", {"Delay": "int"})


def test_names_of_functions_do_not() -> None:
    assert parse("ROUND(f, 1) + Length(s)", COLUMNS).type == "float"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("i + j", "int"),
        ("i + f", "float"),
        ("i / j", "float"),
        ("i // j", "int"),
        ("i % f", "float"),
        ("round(f)", "float"),
        ("round(i)", "int"),
        ("sign(f)", "int"),
        ("case when p then i else f end", "float"),
        ("case when p then d else a end", "timestamp"),
        ("case when p then null else s end", "str"),
        ("coalesce(null, i)", "int"),
        ("greatest(i, 0.5)", "float"),
        ("nullif(i, 0)", "int"),
        ("d + interval '1 day'", "timestamp"),
        ("date_trunc('day', d)", "timestamp"),
        ("minutes_between(a, d)", "float"),
        ("make_date(i, 1, 1)", "date"),
        ("i is null", "bool"),
        ("1 < 2", "bool"),
        ("null", "null"),
        ("i::varchar", "str"),
        ("s::real", "float"),
    ],
)
def test_the_type_of_an_expression(text: str, kind: str) -> None:
    assert parse(text, COLUMNS).type == kind


def test_columns_stand_in_the_order_of_their_first_use() -> None:
    assert parse("j + i + j", COLUMNS).columns == ("j", "i")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("substr(s, 2)", "substring(s, 2)"),
        ("substring(s from 2 for 3)", "substring(s, 2, 3)"),
        ("position('a' in s)", "strpos(s, 'a')"),
        ("pow(f, 2)", "power(f, 2)"),
        ("f ^ 2", "power(f, 2)"),
        ("f ** 2", "power(f, 2)"),
        ("mod(i, 2)", "i % 2"),
        ("ifnull(i, 0)", "coalesce(i, 0)"),
        ("log(10, f)", "log10(f)"),
        ("log(f)", "log10(f)"),
        ("len(s)", "length(s)"),
        ("extract(year from a)", "year(a)"),
        ("extract(doy from a)", "dayofyear(a)"),
        ("trim(leading from s)", "ltrim(s)"),
        ("i != 1", "i <> 1"),
        ("i == 1", "i = 1"),
        ("s !~~ 'a'", "s not like 'a'"),
        ("if(p, 1, 2)", "case when p then 1 else 2 end"),
        ("case i when 1 then 'a' end", "case when i = 1 then 'a' end"),
        ("i::double", "cast(i as double)"),
        ("try_cast(s as int)", "cast(s as int)"),
        ("i notnull", "i is not null"),
    ],
)
def test_other_spellings_are_the_same_expression(text: str, same: str) -> None:
    assert parse(text, COLUMNS).tree == parse(same, COLUMNS).tree


@pytest.mark.parametrize(
    "name", ["trim", "ltrim", "rtrim", "lpad", "rpad", "left", "right", "floor", "ceil", "ln", "log2"]
)
def test_a_call_is_read_as_the_function_of_that_name(name: str) -> None:
    args = {"lpad": "s, 3, 'x'", "rpad": "s, 3, 'x'", "left": "s, 1", "right": "s, 1"}.get(name)
    column = "s" if "trim" in name else "f"
    assert parse(f"{name}({args or column})", COLUMNS).tree.op == name


@pytest.mark.parametrize(
    ("text", "function", "argument", "kind"),
    [
        ("avg(i)", "avg", "i", "float"),
        ("mean(f > 1)", "avg", "f > 1", "float"),
        ("stddev_samp(f)", "stddev", "f", "float"),
        ("std(f)", "stddev", "f", "float"),
        ("sum(i)", "sum", "i", "int"),
        ("sum(p)", "sum", "p", "int"),
        ("sum(f)", "sum", "f", "float"),
        ("count(s)", "count", "s", "int"),
        ("min(d)", "min", "d", "date"),
        ("last( weekday(a) )", "last", "weekday(a)", "int"),
        ("first(coalesce(s, '(x)'))", "first", "coalesce(s, '(x)')", "str"),
        ("sum(f) /* (net) */", "sum", "f", "float"),
        ("/* (all) */ sum(i) -- (net)", "sum", "i", "int"),
        ("last(s /* ) */)", "last", "s /* ) */", "str"),
    ],
)
def test_an_aggregate_keeps_its_argument_as_it_was_written(text: str, function: str, argument: str, kind: str) -> None:
    found = parse_aggregate(text, COLUMNS)
    assert found.argument is not None
    assert (found.function, found.argument.text, found.type) == (function, argument, kind)
    assert parse(found.argument.text, COLUMNS).tree == found.argument.tree


@pytest.mark.parametrize("text", ["count(*)", "count()", "COUNT(*)"])
def test_count_of_rows_has_no_argument(text: str) -> None:
    assert parse_aggregate(text, COLUMNS).argument is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("i", "an aggregate is wanted here"),
        ("abs(i)", "an aggregate is wanted here"),
        ("avg(i) + 1", "an aggregate is wanted here"),
        ("avg(i) over ()", "an aggregate is wanted here"),
        ("avg(i) filter (where p)", "an aggregate is wanted here"),
        ("median(i)", "an aggregate is wanted here"),
        ("count(distinct i)", "count takes one expression"),
        ("avg(*)", "star is not part of the language"),
        ("last(s order by a)", "order is not part of the language"),
        ("sum(s)", "sum takes numbers, found str"),
        ("avg(a)", "avg takes numbers, found timestamp"),
        ("avg(sum(i))", 'no function "sum"'),
        ("avg(nope)", 'no column "nope"'),
    ],
)
def test_what_is_no_aggregate_of_one_expression_is_refused(text: str, what: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_aggregate(text, COLUMNS)
    assert what in caught.value.what
