"""A start that is refused, and an exchange that does not let itself be read."""

from __future__ import annotations

from collections.abc import Sequence

from bot.runtime.errors import CONFIG, REFUSED, ShellError
from bot.runtime.starting.findings import Finding


class StartRefused(Exception):  # noqa: N818  # it says what is the matter
    """What was read does not allow to begin; ``lines`` say why, with their places in the file.

    ``exit_code`` tells whether the file is wrong or the account is not fit.
    """

    def __init__(self, lines: Sequence[str], findings: Sequence[Finding]) -> None:
        """``findings`` are those that refuse."""
        self.lines = tuple(lines)
        mistaken = all(finding.mistaken for finding in findings)
        self.exit_code = CONFIG if findings and mistaken else REFUSED
        super().__init__("\n".join(self.lines))


class AccountRefused(ShellError):  # noqa: N818  # it says what is the matter
    """The account is of a kind that is not guarded."""

    exit_code = REFUSED


class KeyRefused(ShellError):  # noqa: N818  # it says what is the matter
    """The exchange does not accept the key."""

    exit_code = CONFIG
