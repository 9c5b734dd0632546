"""The log: one line per event, no secrets, no values of local variables, bounded in size.

The library's default prints the local values of every frame into a traceback, and keys are among them. So
tracebacks are rendered here, by the standard library, redacted, and the library never gets to see one.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from bot.runtime.redaction import redact

if TYPE_CHECKING:
    from loguru import Record

FILE_BYTES = "10 MB"
FILES = 5
_FORMAT = "{time:YYYY-MM-DD HH:mm:ss.SSS!UTC}Z {level: <8} {name}: {message}{extra[trace]}\n"


def set_up(*, level: str = "INFO", file: Path | None = None, terminal: TextIO | None = sys.stderr) -> None:
    """Send the log, and what libraries log, to ``terminal`` and to ``file``; either may be left out.

    The file is replaced at 10 MB, five old ones are kept.
    """
    logger.remove()
    logger.configure(patcher=_patch)
    if terminal is not None:
        logger.add(terminal, level=level, format=lambda _: _FORMAT, diagnose=False, backtrace=False)
    if file is not None:
        logger.add(
            file,
            level=level,
            format=lambda _: _FORMAT,
            diagnose=False,
            backtrace=False,
            rotation=FILE_BYTES,
            retention=FILES,
            encoding="utf-8",
        )
    logging.basicConfig(handlers=[_Intercept()], level=logging.getLevelName(level), force=True)
    logging.captureWarnings(capture=True)


def report_crash(error: BaseException) -> None:
    """Write the traceback of what ends the process; people get one line on their terminal besides."""
    logger.opt(exception=error).critical("the process ends")


def _patch(record: Record) -> None:
    """Redact a record and keep its traceback from the library. A line break would forge a second event."""
    record["message"] = redact(record["message"]).replace("\r", "\\r").replace("\n", "\\n")
    caught = record["exception"]
    record["exception"] = None
    record["extra"]["trace"] = ""
    if caught is not None and caught.value is not None:
        lines = traceback.format_exception(caught.type, caught.value, caught.traceback)
        record["extra"]["trace"] = "\n" + redact("".join(lines)).rstrip("\n")


class _Intercept(logging.Handler):
    """Hands what libraries log to our log, under the name of the place it came from."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on."""
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # the library's own recipe for the caller
        depth = 1
        while frame is not None and frame.f_code.co_filename == logging.__file__:
            frame = frame.f_back
            depth += 1
        logger.opt(depth=depth, exception=record.exc_info).log(level, "{}", record.getMessage())
