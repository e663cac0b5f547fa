"""How a diet's timbre is taught."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import torch

from instrument.errors import UnknownName
from instrument.model.graphs import Instrument
from training.diet.lessons import Lessons
from training.diet.timbre import TimbreLearning
from training.diet.trim import Criterion, importance, trimmed
from training.fitting.loop import LoopSettings
from training.fitting.recipes import Recipe
from training.networks.timbre import TimbreDecoder

LESSONS, EXAMINED = 1600, 48
WEIGHED = 60


class Control(StrEnum):
    """What is tried instead of the units that count most, to know whether they matter."""

    RANDOM = "random"
    MAGNITUDE = "magnitude"

    @classmethod
    def of(cls, name: str) -> Control:
        """The one of a name.

        Raises:
            UnknownName: There is none.
        """
        if name not in [*cls]:
            raise UnknownName("control", name, [*cls])
        return cls(name)


def examination(full: Instrument, seed: int) -> Lessons:
    """Lessons that aren't taught."""
    return Lessons(full, EXAMINED, seed + 1)


def diet_recipe(
    full: Instrument,
    network: TimbreDecoder,
    hidden: int,
    *,
    seed: int,
    control: Control | None = None,
) -> Recipe:
    """The timbre of a diet: units of the full network, taught what that one does.

    Args:
        full: The instrument.
        network: Its timbre, as ``trim.read_timbre`` gives it.
        hidden: Units of each layer that are kept.
        seed: Of the lessons, and of random weights.
        control: Keep the units of the largest weights instead of those that count most, or give
            the same network random weights.
    """
    taught = Lessons(full, LESSONS, seed)
    examined = examination(full, seed)
    if control is Control.RANDOM:
        torch.manual_seed(seed)
        small = TimbreDecoder(replace(network.settings, hidden=hidden))
    else:
        criterion: Criterion = "magnitude" if control is Control.MAGNITUDE else "activation"
        small = trimmed(network, importance(network, taught.asked(WEIGHED), criterion), hidden)
    return Recipe(
        kind="timbre",
        task=TimbreLearning(small, taught, examined),
        examples=len(taught),
        usual=LoopSettings(5000, batch_size=24, learning_rate=3e-3, validate_every=200),
        validations=1,
        made_of={"full": full.spec.digest, "control": control},
    )
