"""MPE as its players expect it: CC 74, numbered as in the table."""

from __future__ import annotations

import pytest

from tests.instrument.engine.mpe_player import MpePlayer


def slides(mpe: MpePlayer) -> list[int | None]:
    return [mpe.slid(channel) for channel in (3, 4, 15)]


@pytest.mark.parametrize(
    ("number", "told", "expected"),
    [
        (54, [(3, 33)], [33, None, None]),
        (55, [(1, 44)], [44, 44, None]),
        (56, [(3, 33), (1, 44)], [44, 44, None]),
        (56, [(1, 44), (3, 33)], [33, 44, None]),
        (57, [(7, 33)], [None, None, None]),
    ],
)
def test_54_to_57_the_later_of_a_members_and_its_managers_slide_counts(
    mpe: MpePlayer, number: int, told: list[tuple[int, int]], expected: list[int | None]
) -> None:
    for channel, value in told:
        mpe.slide(channel, value)
    assert slides(mpe) == expected


def test_58_the_slide_of_a_note_that_ended_doesnt_count_for_the_next(mpe: MpePlayer) -> None:
    mpe.slide(3, 42)
    mpe.play()
    mpe.off(3)
    mpe.on(3, 72)
    assert mpe.slid(3, 72) is None


def test_59_bend_and_slide_before_a_note_are_its_own(silent: MpePlayer) -> None:
    silent.slide(3, 33)
    silent.bend(3, 2048)
    for channel in (3, 4):
        silent.on(channel)
    assert [silent.bent(channel) for channel in (3, 4)] == [12.0, 0.0]
    assert [silent.slid(channel) for channel in (3, 4)] == [33, None]


def test_a_pedalled_note_keeps_its_slide_but_for_its_managers(mpe: MpePlayer) -> None:
    mpe.control(1, 64, 127)
    mpe.slide(3, 33)
    mpe.off(3)
    mpe.play()
    mpe.slide(3, 90)
    assert slides(mpe) == [33, None, None]
    mpe.slide(1, 44)
    assert slides(mpe) == [44, 44, None]
