"""Survival against cost, and whether crashes that were held back bear it out."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.lab.sweep.judging import Both, Figures, dominates, figures, out_of_sample, pareto
from tests.building.sweeps import a_crash, an_outcome, figures_of, some_paths


def test_figures_are_those_of_all_crashes_together() -> None:
    found = figures(an_outcome(3, a_crash(cost="10"), a_crash(survived=False, cost="2.5")))
    assert (found.cell, found.survived, found.crashes) == (3, 1, 2)
    assert found.cost == Decimal("12.5")
    assert found.cost_each == Decimal("6.25")
    assert found.margin_added == 10
    assert found.equity == 2000
    assert found.nearest == 0
    assert found.part_survived == Decimal("0.5")


def test_a_path_counts_as_much_as_a_crash() -> None:
    crashes = a_crash(cost="10"), a_crash(survived=False, cost="10")
    found = figures(an_outcome(3, *crashes, paths=some_paths(survived=97, cost="286")))
    assert (found.survived, found.crashes, found.paths_survived, found.paths) == (1, 2, 97, 100)
    assert found.part_survived == Decimal(98) / 102
    assert found.cost_each == 3  # 306 over 102.
    assert found.margin_added == Decimal("22.34")
    assert found.equity == 92_000
    # A path more and a crash less is as good at the same cost, and better at a lower one.
    one, other = (
        figures_of(n, survived=s, paths_survived=p, paths=100) for n, s, p in ((1, 9, 98), (2, 10, 97))
    )
    assert not dominates(one, other)
    assert dominates(figures_of(3, survived=8, paths_survived=99, paths=100, cost="99"), other)
    assert pareto([one, other, figures_of(4, survived=10, paths_survived=98, paths=100)])[0].cell == 4


def test_the_list_is_what_it_is_by_hand() -> None:
    dear, good, equal = (
        figures_of(1, survived=9, cost="80"),
        figures_of(2, survived=9, cost="50"),
        figures_of(4, survived=9, cost="50"),
    )
    idle, poor = figures_of(3, survived=2, cost="0"), figures_of(5, survived=2, cost="1")
    assert pareto([dear, good, idle, equal, poor]) == (good, equal, idle)


cells = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40).map(
    lambda rows: [
        figures_of(number, survived=survived, cost=str(cost))
        for number, (survived, cost) in enumerate(rows, start=1)
    ]
)


@given(cells)
def test_nothing_on_the_list_is_dominated(cells: list[Figures]) -> None:
    assert not any(dominates(other, each) for each in pareto(cells) for other in cells)


@given(cells)
def test_whatever_is_not_on_the_list_is_dominated_by_something_on_it(cells: list[Figures]) -> None:
    listed = pareto(cells)
    others = [each for each in cells if each not in listed]
    assert all(any(dominates(best, each) for best in listed) for each in others)


@given(cells)
def test_the_first_of_the_list_survives_the_most_at_the_least_cost(cells: list[Figures]) -> None:
    first = pareto(cells)[0]
    most = max(each.survived for each in cells)
    least = min(each.cost for each in cells if each.survived == most)
    assert (first.survived, first.cost) == (most, least)
    assert first.cell == min(each.cell for each in cells if (each.survived, each.cost) == (most, least))


AS_CONFIGURED = Both(figures_of(0, survived=17, crashes=18), figures_of(0, survived=10, crashes=12))


def test_what_holds_on_crashes_held_back_is_not_remarked_on() -> None:
    chosen = figures_of(1, survived=18, crashes=18, cost="1800")
    # One of twelve is lost, and a crash costs exactly twice as much.
    held_back = figures_of(1, survived=11, crashes=12, cost="2400")
    assert list(out_of_sample(Both(chosen, held_back), AS_CONFIGURED)) == []


def test_what_does_not_hold_is_said_loudly() -> None:
    chosen = figures_of(1, survived=18, crashes=18, cost="1800")
    held_back = figures_of(1, survived=9, crashes=12, cost="2401")
    worse = "9 of 12 are survived, of the others 18 of 18; these values may fit the others only"
    assert list(out_of_sample(Both(chosen, held_back), AS_CONFIGURED)) == [
        f"MUCH WORSE on crashes held back: {worse}",
        "MUCH DEARER on crashes held back: 200.08 each, of the others 100.00",
        "WORSE THAN WHAT YOU HAVE on crashes held back: 9 are survived, and 10 as configured",
    ]


def test_crashes_that_are_harder_for_everybody_are_told_from_a_bad_choice() -> None:
    chosen = Both(figures_of(1, survived=18, crashes=18), figures_of(1, survived=9, crashes=12, cost="0"))
    harder = Both(figures_of(0, survived=17, crashes=18), figures_of(0, survived=9, crashes=12))
    (said,) = out_of_sample(chosen, harder)
    assert said.endswith("so it is as configured: these are harder")


def test_crashes_and_paths_held_back_are_judged_each_for_itself() -> None:
    seen = figures_of(1, survived=18, crashes=18, paths_survived=100, paths=100)
    # Of 40 altogether 39 are survived, but of the crashes only five of six.
    crashed = figures_of(1, survived=5, crashes=6, paths_survived=34, paths=34, cost="0")
    (said,) = out_of_sample(Both(seen, crashed), Both(seen, crashed))
    assert said.startswith("MUCH WORSE on crashes held back: 5 of 6 are survived, of the others 18 of 18")
    poor = figures_of(1, survived=6, crashes=6, paths_survived=20, paths=34, cost="1000")
    good = figures_of(0, survived=6, crashes=6, paths_survived=33, paths=34)
    assert [each.partition(":")[0] for each in out_of_sample(Both(seen, poor), Both(seen, good))] == [
        "MUCH WORSE on paths held back",
        "MUCH DEARER on crashes and paths held back",
        "WORSE THAN WHAT YOU HAVE on paths held back",
    ]
