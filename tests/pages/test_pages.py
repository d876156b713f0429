"""Pages hold what they are given, escaped, and need nothing from elsewhere."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from treadle.pages import Chart, Mark, Section, bars_across, page, table, tile
from treadle.pages.charts import ticks

NASTY = "<script>alert('x')</script> & \"東京\""


def test_everything_is_escaped():
    html = page(NASTY, [Section(NASTY, tile(NASTY, NASTY, NASTY) + table([NASTY], [[NASTY]]), NASTY)], lead=NASTY)
    assert "<script" not in html and html.count("&lt;script&gt;") >= 7
    svg = Chart(NASTY, NASTY).add(Mark("points", [1], [1], label=NASTY, tips=[NASTY])).svg()
    assert "<script" not in svg + bars_across([(NASTY, 1, 0, 2)])


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_are_inside_and_few(low, span):
    found = ticks(low, low + span)
    assert len(found) <= 8
    assert all(low - span * 1e-6 - 1e-6 <= tick <= low + span * (1 + 1e-6) + 1e-6 for tick in found)


def test_every_mark_draws_well_formed_svg():
    chart = Chart("x", "y")
    for mark in (
        Mark("line", [0, 1], [1, 2]),
        Mark("step", [0, 1], [1, math.nan]),
        Mark("band", [0, 1], low=[0, 1], high=[1, 2]),
        Mark("points", [0.5], [1], low=[0], high=[2]),
        Mark("bars", [0, 1, 2], [3, 4]),
    ):
        chart.add(mark)
    figure = ET.fromstring(chart.rule("x", 0.5, "here").rule("y", 1.0, "there").svg())
    assert "nan" not in ET.tostring(figure).decode()


def test_empty_and_flat_data_draw():
    assert "<svg" in Chart("x", "y").svg() and "Nothing" in bars_across([])
    assert "nan" not in Chart("x", "y").add(Mark("points", [1, 1], [2, 2])).svg()
