"""How soon controls are heard, inside the engine: the same on every machine."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.bench.controls import CASES, Case, latencies_ms, milliseconds, note_off_ms
from instrument.model.graphs import Instrument

LONGEST_MS = {
    "bend": 6.0,
    "pressure": 9.0,
    "CC 2 up": 10.0,
    "CC 2 down": 8.0,
    "CC 11 up": 10.0,
    "CC 11 down": 8.0,
    "CC 7": 20.0,
    "CC 1": 20.0,
    "knob": 40.0,
}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_control_is_heard_in_time_wherever_in_a_hop_it_comes(
    tiny: Instrument, case: Case
) -> None:
    assert latencies_ms(tiny, case, 4).max() <= LONGEST_MS[case.name]


def test_the_end_of_a_note_is_heard_within_10_ms(tiny: Instrument) -> None:
    assert note_off_ms(tiny, 4).max() <= 10.0


def test_a_way_is_measured_on_straight_lines_between_halves_of_hops() -> None:
    way = np.array([0.0, 0.0, 0.5, 1.0])
    assert milliseconds(way, 0, 0.25) == pytest.approx(4 + 1)
    assert milliseconds(way, 48, 0.75) == pytest.approx(6 + 1 - 1)
