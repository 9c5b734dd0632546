"""The look of everything that Holdfast shows in a browser: colours, words, type and the frame of a page.

A report is one file without a network, the page of a running bot is many: both take their style sheet
(``look.css``), their templates and the words of danger from here. Everything is text in, text out; templates
escape whatever they are given, because names and symbols come from people and from exchanges.
"""

from bot.look.templating import environment, rendered, stylesheet
from bot.look.tone import DANGER_FIRST, Tone

__all__ = ["DANGER_FIRST", "Tone", "environment", "rendered", "stylesheet"]
