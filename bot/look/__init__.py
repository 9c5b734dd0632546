"""The look of everything that Holdfast shows in a browser: colours, words, type and the frame of a page.

A report is one file without a network, the page of a running bot is many: both take their style sheet
(``look.css``), their templates, the words of danger and the way figures are written from here. Everything is
text in, text out; templates escape whatever they are given, because names and symbols come from people and
from exchanges. Nothing is imported here, so that a command that only writes figures starts fast.
"""
