"""The accounts of the configuration file: where each is, how it is reached, and by which key.

The key itself is never in the file: files are copied, mailed and committed. A secret that was written there
all the same is refused, by a message that does not repeat it.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from bot.config.fields import Currency, NoChoiceError, NotNegative, UnrepeatableError
from bot.config.table import Table
from bot.core.types import PositionMode

VENUES = ("binanceusdm", "binancecoinm", "bybit", "okx", "xt")
"""The exchanges whose dialect is spoken; the names of ``bot.venues.live.dialects``."""

PLACE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f]+|keyring:[^/\x00-\x1f]+/[^\x00-\x1f]+")
"""Where a secret may be kept."""
PLACES = '"env:NAME", "file:PATH" or "keyring:SERVICE/NAME"'


def _margin_rules(value: object) -> str:
    from bot.core.margin.venues import RULES  # noqa: PLC0415 - the table is not needed to show the schema's shape

    if not isinstance(value, str) or value not in RULES:
        raise NoChoiceError(sorted(RULES))
    return value


def _secret(value: object) -> str:
    """The place of a secret. What else stands here may be the secret itself: it is not repeated."""
    if not isinstance(value, str) or not PLACE.fullmatch(value):
        raise UnrepeatableError(
            f"a secret is not written into the file; write where it is: {PLACES}."
            " If this was the key itself, replace it at the exchange: the file has been read"
        )
    return value


def _keys(value: object) -> object:
    if not isinstance(value, dict):
        raise UnrepeatableError(
            "allowed: a table of where the secrets are,"
            ' such as { api_key = "env:HOLDFAST_KEY", secret = "env:HOLDFAST_SECRET" }'
        )
    return value


MarginRulesName = Annotated[str, PlainValidator(_margin_rules), WithJsonSchema({"type": "string"})]
"""Name of a venue's margin rules in ``bot.core.margin.venues``."""
SecretPlace = Annotated[
    str, PlainValidator(_secret), WithJsonSchema({"type": "string", "pattern": f"^({PLACE.pattern})$"})
]
"""Where a secret is kept: an environment variable, a file only we may read, or the system's keyring."""
KeyRight = Literal["transfer", "withdraw"]
"""A right that a key for guarding positions should not have."""


class KeysTable(Table):
    """Where the parts of an API key are: "env:NAME", "file:PATH" (mode 0600) or "keyring:SERVICE/NAME"."""

    api_key: SecretPlace
    secret: SecretPlace
    passphrase: SecretPlace | None = None
    """OKX has one."""


class LoopbackTable(Table):
    """An exchange on this very machine, such as ``holdfast simulator``: there is no other host to name."""

    port: Annotated[int, Field(ge=1, le=65_535)]
    ca_file: Annotated[str, Field(min_length=1)]
    """The certificate it is known by, looked for beside the configuration file."""


class AccountTable(Table):
    """One account at one venue."""

    venue: Literal["binanceusdm", "binancecoinm", "bybit", "okx", "xt"] | None = None
    """At which exchange it is; left out, it exists on paper only."""
    keys: Annotated[KeysTable, BeforeValidator(_keys)] | None = None
    """Where its API key is kept; never the key itself."""
    accept_key_rights: tuple[KeyRight, ...] = ()
    """Rights that a key should not have and may have all the same: without it such a key is refused."""
    loopback: LoopbackTable | None = None
    """Reach the exchange on this machine instead of its own hosts."""
    margin_rules: MarginRulesName = "binance_usdm"
    """Whose margin arithmetic holds: maintenance, closing fee, tiers, what a change of leverage does; left
    out where there is a venue, it is the venue's."""
    position_mode: PositionMode = PositionMode.ONE_WAY
    """one_way: one position per symbol; hedge: a long and a short side by side."""
    balance: NotNegative | None = None
    """The futures wallet at the start, in ``currency``: of simulated accounts, where the margin of isolated
    positions is taken from it. A real account has its own."""
    currency: Currency | None = None
    """What balance is in; left out, it is what the contracts settle in, where that is one currency."""
    others: dict[Currency, NotNegative] = Field(default_factory=dict)
    """Wallets in other settlement currencies: BTC = 0.5. None of them ever pays for a position in another."""
    spot: dict[Currency, NotNegative] = Field(default_factory=dict)
    """Coins held outright beside the futures wallet: BTC = 0.5. They back nothing, and count where a rule
    counts them. Of simulated accounts; a real account's are read."""
    collateral: dict[str, NotNegative] = Field(default_factory=dict)
    """Amounts of other assets that count into the wallet of ``currency``; each needs its terms in
    paper.collateral."""

    @model_validator(mode="before")
    @classmethod
    def _rules_of_the_venue(cls, values: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
        """An account at Bybit follows Bybit's rules without a word."""
        if not isinstance(values, dict) or "margin_rules" in values or values.get("venue") not in VENUES:
            return values
        from bot.core.margin.venues import rules_for  # noqa: PLC0415 - see above

        return {**values, "margin_rules": rules_for(values["venue"]).name}
