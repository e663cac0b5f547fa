"""A room is found from what is heard in it, and taken off what is asked of the instrument."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from training.networks.losses import multi_scale_spectral_loss
from training.networks.room import Room, RoomSettings, dry_loudness_db, frame_energy

RATE = 16_000


def response(level_db: float, seconds: float) -> Tensor:
    """[1, samples], a room whose noise is none of those that are fitted to it."""
    at = torch.arange(RATE) / RATE
    fading = torch.randn(RATE, generator=torch.Generator().manual_seed(5)) * 10.0 ** (
        -3.0 * at / seconds
    )
    tail = fading * 10.0 ** (level_db / 20.0) / fading.square().sum().sqrt()
    tail[0] += 1.0
    heard: Tensor = tail[None]
    return heard


def bursts() -> Tensor:
    """[1, samples], tones and noise that begin and end."""
    at = torch.arange(RATE * 5 // 4) / RATE
    tones = sum(torch.sin(2.0 * torch.pi * 220.0 * order * at) / order for order in range(1, 12))
    noise = torch.randn(len(at), generator=torch.Generator().manual_seed(6))
    sound: Tensor = ((0.1 * tones + 0.02 * noise) * (at * 2.0 % 1.0 < 0.4))[None]
    return sound


@pytest.mark.parametrize(("level_db", "seconds"), [(-6.0, 0.4), (-200.0, 1.0)], ids=["hall", "dry"])
def test_a_room_is_found(level_db: float, seconds: float) -> None:
    torch.manual_seed(0)
    room, number = Room(RoomSettings(("hall",), RATE, bands=3)), torch.tensor([0])
    dry = bursts()
    wet = room(dry, number, response(level_db, seconds)).detach()
    optimizer = torch.optim.Adam(room.parameters(), 0.02)
    for _ in range(25):
        optimizer.zero_grad()
        loss = multi_scale_spectral_loss(room(dry, number, room.impulse()), wet) + room.penalty()
        torch.autograd.backward(loss)
        optimizer.step()
    sounding = slice(1, None)  # below 220 Hz there is next to nothing
    found_db, found_seconds = (x[:, sounding].detach() for x in (room.level_db, room.seconds))
    if level_db < -30.0:
        assert found_db.max() < -30.0
    else:  # its noise isn't the room's: what is at odds is learned fainter
        assert found_db.numpy() == pytest.approx(level_db, abs=9.0)
        assert found_seconds.numpy() == pytest.approx(seconds, rel=0.35)


def test_without_a_room_a_sound_stays_as_it_is() -> None:
    room = Room(RoomSettings(("hall",), RATE))
    heard = room(bursts(), torch.tensor([-1]), room.impulse())
    torch.testing.assert_close(heard, bursts(), atol=1e-5, rtol=0.0)


def test_what_still_rings_is_taken_off_the_loudness() -> None:
    energy = frame_energy(response(-6.0, 0.5), RATE)
    dry = torch.where(torch.arange(150) % 50 < 25, -20.0, -90.0)[None]
    power = 10.0 ** (dry / 10.0)
    wet = torch.stack(
        [
            torch.nn.functional.pad(power, (frame, 0))[:, :150] * energy[0, frame]
            for frame in range(energy.shape[1])
        ]
    ).sum(0)
    found = dry_loudness_db(10.0 * torch.log10(wet), energy)
    sounding = dry[0] > -50.0
    np.testing.assert_allclose(found[0, sounding], dry[0, sounding], atol=0.05)
    assert (found[0, ~sounding] < -35.0).all()
