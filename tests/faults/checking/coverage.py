"""Where each invariant is held: by a check of a single run, or by tests of what one run cannot show."""

from __future__ import annotations

from collections.abc import Mapping

LAB = "tests/faults/test_simulation.py"
HERE = "check"
"""Held against every run by a function of this package."""

COVERAGE: Mapping[str, tuple[str, ...]] = {
    **{f"I{number:02d}": (HERE,) for number in range(1, 34)},
    # A metamorphic promise takes two runs; of one, it is checked that no frame comes behind a newer one.
    "I17": (
        HERE,
        "tests/venues/live/test_datagate.py::test_what_is_not_newer_is_overtaken",
        "tests/core/test_freshness.py::test_a_repeated_mark_changes_nothing",
    ),
    "I22": (
        HERE,
        "tests/runtime/test_rebuild_real.py::test_an_engine_fed_the_journal_decides_the_same_and_knows_the_same",
    ),
    # There is one copy of the journal on the disk; what else tells of it must agree with it.
    "I25": (
        "tests/runtime/test_rebuild_real.py::test_the_file_and_the_memory_hold_the_same_history",
        "tests/runtime/test_rebuild_real.py::test_the_running_process_answers_as_the_file_would",
    ),
    "I26": (
        HERE,
        "tests/runtime/test_secrets.py",
        "tests/runtime/test_log.py::test_a_secret_in_an_argument_or_a_local_variable_never_reaches_the_log",
        "tests/runtime/test_redaction.py::test_what_a_rule_says_is_written_without_secrets",
    ),
    "I31": (f"{LAB}::test_a_seed_is_one_run_to_the_byte_whatever_the_process_and_its_hash_seed",),
    "I32": (f"{LAB}::test_no_seed_breaks_a_promise_and_every_kind_of_fault_was_tried",),
    # One run has one process at a time; that a second one does not start takes two.
    "I33": (HERE, "tests/runtime/test_lock.py::test_the_second_instance_is_told_who_runs_and_leaves_with_75"),
}
"""By invariant: ``check``, or the tests (a file, or one of it) that hold it."""
