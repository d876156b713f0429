"""The layout that every page shares, and the small pieces that show numbers in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from treadle.pages.charts import escape
from treadle.signs import still

_STYLE = """
:root{--paper:#fbfaf7;--card:#fff;--ink:#1d2430;--quiet:#66707f;--edge:#e4e1d9;--grid:#ecebe6;--c1:#1f6f8b;
--c2:#c8553d;--c3:#7a8450;--c4:#8d6a9f;--good:#2e7d4f;--bad:#b3372a}
@media (prefers-color-scheme:dark){:root{--paper:#12161c;--card:#1a2028;--ink:#e6e9ee;--quiet:#97a1b0;--edge:#2b333e;
--grid:#262d37;--c1:#5bb5d1;--c2:#f08a70;--c3:#b3bf7d;--c4:#c6a1d8;--good:#6cc493;--bad:#f0857a}}
*{box-sizing:border-box}html{color-scheme:light dark}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Liberation Sans",sans-serif}
main{max-width:1040px;margin:0 auto;padding:36px 24px 72px}
h1{font-size:27px;line-height:1.25;margin:2px 0 6px;letter-spacing:-.01em}
h2{font-size:18px;margin:40px 0 4px;letter-spacing:-.005em}h3{font-size:14px;margin:0 0 8px}
.eyebrow{color:var(--c1);font-size:12.5px;font-weight:600;letter-spacing:.06em;text-transform:uppercase}
.lead{font-size:17px;max-width:70ch;margin:0 0 22px}p{max-width:75ch;margin:6px 0}
.quiet,figcaption,footer{color:var(--quiet);font-size:13.5px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(280px,1fr));gap:12px;margin:18px 0 8px}
.tile,.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:15px 17px}
.tile .name{color:var(--quiet);font-size:13px}.tile .value{font-size:27px;font-weight:600;line-height:1.25;
font-variant-numeric:tabular-nums}.tile .value small{font-size:15px;font-weight:400;color:var(--quiet)}
.tile .beside{font-size:13px;color:var(--quiet)}
.grid{display:grid;align-items:start;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:12px;margin-top:10px}
figure{margin:0;max-width:560px}
.columns{columns:2 420px;column-gap:12px;margin-top:10px}
.columns .card{break-inside:avoid;margin-bottom:12px}svg{display:block;width:100%;height:auto;overflow:visible}
svg text{fill:var(--quiet);font-size:11.5px;font-variant-numeric:tabular-nums}svg text.label{fill:var(--ink)}
svg text.note{font-size:11px}.grid line,svg .grid{stroke:var(--grid)}svg .axis,svg .tick{stroke:var(--quiet)}
svg .rule{stroke:var(--quiet);stroke-dasharray:3 3}svg .line{fill:none;stroke-width:2;stroke-linejoin:round}
svg .dash{stroke-dasharray:6 4}svg .band{opacity:.18}svg .whisker{stroke:var(--ink);stroke-width:1.3;opacity:.65}
.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}.c4{stroke:var(--c4)}
.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.bar{opacity:.85}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:12.5px;color:var(--quiet);padding-left:52px}
.key{display:inline-block;width:18px;height:0;border-top:3px solid;vertical-align:middle;margin-right:6px}
.key.dash{border-top-style:dashed}.k1{color:var(--c1)}.k2{color:var(--c2)}.k3{color:var(--c3)}.k4{color:var(--c4)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th{font-weight:600;color:var(--quiet);text-align:left}th,td{padding:5px 7px;border-bottom:1px solid var(--edge);
vertical-align:top}td.n,th.n{text-align:right;white-space:nowrap}td.w{white-space:nowrap}
td.t,th.t{white-space:normal;min-width:9em}
tr:last-child td,tr:last-child th[scope=row]{border-bottom:0}
.good{color:var(--good)}.bad{color:var(--bad)}.mark{font-weight:700}
code{font:13px ui-monospace,SFMono-Regular,Menlo,monospace}
nav{max-width:1040px;margin:0 auto;padding:14px 24px 0;font-size:13.5px}nav a{margin-right:18px}
a{color:var(--c1)}:focus-visible{outline:3px solid var(--c2);outline-offset:2px}
.person{margin:14px 0 6px;font-size:15px}.todo{margin:0;padding:0;list-style:none}
.todo li{border-top:1px solid var(--edge);padding:8px 0}.todo li:first-child{border-top:0}
.todo code,.do code{display:inline-block;overflow-wrap:anywhere;margin-top:2px}
details summary{cursor:pointer;color:var(--quiet);font-size:13.5px;margin:8px 0}
footer{margin-top:48px;overflow-wrap:anywhere}
.grid>*,.columns>*,.tiles>*{min-width:0}
@media (max-width:560px){main{padding:20px 12px 48px}.tile,.card{padding:12px}.columns{columns:1}
.grid{grid-template-columns:minmax(0,1fr)}table{font-size:12px}th,td{padding:4px 3px;overflow-wrap:anywhere}
th,td{min-width:3.4em}th:first-child,td:first-child{min-width:5.4em}
thead th{overflow-wrap:break-word}
td.n,th.n,td.w{white-space:normal;overflow-wrap:normal;min-width:0}.legend{padding-left:0}}
@media print{body{background:#fff}nav{display:none}.tile,.card,.todo li,tr{break-inside:avoid}h2,h3{break-after:avoid}}
"""

LINKS = (
    ("Home", "/home"),
    ("Review", "/review"),
    ("Decisions", "/decision"),
    ("Report", "/report"),
    ("Watch", "/watch"),
    ("Rows for experts", "/experts"),
    ("Money of the month", "/month"),
)
"""The pages of a server that need no name of anything."""

_NUMBER = 26
"""Characters that a number has with its interval, at most."""
_BODY = "</style></head><body>\n"
"""Where the body of every page begins."""

_LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><style>{{ style|safe }}</style></head><body>
{{ nav|safe }}<main>
<div class="eyebrow">{{ eyebrow }}</div><h1>{{ title }}</h1>{% if lead %}<p class="lead">{{ lead }}</p>{% endif %}
{% for section in sections %}<section>{% if section.title %}<h2>{{ section.title }}</h2>{% endif %}
{% if section.text %}<p class="quiet">{{ section.text }}</p>{% endif %}{{ section.body|safe }}</section>
{% endfor %}<footer>{{ footer }}</footer></main></body></html>
"""


@dataclass(frozen=True)
class Section:
    """A heading, a sentence below it, and `body`: HTML made by this room, the only part that is not escaped."""

    title: str
    body: str
    text: str = ""


def page(
    title: str,
    sections: Sequence[Section],
    *,
    eyebrow: str = "Treadle",
    lead: str = "",
    footer: str = "",
    links: Sequence[tuple[str, str]] = (),
) -> str:
    """One whole HTML document that needs nothing else: no script, no font, no image from elsewhere.

    links: other pages of a server, as text and path; a page that is kept as a file has none.
    """
    from jinja2 import Environment

    layout = Environment(autoescape=True).from_string(_LAYOUT)
    html = layout.render(
        title=title, sections=sections, eyebrow=eyebrow, lead=lead, footer=footer, style=_STYLE, nav=_nav(links)
    )
    return still(html)


def linked(html: str) -> str:
    """A page that was kept as a file, as a server shows it: with the way to its other pages.

    >>> linked(page("Late", [])).count('href="/home"'), linked("<p>another</p>")
    (1, '<p>another</p>')
    """
    return html.replace(_BODY, f"{_BODY}{_nav(LINKS)}", 1)


def _nav(links: Sequence[tuple[str, str]]) -> str:
    shown = "".join(f'<a href="{escape(href)}">{escape(text)}</a>' for text, href in links)
    return f'<nav aria-label="Pages of the project">\n{shown}</nav>' if links else ""


def tile(name: str, value: str, beside: str, unit: str = "") -> str:
    """A number shown large, with what it has to be read beside: an interval, a baseline."""
    small = f" <small>{escape(unit)}</small>" if unit else ""
    return (
        f'<div class="tile"><div class="name">{escape(name)}</div><div class="value">{escape(value)}{small}</div>'
        f'<div class="beside">{escape(beside)}</div></div>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[int] = ()) -> str:
    """Rows of text, escaped; the columns at the positions `numbers` stand to the right, and no number is broken: what
    stands there in words instead is."""
    right = set(numbers)

    def kind(position: int, value: object) -> str:
        prose = len(str(value)) > _NUMBER
        return "" if position not in right else ' class="n t"' if prose else " class=n"

    def cells(tag: str, values: Sequence[object]) -> str:
        return "".join(f"<{tag}{kind(i, v)}>{escape(v)}</{tag}>" for i, v in enumerate(values))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return scrolling(f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>")


def scrolling(body: str) -> str:
    """What may be wider than the screen: it scrolls alone, by keyboard too. body: HTML made by a room, not escaped."""
    return f'<div class="scroll" tabindex="0">{body}</div>'
