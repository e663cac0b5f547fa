"""Sizes: as many weights as were asked for, and no more."""

from __future__ import annotations

import pytest

from instrument.errors import UsageError
from instrument.model.graphs import Instrument
from training.diet.sizes import diet_sizes, envelope_weights, timbre_weights
from training.networks.spline import SplineDecoder, SplineSettings
from training.networks.timbre import TimbreDecoder, TimbreSettings

WHOLE = TimbreSettings()


@pytest.mark.parametrize("hidden", [4, 32, 192])
def test_weights_of_a_timbre_are_counted(hidden: int) -> None:
    network = TimbreDecoder(TimbreSettings(hidden=hidden))
    learned = sum(weights.numel() for weights in network.parameters())
    assert timbre_weights(network.settings) == learned + network.settings.pitch_features


@pytest.mark.parametrize("steps", [(2, 8, 4), (25, 30, 50)])
def test_weights_of_envelopes_are_counted(steps: tuple[int, int, int]) -> None:
    decoder = SplineDecoder(SplineSettings(64, steps))
    learned = sum(weights.numel() for weights in decoder.parameters())
    assert envelope_weights(decoder.settings) == learned + 200


@pytest.mark.parametrize("weights", [7_500, 20_000, 37_000, 100_000])
def test_what_is_asked_for_is_used(tiny: Instrument, weights: int) -> None:
    splines, hidden = diet_sizes(weights, tiny.spec, WHOLE)
    found = envelope_weights(splines) + timbre_weights(TimbreSettings(hidden=hidden))
    assert 0.8 * weights < found <= weights
    assert hidden % 4 == 0


def test_too_few_weights_are_refused(tiny: Instrument) -> None:
    with pytest.raises(UsageError, match="--weights 100: should be at least"):
        diet_sizes(100, tiny.spec, WHOLE)
