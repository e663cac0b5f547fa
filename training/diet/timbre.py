"""A small timbre network, taught by that of an exported instrument (Hinton et al. 2015)."""

from __future__ import annotations

import torch
from torch import Tensor

from training.diet.lessons import Lessons
from training.diet.objective import answer, distances
from training.fitting.loop import Batch, Task
from training.networks.timbre import TimbreDecoder


@torch.no_grad()
def examine(
    network: TimbreDecoder, teacher: TimbreDecoder, examination: Lessons
) -> dict[str, float]:
    """How far a network is from its teacher in lessons, see ``distances``."""
    device = next(network.parameters()).device
    f0_hz, loudness_db = (each.to(device) for each in examination.asked(len(examination)))
    wanted = answer(teacher.to(device), f0_hz, loudness_db)
    mine = answer(network, f0_hz, loudness_db)
    found = distances(mine, wanted, f0_hz, loudness_db, network.settings.sample_rate)
    return {name: float(value) for name, value in found.items()}


class TimbreLearning(Task):
    """Spectra against those of the teacher."""

    network: TimbreDecoder

    def __init__(
        self, network: TimbreDecoder, teacher: TimbreDecoder, lessons: Lessons, examination: Lessons
    ) -> None:
        super().__init__()
        self.network = network
        self.teacher = teacher.requires_grad_(requires_grad=False)
        self.lessons = lessons
        self.examination = examination

    def data(self) -> Lessons:
        """What is taught."""
        return self.lessons

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """See ``distances``."""
        asked = batch["f0_hz"], batch["loudness_db"]
        found, wanted = (answer(network, *asked) for network in (self.network, self.teacher))
        return distances(found, wanted, *asked, self.network.settings.sample_rate)

    def validate(self) -> dict[str, float]:
        """The same of lessons that aren't taught."""
        found = examine(self.network, self.teacher, self.examination)
        return {"objective": found.pop("loss"), **found}
