"""How a diet's timbre is taught."""

from __future__ import annotations

from dataclasses import replace

import torch

from instrument.model.graphs import Instrument
from instrument.settings import Choice
from training.data.features import FeatureCache
from training.diet.lessons import Lessons
from training.diet.timbre import TimbreLearning
from training.diet.trim import Criterion, importance, shuffled, trimmed
from training.fitting.loop import LoopSettings
from training.fitting.recipes import Recipe
from training.networks.timbre import TimbreDecoder

LESSONS, EXAMINED = 8000, 48
WEIGHED = 60


class Control(Choice):
    """What weights are tried instead of those of the units that stay, to know whether they matter.

    Attributes:
        RANDOM: A small network's own first weights: it is trained from scratch.
        SHUFFLED: The same weights in another order.
    """

    RANDOM = "random"
    SHUFFLED = "shuffled"


def diet_task(
    full: Instrument,
    network: TimbreDecoder,
    hidden: int,
    *,
    seed: int,
    criterion: Criterion = Criterion.ACTIVATION,
    control: Control | None = None,
    cache: FeatureCache | None = None,
) -> TimbreLearning:
    """The timbre of a diet: units of the full network, and what they are to learn of it.

    Args:
        full: The instrument.
        network: Its timbre, as ``trim.read_timbre`` gives it.
        hidden: Units of each layer that are kept.
        seed: Of the lessons, and of random weights.
        criterion: Which units these are.
        control: Other weights for them.
        cache: Features of recordings, for some lessons.
    """
    taught = Lessons(full, LESSONS, seed, cache)
    examined = Lessons(full, EXAMINED, seed + 1)
    if control is Control.RANDOM:
        torch.manual_seed(seed)
        small = TimbreDecoder(replace(network.settings, hidden=hidden))
    else:
        small = trimmed(network, importance(network, taught.asked(WEIGHED), criterion), hidden)
    if control is Control.SHUFFLED:
        small = shuffled(small, seed)
    return TimbreLearning(small, network, taught, examined)


def diet_recipe(
    full: Instrument,
    task: TimbreLearning,
    criterion: Criterion,
    control: Control | None,
    features: str | None = None,
) -> Recipe:
    """How the timbre of a diet is taught, see ``diet_task``.

    Args:
        full: The instrument.
        task: What is taught.
        criterion: See ``diet_task``.
        control: See ``diet_task``.
        features: Name of the file of features, if any.
    """
    return Recipe(
        kind="timbre",
        task=task,
        examples=len(task.lessons),
        usual=LoopSettings(6000, batch_size=12, learning_rate=3e-3, validate_every=200),
        validations=1,
        made_of={
            "full": full.spec.digest,
            "criterion": criterion,
            "control": control,
            "features": features,
        },
    )
