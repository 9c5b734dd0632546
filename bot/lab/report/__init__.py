"""Reports: one HTML file that opens without a network, prints well and reads in a minute.

What was kept of a run becomes thinned series, series become drawings, drawings and tables become a page. Each
of these is a function of what it is given; only a command writes the file. The pieces that any report is made
of are exported here: the page's frame, a line chart, a heat map, a table and a fold.
"""

from bot.lab.report.axes import Axis, money_text, number_axis, percent_text, time_axis
from bot.lab.report.fold import fold
from bot.lab.report.heat import Cell, heat_map
from bot.lab.report.lines import WIDE, Act, Band, Ink, Level, Line, Pane, Shape, legend, line_chart
from bot.lab.report.page import Page, Section, page
from bot.lab.report.table import Column, table
from bot.look.tone import DANGER_FIRST, Tone

__all__ = [
    "DANGER_FIRST",
    "WIDE",
    "Act",
    "Axis",
    "Band",
    "Cell",
    "Column",
    "Ink",
    "Level",
    "Line",
    "Page",
    "Pane",
    "Section",
    "Shape",
    "Tone",
    "fold",
    "heat_map",
    "legend",
    "line_chart",
    "money_text",
    "number_axis",
    "page",
    "percent_text",
    "table",
    "time_axis",
]
