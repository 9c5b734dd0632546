"""What is special about Binance futures, as data.

Codes: developers.binance.com, derivatives, usds-margined-futures and coin-margined-futures, "Error Codes".
Every code of both pages is either named here or leaves the outcome open. One table serves both interfaces:
Binance moves COIN-M onto the machinery of USD-M, and no code is a refusal on one and anything else on the
other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.core.capabilities import YES, Capability
from bot.core.held.losses import Ending
from bot.core.types import MarginMode
from bot.venues.live.terms import Assumed, Codes

CLIENT_ID_MAX = 36
CLIENT_ID_CHARS = "letters, digits and . : / _ -"

_EVERYWHERE = (
    "CancelStop",
    "CloseHedge",
    "MoveStop",
    "Notify",
    "OpenHedge",
    "PlaceStop",
    "PlaceTakeProfit",
    "ReducePosition",
    "SetPosture",
)
_NO_MARGIN_IN_CROSS = Capability(
    works=False, because="no isolated margin in cross (-4049)", substitute="ReducePosition"
)
_LOCKS_ONLY = Capability(
    works=False,
    because="in cross a lower leverage only locks balance, liquidation stays where it is",
    substitute="ReducePosition",
)


def levers(leverage_refusal: str) -> Mapping[tuple[str, MarginMode], Capability]:
    """What works in which margin mode; ``leverage_refusal`` is the code for a cut of leverage in isolated.

    margin: binance.com FAQ 360038447311; leverage: the error codes, and as seen live in OctoBot issue 3576.
    """
    isolated, cross = MarginMode.ISOLATED, MarginMode.CROSS
    refused = Capability(
        works=False,
        because=f"leverage cannot be lowered on an open isolated position ({leverage_refusal})",
        substitute="AddMargin",
    )
    return MappingProxyType(
        {(lever, mode): YES for lever in _EVERYWHERE for mode in MarginMode}
        | {(lever, isolated): YES for lever in ("AddMargin", "WithdrawMargin")}
        | {(lever, cross): _NO_MARGIN_IN_CROSS for lever in ("AddMargin", "WithdrawMargin")}
        | {("CutLeverage", isolated): refused, ("CutLeverage", cross): _LOCKS_ONLY}
    )


def _codes(text: str) -> frozenset[str]:
    return frozenset(f"-{code}" for code in text.split())


# Parameters that are wrong: found before anything is looked up.
_PARAMETERS = _codes(
    "1013 1014 1020 1023 1100 1101 1102 1103 1104 1105 1106 1108 1109 1110 1111 1112 1113 1114 1115 1116 1117"
    " 1118 1119 1120 1121 1125 1126 1127 1128 1130 1136"
)
# The request was understood and refused. -2011 and -2013 say of a cancel that there is no such open order:
# the cancel did nothing, and the order was met or is gone already. -2022: nothing left to reduce.
_REFUSED = _codes("2010 2011 2013 2016 2018 2019 2020 2021 2022 2023 2024 2025 2026 2027 2028")
# Filters, margin, leverage, position mode; from 4086 on the two pages number differently.
_FILTERS = frozenset(f"-{code}" for code in range(4000, 4034))
_MARGIN = _codes("4044 4045 4047 4048 4049 4050 4051 4053 4054 4055 4058 4060 4061 4062 4067 4068")
_ORDERS = _codes(
    "4082 4083 4084 4085 4086 4087 4088 4089 4090 4104 4109 4110 4112 4113 4114 4117 4118 4120 4130"
    " 4131 4135 4136 4137 4138 4139 4142 4144 4150 4151 4152 4154 4155 4161 4164 4165 4167"
    " 4168 4169 4170 4172 4178 4183 4184 4192 4194 4195 4196 4198 4199 4200 4201 4202 4203 4205 4206"
    " 4208 4209 4210 4211 4400 4401 4402 4403"
)
# What befalls a contract: 1122 and 4140 (opening alone) its status, 4141 it is closed. 4108, "delivering or
# delivered or settling or closed or pre-trading", is on neither page: seen with HTTP 400 at openInterest
# and premiumIndex of contracts in settlement; ccxt 4.5.90 lists it without a word.
_STATUS = _codes("1122 4108 4140 4141")
_EXECUTION = _codes("5021 5022 5024 5025 5026 5029 5037 5038 5039 5040 5041")

ENDINGS = {
    "CANCELED": Ending.CANCELLED,
    "TRIGGERING": Ending.MET,
    "TRIGGERED": Ending.MET,
    "FINISHED": Ending.MET,
}
"""Of the algo service. What a triggered order became is a market order, which nobody cancels in time."""
CODES = Codes(
    rejected=_PARAMETERS | _REFUSED | _FILTERS | _MARGIN | _ORDERS | _STATUS | _EXECUTION,
    # Unique among open orders only: two market orders with one id were both filled on the test network.
    exists=_codes("4116"),
    # No need to change margin type, automatic margin, position mode, asset mode.
    already=_codes("4046 4052 4059 4171"),
    # -2015 is also what a banned address gets. -1005, -1011: the address is not on the key's list.
    auth=_codes("1002 1005 1011 1022 1099 2008 2014 2015 2017 4056 4057"),
    limited=_codes("1003 1015"),
    # -5028 and -4188: the engine itself found the window over, so that it did not take the request.
    clock=_codes("1021 5028 4188"),
    # -4118 (COIN-M -4112): "please check your existing position and open orders".
    crowded=_codes("2022 4112 4118"),
    suspended=_STATUS,
)
"""Left open on purpose: -1000 unknown, -1001 disconnected, -1006 "execution status unknown", -1007 "send
status unknown; execution status unknown", -1008 throttled by the system, -1010, -1016, and every code not
named."""

ASSUMED = (
    Assumed(
        what="positionMargin takes amounts in the steps we send (0.01 of a dollar, 0.00000001 of a coin)",
        settle="add 0.01 USDT and 0.00000001 BTC to isolated positions; -1111 means a coarser step",
    ),
    Assumed(
        what="a triggered conditional order trades under its clientAlgoId (field c), with its kind in ot",
        settle="let a small stop trigger and look at its ORDER_TRADE_UPDATE; otherwise REST tells its trades",
    ),
    Assumed(
        what="two conditional orders of a quantity may rest on one side, so that a stop can be replaced",
        settle="rest two reduce-only STOP_MARKET orders on one position (-4130 is of closePosition)",
    ),
    Assumed(
        what="a stop larger than what is left of its position closes what is left, in hedge mode too",
        settle="rest a stop, close a half by hand, let it trigger; -2022 would mean to resize it at once",
    ),
    Assumed(
        what="reduceOnly is taken by algoOrder in one-way mode; hedge mode refuses it (-1106)",
        settle="rest a reduce-only stop in each mode",
    ),
    Assumed(
        what="leverageBracket already carries an account's own limits where notionalCoef is told",
        settle="compare the brackets of an account with a raised or lowered limit with those on the website",
    ),
    Assumed(
        what="an answer of -1021, -5028 or -4188 means that nothing was executed",
        settle="send orders with a time stamp just at the end of the window and compare with the trades",
    ),
    Assumed(
        what="a margin mode that is set already is answered with -4046 even where something is open",
        settle="POST marginType with the present mode on a symbol with a position",
    ),
    Assumed(
        what="a private stream that names no events in its address tells all of them",
        settle="change the leverage by hand and wait for ACCOUNT_CONFIG_UPDATE",
    ),
    Assumed(
        what="an unknown clientAlgoId is answered with -2013, like an unknown order",
        settle="GET algoOrder with an id that was never used",
    ),
    Assumed(
        what="userTrades without a time tells the latest trades, those of the order among them",
        settle="read the trades of an account with more than 1000 of them in a week",
    ),
    Assumed(
        what="a portfolio-margin account answers these endpoints as it answers a bad key (-2015; a user saw "
        "it, the FAQ says that keys lose futures), and the spot host still tells the rights of the key",
        settle="call positionSide/dual and apiRestrictions with a key of a portfolio-margin account",
    ),
)
SOURCES = (
    "developers.binance.com: derivatives, usds-margined-futures and coin-margined-futures",
    "developers.binance.com: derivatives change log 2025-11-06 and 2025-12-09 (conditional orders)",
    "developers.binance.com: wallet, Get API Key Permission",
    "binance.com FAQ ccf04078d7774d479f11ae15c4f56081 (portfolio margin and keys), Binance.Net issue 1485",
    "binance.com FAQ 360038447311 (margin that can be added and removed)",
    "ccxt 4.5.90 (endpoints and weights), its issues 27486 and 28083",
    "NautilusTrader issues 3287, 3664, 4231 (frames and refusals as seen live)",
)
