"""The page on which an expert labels rows: a plain form, which needs no script and is filled in by keyboard alone.

What others said of a row is shown nowhere on it, so that each says what they hold themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from msgspec import Struct

from treadle.errors import DataError
from treadle.evidence.kinds.labels_said import CANNOT, WHOLE, RowSaid
from treadle.figures import counted
from treadle.labelling.items import Item, Queue
from treadle.labelling.saying import Given, Taken, Word, called, several
from treadle.pages import LINKS, Section, escape, page, scrolling

CSRF = "csrf"
"""The field of the form that holds what the session's pages send along."""
MARK = "0" * 43
"""What stands there until the server that knows the session puts its own in: as long as that, and first on the page."""
AT_ONCE = 10
_STYLE = (
    "<style>fieldset{background:var(--card);border:1px solid var(--edge);border-radius:10px;margin:14px 0;"
    "padding:12px 17px}legend{font-weight:600;padding:0 6px}fieldset label{margin-right:18px}"
    "input[type=text]{width:min(100%,44em);font:inherit;padding:4px 6px}"
    "button{font:inherit;padding:7px 18px}.told{border-left:4px solid var(--c1);padding:2px 12px}"
    ":focus-visible{outline:3px solid var(--c2);outline-offset:2px}</style>"
)


class Shown(Struct, frozen=True, kw_only=True):
    """What the page tells: of a queue, what `who` has said, whether they may say more, and what came of it just now:
    of what they `sent`, what was `taken`."""

    project: str
    who: str
    decision: str
    queue: Queue
    mine: Mapping[str, Word]
    refused: str = ""
    taken: Taken | None = None
    sent: Sequence[Given] = ()


def experts_page(shown: Shown) -> str:
    """One whole page: the rows of which nothing was taken just now, then the first that they have not spoken of."""
    sent = _again(shown)
    again = [item for item in shown.queue.items if item.row in sent]
    left = [item for item in shown.queue.items if item.key not in shown.mine]
    unsure = [item for item in shown.queue.items if (word := shown.mine.get(item.key)) and word.said.unsure]
    done = len(shown.queue.items) - len(left)
    told = _taken(shown.taken, [given for row, given in sent.items() if row not in {item.row for item in again}])
    if shown.refused:
        body = f"<p><strong>{escape(shown.refused)}</strong></p>"
    elif not left and not unsure and not again:
        what = "Nothing is asked." if not shown.queue.items else "You have spoken of every row. Thank you."
        body = f"<p>{what}</p>"
    else:
        body = _form(shown, sent, list(dict.fromkeys([*again, *left, *unsure]))[:AT_ONCE])
    count = f"{done:,} of {len(shown.queue.items):,} rows done by {shown.who}"
    if unsure:
        count += f"; of {counted(len(unsure), 'row')} they cannot say, which come last here"
    lead = shown.decision or f"Say what you hold of {shown.queue.target}."
    return page(
        f"Rows for experts: {shown.queue.target}",
        [Section("", f"{_STYLE}{told}<p>{escape(count)}</p>{body}")],
        eyebrow=f"Treadle {shown.project}",
        lead=lead,
        footer="A row is taken once something is said of it; the rest is left for later. What you say stands in the "
        "record under your name; saying it anew, or a sheet, takes its place.",
        links=LINKS,
    )


def _again(shown: Shown) -> dict[str, Given]:
    """By its row, what they sent and was not taken: it is theirs to send again."""
    wrong = {each.row for each in shown.taken.conflicts} if shown.taken is not None else set()
    return {each.row: each for each in shown.sent if each.row in wrong}


def _taken(taken: Taken | None, lost: Sequence[Given]) -> str:
    """lost: what was sent of rows that are on this page no more, since others were asked about meanwhile."""
    if taken is None:
        return ""
    said = f"{taken.rows:,} row{'s' * (taken.rows != 1)} taken" + (f", {taken.same:,} as before" if taken.same else "")
    why = [f"{each.called}: {each.what}; {each.mend}" for each in taken.conflicts]
    why += [f"of {each.row} you sent: {_listed(each.label, *each.implausible, each.comment)}" for each in lost]
    lines = "".join(f"<li>{escape(each)}</li>" for each in why)
    wrong = f"<p>Not taken:</p><ul>{lines}</ul>" if lines else ""
    return f'<div class="told" role="status"><p>{escape(said)}.</p>{wrong}</div>'


def _form(shown: Shown, again: Mapping[str, Given], items: Sequence[Item]) -> str:
    fields = "".join(
        _row(number, item, shown.queue, shown.mine.get(item.key), again.get(item.row))
        for number, item in enumerate(items)
    )
    hidden = (
        f'<input type="hidden" name="{CSRF}" value="{MARK}">'
        f'<input type="hidden" name="target" value="{escape(shown.queue.target)}">'
    )
    return f'<form method="post" action="/experts" autocomplete="off">{hidden}{fields}<button>Save</button></form>'


def _row(number: int, item: Item, queue: Queue, word: Word | None, sent: Given | None) -> str:
    why = "".join(f"<li>{escape(each.text)}</li>" for each in item.why)
    was = word.said if word is not None else RowSaid(row=item.row, key=item.key)
    said = was if sent is None else _sent(sent, item, queue)
    seen = word.seq if word is not None else 0
    beside = "".join(
        f"<p>{escape(what)}: <strong>{escape(told)}</strong></p>"
        for what, told in (
            ("In the source", item.source),
            ("The model, which had not seen it", item.model),
            ("You said of it elsewhere", _told(was) if sent is not None else ""),
        )
        if told
    )
    return (
        f"<fieldset><legend>{number + 1}. {escape(called(item.row, item.key, item.at))}</legend>"
        f'<input type="hidden" name="row{number}" value="{escape(item.row)}">'
        f'<input type="hidden" name="seen{number}" value="{seen}"><ul class="quiet">{why}</ul>{beside}'
        f"{_values(number, item, queue, said)}<p>{_labels(number, queue, said)}</p>"
        f'<p><label><input type="checkbox" name="out{number}" value="{WHOLE}"{_checked(WHOLE, said)}> '
        "This row cannot be</label></p>"
        f'<p><label for="c{number}">Comment</label><br><input type="text" id="c{number}" name="comment{number}" '
        f'maxlength="2000" value="{escape(said.comment)}"></p></fieldset>'
    )


def _sent(given: Given, item: Item, queue: Queue) -> RowSaid:
    """What was sent and not taken, as it was: a label may be none."""
    meant = queue.label(given.label)
    unsure = given.label.casefold() == CANNOT and not meant
    named = tuple(name for text in given.implausible for name in map(queue.feature, several(text, queue)) if name)
    label = "" if unsure else meant or given.label
    return RowSaid(row=item.row, key=item.key, label=label, implausible=named, comment=given.comment, unsure=unsure)


def _told(said: RowSaid) -> str:
    """All that they said of a row, in a line."""
    features = f"implausible: {', '.join(said.implausible)}" if said.implausible else ""
    return _listed(said.answer, features, said.comment)


def _listed(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def _labels(number: int, queue: Queue, said: RowSaid) -> str:
    """Nothing is chosen beforehand but what they said, so that whoever saves has chosen."""
    kind, was = ("radio" if queue.labels else "checkbox"), (" checked" if said.unsure else "")
    cannot = f'<label><input type="{kind}" name="label{number}" value="{CANNOT}"{was}> I cannot say</label>'
    if not queue.labels:
        return (
            f'<label for="l{number}">{escape(queue.target)}</label> <input type="text" id="l{number}" '
            f'name="label{number}" inputmode="decimal" value="{escape(said.label)}"> {cannot}'
        )
    choices = "".join(
        f'<label><input type="radio" name="label{number}" value="{escape(label)}"'
        f"{' checked' if label == said.label else ''}> {escape(label)}</label>"
        for label in queue.labels
    )
    return f"<strong>{escape(queue.target)}?</strong> {choices}{cannot if CANNOT in queue.offered else ''}"


def _checked(name: str, said: RowSaid) -> str:
    """What they said before stands there, as everything else on the row: what is saved takes its place."""
    return " checked" if name in said.implausible else ""


def _values(number: int, item: Item, queue: Queue, said: RowSaid) -> str:
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td>{escape(value)}</td><td><label><input type=checkbox name="out{number}" '
        f'value="{escape(name)}" aria-label="{escape(name)} cannot be"{_checked(queue.feature(name), said)}> '
        "cannot be</label></td></tr>"
        for name, value in zip(queue.shown, item.values, strict=False)
    )
    return (
        f"<details{' open' if len(queue.columns) <= 12 else ''}><summary>What is known of it</summary>"
        f"{scrolling(f'<table><tbody>{rows}</tbody></table>')}</details>"
    )


def read_form(content: str, target: str) -> list[Given]:
    """What a form of this page says; rows in which nothing is written are not among them.

    Raises:
        ValueError: it is no form, or is of no page of ours.
        DataError: it is about another target, whose rows may have the same keys.
    """
    pairs = parse_qsl(content, keep_blank_values=True, strict_parsing=bool(content), max_num_fields=5_000)
    about = dict(pairs).get("target", "")
    if about != target:
        raise DataError(
            f'the page was of "{about}", and what is said of {target} is taken here',
            where="/experts",
            mend=f"treadle experts say --target {about}",
        )
    found = []
    for number in range(AT_ONCE):
        mine = [(name.removesuffix(str(number)), value) for name, value in pairs if name.endswith(str(number))]
        one = {name: value for name, value in mine if name in ("row", "seen", "label", "comment")}
        out = tuple(value for name, value in mine if name == "out")
        one["label"] = " ".join(value for name, value in mine if name == "label" and value.strip())
        if one.get("row") and (one["label"] or out or one.get("comment", "").strip()):
            seen = one.get("seen", "")
            if not (seen.isascii() and seen.isdigit() and len(seen) < 13):
                raise ValueError("a field of the form is missing")
            found.append(
                Given(
                    place=f"row {number + 1}",
                    row=one["row"],
                    label=one["label"],
                    implausible=out,
                    comment=one.get("comment", ""),
                    seen=int(seen),
                )
            )
    return found
