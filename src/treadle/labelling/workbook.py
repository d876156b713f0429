"""A table of texts as an XLSX workbook of one sheet (ECMA-376), by the standard library.

Every cell is an inline string, which no spreadsheet runs; the first line stays in view, and cells of `chosen` columns
offer their words. What a library would add, styles and charts, nobody needs here.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_LONGEST = 32_767
"""Characters that a cell may hold."""
_LONGEST_LIST = 255
"""Of the words that a cell offers, all together."""
_TIME = (1980, 1, 1, 0, 0, 0)


def workbook(lines: Sequence[Sequence[str]], *, chosen: Mapping[int, Sequence[str]] | None = None) -> bytes:
    """`lines`: the first are the names of the columns. `chosen`: by column, the words that may stand there."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
        f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets><sheet name="rows" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": _sheet(lines, chosen or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():  # at a fixed time: equal rows are equal files
            file.writestr(zipfile.ZipInfo(name, _TIME), _HEAD + text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _sheet(lines: Sequence[Sequence[str]], chosen: Mapping[int, Sequence[str]]) -> str:
    rows = "".join(
        f'<row r="{n}">{"".join(_cell(n, column, text) for column, text in enumerate(line) if text)}</row>'
        for n, line in enumerate(lines, 1)
    )
    offered = [
        f'<dataValidation type="list" allowBlank="1" showErrorMessage="1" sqref="{letters(column)}2:'
        f'{letters(column)}{max(len(lines), 2)}"><formula1>{escape(listed)}</formula1></dataValidation>'
        for column, words in chosen.items()
        if (listed := _listed(words))
    ]
    validations = f'<dataValidations count="{len(offered)}">{"".join(offered)}</dataValidations>' if offered else ""
    view = (
        '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" '
        'state="frozen"/></sheetView></sheetViews>'
    )
    return f'<worksheet xmlns="{_MAIN}">{view}<sheetData>{rows}</sheetData>{validations}</worksheet>'


def _listed(words: Sequence[str]) -> str:
    """Words as a cell offers them; empty where a cell cannot."""
    listed = '"' + ",".join(words) + '"'
    return "" if len(listed) > _LONGEST_LIST or any("," in each or '"' in each for each in words) else listed


def _cell(row: int, column: int, text: str) -> str:
    place = quoteattr(f"{letters(column)}{row}")
    return f'<c r={place} t="inlineStr"><is><t xml:space="preserve">{escape(text[:_LONGEST])}</t></is></c>'


def letters(column: int) -> str:
    """
    >>> letters(0), letters(25), letters(26), letters(702)
    ('A', 'Z', 'AA', 'AAA')
    """
    found, left = "", column + 1
    while left:
        left, digit = divmod(left - 1, 26)
        found = chr(65 + digit) + found
    return found
