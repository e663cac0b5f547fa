"""A small timbre network, taught by the timbre of an exported instrument (Hinton et al. 2015)."""

from __future__ import annotations

import torch
from torch import Tensor

from training.diet.lessons import Lessons
from training.fitting.loop import Batch, Task
from training.networks.losses import heard_distance_db
from training.networks.timbre import TimbreDecoder

FAINT_DB = -75.0


def distances(network: TimbreDecoder, batch: Batch) -> dict[str, Tensor]:
    """Mean differences from the answers of lessons in dB, by how much each can be heard.

    Returns:
        ``harmonics_db`` and ``noise_db``.
    """
    state = batch["f0_hz"].new_zeros(len(batch["f0_hz"]), network.settings.hidden)
    amplitude, harmonics, noise, _ = network(batch["f0_hz"], batch["loudness_db"], state)
    sounding = (batch["loudness_db"] > FAINT_DB).float()[..., None]
    tones = amplitude[..., None] * harmonics
    return {
        "harmonics_db": heard_distance_db(tones, batch["harmonics_db"], sounding),
        "noise_db": heard_distance_db(noise, batch["noise_db"], sounding),
    }


@torch.no_grad()
def examine(network: TimbreDecoder, examination: Lessons) -> dict[str, float]:
    """``distances`` in lessons, as numbers."""
    device = next(network.parameters()).device
    batch = {name: value.to(device) for name, value in examination.batch().items()}
    return {name: float(value) for name, value in distances(network, batch).items()}


class TimbreLearning(Task):
    """Controls against those of the instrument, in dB."""

    network: TimbreDecoder

    def __init__(self, network: TimbreDecoder, lessons: Lessons, examination: Lessons) -> None:
        super().__init__()
        self.network = network
        self.lessons = lessons
        self.examination = examination

    def data(self) -> Lessons:
        """What is taught."""
        return self.lessons

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Distances of harmonics and noise, and their sum."""
        found = distances(self.network, batch)
        return {"loss": found["harmonics_db"] + found["noise_db"], **found}

    def validate(self) -> dict[str, float]:
        """The same of lessons that aren't taught."""
        found = examine(self.network, self.examination)
        return {"objective": sum(found.values()), **found}
