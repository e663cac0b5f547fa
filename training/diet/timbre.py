"""A small timbre network, taught by the timbre of an exported instrument (Hinton et al. 2015)."""

from __future__ import annotations

import torch
from torch import Tensor

from training.diet.lessons import Lessons
from training.fitting.loop import Batch, Task
from training.fitting.timbre import heard_distances
from training.networks.timbre import TimbreDecoder


@torch.no_grad()
def examine(network: TimbreDecoder, examination: Lessons) -> dict[str, float]:
    """How far a network is from the answers of lessons: ``harmonics_db`` and ``noise_db``."""
    device = next(network.parameters()).device
    batch = {name: value.to(device) for name, value in examination.batch().items()}
    found = heard_distances(network, batch)
    return {name: float(found[name]) for name in ("harmonics_db", "noise_db")}


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
        return heard_distances(self.network, batch)

    def validate(self) -> dict[str, float]:
        """The same of lessons that aren't taught."""
        found = examine(self.network, self.examination)
        return {"objective": sum(found.values()), **found}
