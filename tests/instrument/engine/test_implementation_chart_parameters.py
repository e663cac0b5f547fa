"""The MIDI implementation chart's registered parameters: what each does to what sounds."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.midi.events import PitchBend
from instrument.model.graphs import Instrument
from tests.instrument.engine.chart_player import ON, Heard, Player, assert_same, held_after


@pytest.fixture
def player(tiny: Instrument) -> Player:
    return Player(tiny)


@pytest.fixture(scope="module")
def plain(tiny: Instrument) -> Heard:
    """A note for 1 s without anything else."""
    return held_after(Player(tiny))


@pytest.mark.parametrize(
    ("coarse", "fine", "semitones"), [(12, 0, 12.0), (0, 50, 0.5), (7, 25, 7.25)]
)
def test_rpn_0_is_the_range_of_the_pitch_wheel(
    player: Player, plain: Heard, coarse: int, fine: int, semitones: float
) -> None:
    player.parameter(0, coarse, fine)
    bent = held_after(player, PitchBend(0, -8192))
    np.testing.assert_allclose(bent.pitch - plain.pitch, -semitones, atol=1e-3)


@pytest.mark.parametrize(
    ("coarse", "fine", "cents"), [(0, 0, -100.0), (96, 0, 50.0), (64, 64, 0.8)]
)
def test_rpn_1_tunes_finely(
    player: Player, plain: Heard, coarse: int, fine: int, cents: float
) -> None:
    player.parameter(1, coarse, fine)
    tuned = held_after(player)
    np.testing.assert_allclose(tuned.pitch - plain.pitch, cents / 100.0, atol=1e-3)


@pytest.mark.parametrize("semitones", [-12, 0, 7])
def test_rpn_2_tunes_by_semitones(player: Player, plain: Heard, semitones: int) -> None:
    player.parameter(2, 64 + semitones)
    np.testing.assert_allclose(held_after(player).pitch - plain.pitch, semitones, atol=1e-3)


def test_a_note_that_sounds_is_tuned_smoothly(player: Player, plain: Heard) -> None:
    player.send(ON)
    player.play(0.4)
    player.parameter(2, 65)
    tuned = player.play(0.6).pitch - plain.pitch[100:]
    assert tuned[0] == 0.0
    assert tuned[-1] == pytest.approx(1.0, abs=1e-3)
    assert 0.0 <= np.diff(tuned).min() <= np.diff(tuned).max() < 0.9


def test_cc_96_and_97_step_a_parameter(player: Player, plain: Heard) -> None:
    player.control((101, 0), (100, 2), (96, 0), (96, 0), (96, 0), (97, 0))
    np.testing.assert_allclose(held_after(player).pitch - plain.pitch, 2.0, atol=1e-3)


@pytest.mark.parametrize(
    "selected", [((101, 127), (100, 127)), ((99, 0), (98, 2)), ((101, 0), (100, 3))]
)
def test_data_entry_of_no_known_parameter_changes_nothing(
    player: Player, plain: Heard, selected: tuple[tuple[int, int], ...]
) -> None:
    """After RPN null, an NRPN, an RPN that there is no use for."""
    player.control((101, 0), (100, 2), *selected, (6, 100), (38, 3), (96, 0))
    assert_same(held_after(player), plain)


@pytest.mark.parametrize("controller", [3, 8, 9, 12, 20, 31, 43, 70, 75, 85, 92, 93, 119, 122])
def test_other_controllers_change_nothing(player: Player, plain: Heard, controller: int) -> None:
    player.control((controller, 0), (controller, 127))
    assert_same(held_after(player), plain)
