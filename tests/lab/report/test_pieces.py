"""The pieces of any report: what is shown, that it is escaped, and that nothing is fetched."""

import re
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from bot.lab.report import (
    Act,
    Band,
    Cell,
    Column,
    Level,
    Line,
    Page,
    Pane,
    Section,
    Shape,
    Tone,
    heat_map,
    line_chart,
    number_axis,
    page,
    table,
)
from tests.lab.report.telling import Tags, fetched

EVIL = '<script src="http://evil.example/x.js">alert(1)</script>'


def a_chart(**changed: object) -> Markup:
    told = {"summary": "it falls", "x": number_axis(0, 2, margin=0)} | changed
    pane = Pane(
        y=number_axis(0, 10, margin=0),
        title=str(told.pop("pane", "price")),
        lines=[Line(name=str(told.pop("name", "mark")), x=[0, 1, 2], y=[10, 5, 0])],
        bands=[Band(name="most", x=[0, 2], low=[0, 0], high=[10, 10])],
        levels=[Level(name="limit", y=2)],
        acts=[Act(x=1, y=5, shape=Shape.UP, text=str(told.pop("act", "margin added")))],
    )
    return line_chart([pane], **told)  # type: ignore[arg-type]


def a_page(**changed: object) -> str:
    told = {
        "title": "Stress test",
        "kind": "Holdfast",
        "verdict": "All is well",
        "tone": Tone.SAFE,
        "sections": [Section(id="one", title="One", body=a_chart())],
        "provenance": [("Seed", "7")],
    } | changed
    return page(Page(**told))  # type: ignore[arg-type]


def test_whatever_people_name_stays_text() -> None:
    body = Markup().join(
        [
            a_chart(title=EVIL, summary=EVIL, name=EVIL, act=EVIL, pane=EVIL),
            heat_map([(EVIL, [Cell(text=EVIL, detail=EVIL)])], [EVIL], corner=EVIL, caption=EVIL),
            table([Column(EVIL)], [[EVIL]], caption=EVIL),
        ]
    )
    sections = [Section(id="x", title=EVIL, body=body, note=EVIL)] * 3
    html = a_page(
        title=EVIL,
        kind=EVIL,
        verdict=EVIL,
        lead=[EVIL],
        figures=[(EVIL, EVIL)],
        sections=sections,
        provenance=[(EVIL, EVIL)],
    )
    assert "script" not in {tag for tag, _ in Tags(html).found}
    assert fetched(html) == []


def test_a_page_fetches_nothing_and_forbids_it() -> None:
    html = a_page()
    assert fetched(html) == []
    assert "default-src 'none'" in html


def test_the_verdict_is_told_by_shape_and_word_before_anything_else() -> None:
    html = a_page(verdict="Two die", tone=Tone.DEAD)
    main = html[html.index("<main") :]
    assert re.search(r'class="verdict dead"><i aria-hidden="true">✕</i> Two die', main)
    assert main.index("Two die") < main.index("<section")


def test_every_tone_has_another_shape_and_another_colour() -> None:
    html = a_page()
    dangerous = [tone for tone in Tone if tone is not Tone.PLAIN]
    assert len({tone.shape for tone in dangerous}) == len(dangerous)
    assert len({tuple(re.findall(rf"--{tone}: (#\w+)", html)) for tone in dangerous}) == len(dangerous)


def test_a_chart_is_drawn_within_its_axes() -> None:
    svg = ET.fromstring(re.search(r"<svg viewBox.*role=.*</svg>", a_chart(key=False), re.DOTALL).group())  # type: ignore[union-attr]
    line = next(path for path in svg.iter("path") if path.get("class") == "first")
    # From the left edge at the top to the right edge at the bottom of a pane of 300, 40 below the top.
    assert line.get("d") == "M108 40l374 150 374 150"
    assert svg.get("aria-label") == "it falls"


def test_an_act_says_what_it_was_when_pointed_at() -> None:
    assert "<title>margin added</title>" in a_chart()


def test_a_cell_tells_its_tone_by_word_and_shape() -> None:
    html = heat_map([("a", [Cell(text="LIQUIDATED", tone=Tone.DEAD, href="#run")])], ["b"], corner="c")
    assert '<a href="#run"><b class="tone"><i aria-hidden="true">✕</i> LIQUIDATED</b></a>' in html


@pytest.mark.parametrize("cells", [0, 2])
def test_a_row_of_another_length_is_refused(cells: int) -> None:
    with pytest.raises(ValueError, match="every row needs 1"):
        heat_map([("a", [Cell(text="1")] * cells)], ["b"], corner="c")
    with pytest.raises(ValueError, match="zip"):
        table([Column("b")], [["1"] * cells])


def test_what_holds_until_it_is_gone_is_drawn_until_then() -> None:
    hole = float("nan")
    line = Line(name="", x=[0, 1, 2], y=[5, hole, 10], steps=True)
    html = line_chart(
        [Pane(y=number_axis(0, 10, margin=0), lines=[line])], x=number_axis(0, 2, margin=0), summary=""
    )
    # Half way up from the left edge to the middle, then nothing, then a dot in the upper right corner.
    assert 'd="M108 190h374M856 40h0"' in html
