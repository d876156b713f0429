"""Pages for people: one self-contained HTML file each, light or dark as the reader's screen is, no JavaScript.

It does not know what is shown, and fetches nothing: no room stands below this one.

`page` lays sections out, `Chart` draws into inline SVG, `table` and `tile` show numbers.
"""

from __future__ import annotations

from treadle.pages.charts import Chart, Mark, bars_across, escape
from treadle.pages.page import LINKS, Section, linked, page, scrolling, table, tile

__all__ = ["LINKS", "Chart", "Mark", "Section", "bars_across", "escape", "linked", "page", "scrolling", "table", "tile"]
