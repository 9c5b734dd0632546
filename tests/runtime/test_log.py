"""The log: no secret ever, no forged lines, and what libraries say is in it."""

import subprocess
import sys
from pathlib import Path

from bot.runtime.redaction import hide, redact

ROOT = Path(__file__).resolve().parents[2]

START = """
import logging, sys, warnings
from pathlib import Path
from loguru import logger
from bot.runtime.log import report_crash, set_up
from bot.runtime.redaction import hide

set_up(file=Path(sys.argv[1]))

def sign(api_secret, payload):
    local_copy = "prefix-" + api_secret
    raise ValueError(f"bad signature for {payload}")
"""

CANARY = "c4n4ry-0123456789"


def logged(tmp_path: Path, program: str) -> str:
    """What a program wrote to its log; the same went to its terminal, and there was nothing else."""
    file = tmp_path / "bot.log"
    child = subprocess.run(
        [sys.executable, "-c", START + program.replace("CANARY", repr(CANARY)), str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    text = file.read_text()
    assert child.stderr == text
    assert child.returncode == 0
    return text


def test_a_secret_in_an_argument_or_a_local_variable_never_reaches_the_log(tmp_path: Path) -> None:
    text = logged(
        tmp_path,
        """
try:
    sign(CANARY, "order 7")
except ValueError as error:
    logger.exception("could not sign")
    logger.opt(exception=True).error("again")
    report_crash(error)
    logging.getLogger("library").exception("a library says so too")
""",
    )
    assert CANARY not in text
    assert text.count("ValueError: bad signature for order 7") == 4
    assert text.count("in sign") == 4
    assert "library: a library says so too" in text or "a library says so too" in text


def test_a_known_secret_is_hidden_wherever_it_occurs(tmp_path: Path) -> None:
    text = logged(
        tmp_path,
        """
hide(CANARY)
logger.info("connecting with {}", CANARY)
logging.getLogger("ccxt").warning("GET /account?key=%s", CANARY)
warnings.warn("deprecated " + CANARY)
try:
    raise KeyError(CANARY)
except KeyError:
    logger.exception("lookup")
""",
    )
    assert CANARY not in text
    assert text.count("***") == 4


def test_what_looks_like_a_secret_by_its_name_is_hidden() -> None:
    hide("abc")
    for text, expected in (
        ("apiKey=ABCDEF&symbol=BTC", "apiKey=***&symbol=BTC"),
        ('{"secret": "s3cr3t", "n": 1}', '{"secret": "***", "n": 1}'),
        ("X-MBX-APIKEY: 77aa", "X-MBX-APIKEY: ***"),
        ("timestamp=1&signature=0af3)", "timestamp=1&signature=***)"),
        ("telegram_token = 12:ab", "telegram_token = ***"),
        ("the secret of success", "the secret of success"),
        ("abc is too short to be one", "abc is too short to be one"),
    ):
        assert redact(text) == expected


def test_the_longest_of_several_secrets_is_hidden_first() -> None:
    hide("longsecret", "longsecret-and-more")
    assert redact("longsecret-and-more longsecret") == "*** ***"


def test_a_line_break_in_a_message_makes_no_second_event(tmp_path: Path) -> None:
    text = logged(tmp_path, 'logger.info("venue says {}", "no\\n2026-01-01 CRITICAL all is well")\n')
    assert len(text.splitlines()) == 1
    assert "venue says no\\n2026-01-01" in text


def test_braces_and_markup_in_a_message_are_text(tmp_path: Path) -> None:
    text = logged(
        tmp_path,
        """
logger.info('{"a": {}, "b": "<red>"} {extra[trace]}')
logging.getLogger("library").warning('{"a": {0}} %d')
""",
    )
    assert '{"a": {}, "b": "<red>"} {extra[trace]}' in text
    assert '{"a": {0}} %d' in text


def test_libraries_are_heard_from_the_level_that_was_set(tmp_path: Path) -> None:
    text = logged(
        tmp_path,
        """
logging.getLogger("library").debug("chatter")
logging.getLogger("library").info("news")
logging.getLogger("library").log(35, "unusual")
""",
    )
    assert "chatter" not in text
    assert "INFO     __main__: news" in text
    assert "unusual" in text


def test_the_file_is_replaced_before_it_grows_too_large(tmp_path: Path) -> None:
    logged_to = tmp_path / "logs" / "bot.log"
    program = """
set_up(file=Path(sys.argv[1]), terminal=None)
for _ in range(12):
    logger.critical("x" * 1024 * 1024)
"""
    subprocess.run([sys.executable, "-c", START + program, str(logged_to)], cwd=ROOT, check=True)
    files = sorted(logged_to.parent.iterdir())
    assert len(files) == 2
    assert all(file.stat().st_size <= 10_100_000 for file in files)
