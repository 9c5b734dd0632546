from bot.cli.capabilities_text import read, written
from bot.core.capabilities import YES, Capabilities, Capability
from bot.core.types import AccountName, MarginMode, PositionMode, Symbol

NO = Capability(works=False, because="no isolated margin in cross", substitute="ReducePosition")
ABLE = Capabilities(
    venue="binanceusdm",
    position_modes=frozenset({PositionMode.HEDGE}),
    levers={("AddMargin", MarginMode.ISOLATED): YES, ("AddMargin", MarginMode.CROSS): NO},
    by_contract={("OpenHedge", MarginMode.CROSS, Symbol("BTC/USDT:USDT")): YES},
)


def test_what_was_written_reads_the_same() -> None:
    accounts = {AccountName("main"): ABLE, AccountName("other"): Capabilities(venue="paper")}
    assert read(written(accounts)) == accounts


def test_equal_capabilities_are_one_text_whatever_the_order() -> None:
    turned = Capabilities(
        venue=ABLE.venue,
        position_modes=ABLE.position_modes,
        levers=dict(reversed(list(ABLE.levers.items()))),
        by_contract=ABLE.by_contract,
    )
    main, other = AccountName("main"), AccountName("other")
    assert written({main: ABLE, other: turned}) == written({other: ABLE, main: turned})
