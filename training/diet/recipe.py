"""How a diet's timbre is taught."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class Trimming:
    """How units are chosen, and what they begin with.

    Attributes:
        criterion: Which units count.
        control: Other weights for them, to compare.
        early: The full network as it was early in its training, to whose weights the units that
            stay are rewound (Frankle et al. 2020); they keep those they have by then if None.
    """

    criterion: Criterion = Criterion.ACTIVATION
    control: Control | None = None
    early: TimbreDecoder | None = None


def widths(full: int, wanted: int, rounds: int) -> list[int]:
    """Units of a layer after each of so many rounds, which each leave about as large a share."""
    share = (wanted / full) ** (1.0 / rounds)
    between = (round(full * share**number) for number in range(1, rounds))
    return [*dict.fromkeys(width for width in between if wanted < width < full), wanted]


def teach(
    full: Instrument,
    network: TimbreDecoder,
    hidden: Sequence[int],
    train: Callable[[TimbreLearning], TimbreDecoder | None],
    trimming: Trimming,
    *,
    seed: int,
    cache: FeatureCache | None = None,
) -> TimbreLearning | None:
    """Trim the timbre of an instrument and teach what is left, round by round.

    Args:
        full: The instrument.
        network: Its timbre, as ``trim.read_timbre`` gives it.
        hidden: Units of each layer that are kept, of each round; they fall.
        train: Trains what it is given; None if another process goes on with the result.
        trimming: How.
        seed: Of the lessons, and of random weights.
        cache: Features of recordings, for some lessons.

    Returns:
        What was taught in the last round, with the network as it is then.
    """
    taught, examined = Lessons(full, LESSONS, seed, cache), Lessons(full, EXAMINED, seed + 1)
    known, early = network, trimming.early
    for width in hidden:
        if trimming.control is Control.RANDOM:
            torch.manual_seed(seed)
            small = TimbreDecoder(replace(network.settings, hidden=width))
        else:
            counts = importance(known, taught.asked(WEIGHED), trimming.criterion)
            small = trimmed(known if early is None else early, counts, width)
        if early is not None:
            early = copy.deepcopy(small)  # the next round's units are rewound to the same weights
        if trimming.control is Control.SHUFFLED:
            small = shuffled(small, seed)
        task = TimbreLearning(small, network, taught, examined)
        trained = train(task)
        if trained is None:
            return None
        known = trained
    return TimbreLearning(known, network, taught, examined)


def diet_recipe(
    full: Instrument,
    task: TimbreLearning,
    trimming: Trimming,
    features: str | None = None,
    rewound: str | None = None,
) -> Recipe:
    """How the timbre of a diet is taught in one round, see ``teach``.

    Args:
        full: The instrument.
        task: What is taught.
        trimming: See ``teach``.
        features: Name of the file of features, if any.
        rewound: Of the run whose early weights it begins with, if any.
    """
    return Recipe(
        kind="timbre",
        task=task,
        examples=len(task.lessons),
        usual=LoopSettings(6000, batch_size=12, learning_rate=3e-3, validate_every=200),
        validations=1,
        made_of={
            "full": full.spec.digest,
            "criterion": trimming.criterion,
            "control": trimming.control,
            "features": features,
            "rewound": rewound,
        },
    )
