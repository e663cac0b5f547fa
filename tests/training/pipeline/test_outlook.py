"""How long all stages will still take."""

from __future__ import annotations

import pytest

from training.pipeline.outlook import CAUTION_SECONDS, Outlook, in_words


class Clock:
    """A clock that is put forward by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_stage_goes_by_its_own_pace_and_later_ones_by_what_was_expected() -> None:
    clock = Clock()
    outlook = Outlook({"one": 100.0, "two": 50.0}, clock)
    assert outlook.left() == 150.0
    outlook.begin("one")
    outlook.tell(0, 10)
    clock.now = 20.0
    outlook.tell(4, 10)
    assert outlook.left() == pytest.approx(30.0 + 50.0)


def test_what_was_done_before_a_stage_went_on_doesnt_count() -> None:
    clock = Clock()
    outlook = Outlook({"one": 100.0}, clock)
    outlook.begin("one")
    outlook.tell(900, 1000)
    clock.now = 10.0
    outlook.tell(950, 1000)
    assert outlook.left() == pytest.approx(10.0)


def test_a_slow_machine_makes_later_stages_longer() -> None:
    clock = Clock()
    outlook = Outlook({"one": 100.0, "two": 100.0}, clock)
    outlook.begin("one")
    clock.now = 300.0
    assert outlook.left() == 100.0  # and none of this one, which is overdue
    outlook.end()
    pace = (300.0 + CAUTION_SECONDS) / (100.0 + CAUTION_SECONDS)
    assert outlook.left() == pytest.approx(100.0 * pace)


def test_what_is_skipped_takes_no_time() -> None:
    outlook = Outlook({"one": 100.0, "two": 50.0}, Clock())
    outlook.skip("one")
    outlook.begin("two")
    assert outlook.left() == 50.0


def test_times_are_told_roughly() -> None:
    assert [in_words(s) for s in (0.0, 42.0, 400.0, 3600.0, 4800.0)] == [
        "5 s",
        "40 s",
        "7 min",
        "1 h 0 min",
        "1 h 20 min",
    ]
