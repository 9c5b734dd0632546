"""Every exchange that is spoken is found by its name, and only by that."""

import pytest

from bot.venues.live.dialect import Dialect
from bot.venues.live.registry import NAMES, UnknownVenueError, dialect, spoken


@pytest.mark.parametrize("name", spoken())
def test_an_exchange_is_found_by_its_name(name: str) -> None:
    found = dialect(name)
    assert isinstance(found, Dialect)
    assert found.traits.position_modes
    assert found.traits.sources
    assert all(each.what and each.settle for each in found.traits.assumed)


@pytest.mark.parametrize("name", spoken())
def test_its_own_client_ids_fit_what_an_exchange_takes(name: str) -> None:
    # Epochs and sequences of nine digits and a slice: more than any run comes to.
    assert dialect(name).traits.client_id_max >= len("hf-999999999-999999999-99")


@pytest.mark.parametrize("name", spoken())
def test_whatever_does_not_work_says_why(name: str) -> None:
    levers = dialect(name).traits.levers
    assert [key for key, able in levers.items() if not able.works and not able.because] == []


def test_what_is_spoken_has_a_place_in_the_order() -> None:
    assert set(spoken()) <= set(NAMES)
    assert "xt" in spoken()


@pytest.mark.parametrize("name", ["xtt", "XTS"])
def test_a_misspelt_exchange_gets_a_suggestion(name: str) -> None:
    with pytest.raises(
        UnknownVenueError, match=rf'^no exchange "{name}"; did you mean "xt"\?; there are .*xt$'
    ):
        dialect(name)


@pytest.mark.parametrize("name", ["", "kraken", "xt.acting", "../xt"])
def test_what_is_no_exchange_is_never_imported(name: str) -> None:
    with pytest.raises(UnknownVenueError, match="there are"):
        dialect(name)
