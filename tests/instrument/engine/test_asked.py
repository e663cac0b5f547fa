"""What is gathered is what was asked for, voice by voice, in few runs."""

from __future__ import annotations

import numpy as np

from instrument.engine.asked import TOGETHER, WHOLE, Asked, Run, gathered


def asked(slots: list[int], first: int, frames: int, *, fresh: bool = False) -> Asked:
    """Voices at so many rows from one on, whose pitch says slot and row; a fresh one has onsets."""
    rows = np.broadcast_to(first + np.arange(frames), (len(slots), frames)).copy()
    if fresh:
        rows[:, 0] = -1 - np.arange(len(slots))
    pitch = 100.0 * np.array(slots)[:, None] + rows
    moments = np.arange(8)[:, None, None] + pitch
    run = Run(np.array(slots), WHOLE, fresh)
    return Asked(run.slots[:, None], rows, moments, pitch.astype(np.float32), [run])


WANTED = [
    asked([1, 2], 10, 3),
    asked([1, 2, 5], 13, 2),
    asked([2], 15, 3, fresh=True),
    asked([1, 2], 18, 2),
]
"""Slot 5 ends, and in slot 2 a voice ends and another begins."""


def runs(lane: int = 0, lanes: int = 1) -> list[tuple[list[int], list[list[float]], bool]]:
    found = gathered(WANTED, lane, lanes)
    if found is None:
        return []
    return [
        (run.slots.tolist(), found.moments[0][run.at].tolist(), run.fresh) for run in found.runs
    ]


def pitches(slot: int, *rows: int) -> list[float]:
    return [100.0 * slot + row for row in rows]


def test_voices_with_as_many_moments_share_a_run_and_new_ones_come_behind() -> None:
    assert runs() == [
        ([5], [pitches(5, 13, 14)], False),
        ([2], [pitches(2, 10, 11, 12, 13, 14)], False),
        ([1], [pitches(1, 10, 11, 12, 13, 14, 18, 19)], False),
        ([2], [pitches(2, -1, 16, 17, 18, 19)], True),
    ]


def test_each_voice_is_in_one_lane() -> None:
    assert TOGETHER == 4
    assert [run for lane in (1, 0) for run in runs(lane, 2)] == runs()
    assert runs(2, 3) == []


def test_all_arrays_keep_together() -> None:
    found = gathered(WANTED)
    assert found is not None
    pitch = 100.0 * found.slots + found.rows
    np.testing.assert_array_equal(found.told_db, pitch.astype(np.float32))
    np.testing.assert_array_equal(found.moments, np.arange(8)[:, None] + pitch)
    assert found.moments.flags.c_contiguous  # compiled code reads it as it lies
