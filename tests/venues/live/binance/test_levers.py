"""What Binance can do, as it is declared."""

import pytest

from bot.core.capabilities import Capability
from bot.core.types import MarginMode
from bot.venues.live.dialect import Dialect
from tests.venues.live.binance.recorded import COINM, USDM

ISOLATED, CROSS = MarginMode.ISOLATED, MarginMode.CROSS


@pytest.mark.parametrize(("dialect", "code"), [(USDM, "-4161"), (COINM, "-4150")])
def test_a_cut_of_leverage_is_declared_impossible_and_replaced(dialect: Dialect, code: str) -> None:
    assert dialect.traits.levers["CutLeverage", ISOLATED] == Capability(
        works=False,
        because=f"leverage cannot be lowered on an open isolated position ({code})",
        substitute="AddMargin",
    )
    cross = dialect.traits.levers["CutLeverage", CROSS]
    assert (cross.works, cross.substitute) == (False, "ReducePosition")


@pytest.mark.parametrize("dialect", [USDM, COINM])
def test_margin_moves_in_isolated_only(dialect: Dialect) -> None:
    for lever in ("AddMargin", "WithdrawMargin"):
        assert dialect.traits.levers[lever, ISOLATED].works
        assert not dialect.traits.levers[lever, CROSS].works


@pytest.mark.parametrize("dialect", [USDM, COINM])
def test_every_no_has_a_reason_and_a_substitute_that_works(dialect: Dialect) -> None:
    levers = dialect.traits.levers
    for (_, mode), capability in levers.items():
        if not capability.works:
            assert capability.because
            assert levers[capability.substitute, mode].works


@pytest.mark.parametrize("dialect", [USDM, COINM])
def test_every_assumption_says_how_to_settle_it(dialect: Dialect) -> None:
    assert dialect.traits.assumed
    assert all(each.what and each.settle for each in dialect.traits.assumed)
    assert dialect.traits.sources
