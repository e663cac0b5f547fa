"""Trimming: the network in a graph, and the smaller one in it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from instrument.errors import UsageError
from instrument.model.graphs import Instrument
from training.diet.lessons import Lessons
from training.diet.trim import LAYERS, Criterion, importance, read_timbre, shuffled, trimmed
from training.networks.timbre import TimbreDecoder


@torch.no_grad()
def test_the_network_of_a_graph_is_the_one_that_was_exported(
    read: TimbreDecoder, tiny_networks: tuple[object, TimbreDecoder]
) -> None:
    exported = tiny_networks[1]
    assert read.settings == exported.settings
    for name, values in exported.state_dict().items():
        np.testing.assert_allclose(read.state_dict()[name], values, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("criterion", Criterion)
@torch.no_grad()
def test_all_units_give_what_the_network_gives(
    read: TimbreDecoder, lessons: Lessons, criterion: Criterion
) -> None:
    asked = lessons.asked(3)
    hidden = read.settings.hidden
    whole = trimmed(read, importance(read, asked, criterion), hidden)
    state = torch.zeros(3, hidden)
    for one, other in zip(whole(*asked, state), read(*asked, state), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("criterion", [Criterion.ACTIVATION, Criterion.MAGNITUDE])
@torch.no_grad()
def test_a_unit_that_leads_nowhere_counts_nothing(
    tiny_networks: tuple[object, TimbreDecoder], lessons: Lessons, criterion: Criterion
) -> None:
    network = TimbreDecoder(tiny_networks[1].settings)
    network.harmonic_head.weight[:, 3] = 0.0
    network.noise_head.weight[:, 3] = 0.0
    counts = importance(network, lessons.asked(2), criterion)
    assert len(counts) == len(LAYERS)
    assert counts[-1][3] == 0.0
    assert counts[-1].max() > 0.0


@torch.no_grad()
def test_a_unit_that_never_moves_informs_of_nothing(
    tiny_networks: tuple[object, TimbreDecoder], lessons: Lessons
) -> None:
    network = TimbreDecoder(tiny_networks[1].settings)
    network.get_parameter("before.0.1.weight")[2] = 0.0
    counts = importance(network, lessons.asked(4), Criterion.INFORMATION)
    assert counts[0][2] == pytest.approx(0.0, abs=1e-6)
    assert counts[0].max() > 0.1
    assert all((layer > -1e-6).all() for layer in counts)


@torch.no_grad()
def test_shuffled_weights_are_the_same_ones_in_another_order(read: TimbreDecoder) -> None:
    other = shuffled(read, 0)
    for name, weights in read.named_parameters():
        found = other.get_parameter(name)
        torch.testing.assert_close(found.flatten().sort().values, weights.flatten().sort().values)
    assert not torch.equal(other.harmonic_head.weight, read.harmonic_head.weight)
    torch.testing.assert_close(shuffled(read, 0).noise_head.weight, other.noise_head.weight)


@torch.no_grad()
def test_the_units_that_stay_keep_their_weights(read: TimbreDecoder, lessons: Lessons) -> None:
    counts = importance(read, lessons.asked(2), Criterion.ACTIVATION)
    small = trimmed(read, counts, 5)
    kept = counts[-1].topk(5).indices.sort().values
    torch.testing.assert_close(small.noise_head.weight, read.noise_head.weight[:, kept])
    assert small.settings.hidden == 5


def test_a_graph_of_another_kind_is_refused(tiny: Instrument) -> None:
    other = dataclasses.replace(tiny.spec, timbre=tiny.spec.envelope)
    with pytest.raises(UsageError, match="isn't a network of this program"):
        read_timbre(dataclasses.replace(tiny, spec=other))
