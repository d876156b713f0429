"""Names and faults of lines that persons or vendors wrote."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from treadle.errors import DataError, Fault, closest
from treadle.figures import counted

MOST_SHOWN = 20


def by_name(
    given: Sequence[str], columns: Sequence[str], needed: Sequence[str], file: str, other: str = ""
) -> dict[str, str]:
    """Our name of a column to the file's, whatever its capitals. `other`: which columns would do instead.

    Raises:
        DataError: one that is needed is missing.
    """
    found = {name.strip().lower(): name for name in given}
    missing = [name for name in needed if name not in found]
    if missing:
        close = closest(missing[0], [name for name in found if name not in columns])
        slip = f'write {missing[0]} for "{close}"; ' if close else ""
        rest = ", ".join(name for name in columns if name not in needed)
        raise DataError(
            f"{file} has no column {', '.join(missing)}",
            where=f"{file}:1",
            mend=f"{slip}it needs the columns {', '.join(needed)}{other}, and may have {rest}",
        )
    return {name: found[name] for name in columns if name in found}


def refuse(file: str, what: str, faults: Sequence[Fault], of: int, done: str, one: str = "") -> None:
    """Raises DataError where there are faults: some of them one by one, and how many more. `one`: `what`, of one line,
    where that is another form.
    """
    if faults:
        more = [Fault(f"and {len(faults) - MOST_SHOWN:,} more")] if len(faults) > MOST_SHOWN else []
        raise DataError(
            f"{len(faults):,} of {counted(of, 'line')} {(one or what) if len(faults) == 1 else what}",
            where=file,
            faults=[*faults[:MOST_SHOWN], *more],
            mend=f"correct them; {done}",
        )


def told(bad: Exception, where: str) -> Fault:
    return Fault(str(getattr(bad, "what", bad)), where, str(getattr(bad, "mend", "")))


def folded(text: str) -> str:
    """Without what differs between programs that write the same: capitals, widths, blanks, kinds of dash."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join("-" if unicodedata.category(c) == "Pd" or c == "\u2212" else c for c in plain).split())
