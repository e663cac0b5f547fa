"""A refined network's noise is brought to that of the recordings."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from training.data.features import FeatureCache
from training.fitting.calibration import calibrate_noise, noise_excess_db
from training.fitting.loop import LoopSettings
from training.fitting.runs import load_network, save_network, write_run
from training.networks.timbre import TimbreDecoder, TimbreSettings


@pytest.fixture
def network() -> TimbreDecoder:
    """One that is too noisy."""
    torch.manual_seed(0)
    network = TimbreDecoder(TimbreSettings(hidden=16, harmonics=30, noise_bands=17))
    with torch.no_grad():
        network.noise_head.bias.add_(2.4)
    return network


def test_noise_that_is_raised_by_six_decibels_is_six_decibels_in_excess(
    features: FeatureCache, network: TimbreDecoder
) -> None:
    recordings = np.flatnonzero(features.fitted).tolist()[:3]
    before = noise_excess_db(network, features, recordings)
    with torch.no_grad():
        network.noise_head.bias.add_(0.3)
    raised = noise_excess_db(network, features, recordings)
    assert raised - before == pytest.approx(6.0, abs=1.5)


def test_calibrated_noise_is_that_of_the_recordings(
    features: FeatureCache, network: TimbreDecoder
) -> None:
    fitted = np.flatnonzero(features.fitted).tolist()
    before = noise_excess_db(network, features, fitted)
    assert before > 5.0
    assert calibrate_noise(network, features) < -5.0
    assert abs(noise_excess_db(network, features, fitted)) < 1.0


def test_notes_without_a_sustain_calibrate_nothing(
    features: FeatureCache, network: TimbreDecoder
) -> None:
    short = dataclasses.replace(features, release=features.onset + 10)
    assert calibrate_noise(network, short) == 0.0


def test_a_calibrated_network_takes_the_place_of_its_best_checkpoint(
    network: TimbreDecoder, tmp_path: Path
) -> None:
    write_run(tmp_path, "timbre", network, LoopSettings(steps=1))
    save_network(network, tmp_path)
    found = load_network(tmp_path, ("timbre",)).state_dict()
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())
