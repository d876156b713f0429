"""How the parser's names, other databases' names and SQL types map to this language's."""

from __future__ import annotations

from treadle.expr.types import Type

# sqlglot's class for a function, where its own name is another than ours
CLASS_NAMES = {
    "Pow": "power",
    "Ceil": "ceil",
    "StrPosition": "strpos",
    "RegexpLike": "regexp_matches",
    "Substring": "substring",
    "TimestampTrunc": "date_trunc",
    "DateTrunc": "date_trunc",
    "StartsWith": "starts_with",
    "EndsWith": "ends_with",
    "DayOfYear": "dayofyear",
    "DayOfMonth": "day",
    "WeekOfYear": "week",
    "Length": "length",
    "SplitPart": "split_part",
    "RegexpReplace": "regexp_replace",
    "RegexpExtract": "regexp_extract",
    "DateFromParts": "make_date",
    "Concat": "concat",
    "Coalesce": "coalesce",
    "Upper": "upper",
    "Lower": "lower",
    "Log": "log10",
    "Sqrt": "sqrt",
    "Contains": "contains",
    "ArrayContains": "contains",
    "Nullif": "nullif",
    "Greatest": "greatest",
    "Least": "least",
    "Month": "month",
    "Quarter": "quarter",
    "DayOfWeek": "dayofweek",
    "DayOfWeekIso": "isodow",
    "Rand": "random",
    "Replace": "replace",
    "TimeToUnix": "epoch",
}
# other spellings, as other databases have them
ALIASES = {
    "len": "length",
    "substr": "substring",
    "pow": "power",
    "ceiling": "ceil",
    "suffix": "ends_with",
    "prefix": "starts_with",
    "log": "log10",
    "datetrunc": "date_trunc",
    "regexp_like": "regexp_matches",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "dow": "dayofweek",
    "instr": "strpos",
    "ifnull": "coalesce",
    "mod": "%",
    "pow_": "power",
}
# operators that are words: nobody calls them
WORDS = ("and", "or", "not", "in", "between", "case", "like", "ilike", "negate")
_MONDAY = "databases disagree on it; weekday(x) is 0 on Monday, 6 on Sunday"
_NOW = "a feature knows the time from its columns alone"
# what to do instead, where the nearest name is no help
HINTS = {
    "dayofweek": _MONDAY,
    "isodow": _MONDAY,
    "now": _NOW,
    "current_date": _NOW,
    "current_timestamp": _NOW,
    "random": "a feature must be the same at each reading",
}
# sqlglot's class for an infix operator
BINARY = {
    "Add": "+",
    "Sub": "-",
    "Mul": "*",
    "Div": "/",
    "IntDiv": "//",
    "Mod": "%",
    "EQ": "=",
    "NEQ": "<>",
    "LT": "<",
    "LTE": "<=",
    "GT": ">",
    "GTE": ">=",
    "And": "and",
    "Or": "or",
    "DPipe": "||",
    "Like": "like",
    "ILike": "ilike",
}
# what may stand after AS in a cast
TYPE_NAMES: dict[str, Type] = {
    "BOOLEAN": "bool",
    "TINYINT": "int",
    "SMALLINT": "int",
    "INT": "int",
    "BIGINT": "int",
    "FLOAT": "float",
    "REAL": "float",
    "DOUBLE": "float",
    "VARCHAR": "str",
    "TEXT": "str",
    "CHAR": "str",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMPTZ": "timestamp",
    "TIMESTAMPNTZ": "timestamp",
    "DATETIME": "timestamp",
}
