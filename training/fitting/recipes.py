"""Recipes: how each network is usually trained, from its features or pictures to a run on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from instrument.errors import UnknownName, UsageError
from training.data.features import FeatureCache
from training.data.idx import Pictures
from training.data.phrases import PhraseWindows
from training.fitting.calibration import calibrate_noise
from training.fitting.envelopes import EnvelopeSettings, EnvelopeTask
from training.fitting.images import ImageObjective, ImageTask
from training.fitting.loop import LoopSettings, Task, speaks, train
from training.fitting.runs import (
    check_own_run,
    load_room,
    load_timbre,
    save_network,
    write_run,
)
from training.fitting.timbre import TimbreFit, TimbreRefine, measured_spectra
from training.networks.envelope import (
    CONDITIONS,
    LENGTH,
    ConditionalSettings,
    ConditionalVAE,
    EnvelopeNetwork,
    PlainSettings,
    PlainVAE,
)
from training.networks.image import ImageSettings, ImageVAE
from training.networks.timbre import LOWEST_MIDI, TimbreDecoder, TimbreSettings, harmonics_from
from training.output import alone_in

ORIGINAL_EPOCHS = 3000
NO_ROOM, PERFORMED_ROOMS, ALL_ROOMS = ROOMS = "none", "performed", "all"
"""Whose rooms are learned: none, those of performances, or of all sources."""


@dataclass(frozen=True)
class Recipe:
    """One training, ready to begin.

    Attributes:
        kind: Of network, one of ``NETWORKS`` in ``training.fitting.runs``.
        task: Network, data and losses.
        examples: How many there are to train on.
        usual: How it is trained unless a person wants it otherwise.
        validations: How often a training is validated at least, however short it is.
        epochs: How long it usually takes instead of ``usual.steps``, if that depends on the data.
        made_of: What else its run's settings should say.
    """

    kind: str
    task: Task
    examples: int
    usual: LoopSettings
    validations: int
    made_of: dict[str, Any]
    epochs: int | None = None

    def settings(
        self,
        *,
        steps: int | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        **others: Any,  # noqa: ANN401
    ) -> LoopSettings:
        """The usual settings, or what a person wants in their place; None is as usual.

        Args:
            steps: Updates in all.
            epochs: Instead of ``steps``, how often every example is seen.
            batch_size: Examples an update and device.
            learning_rate: Of Adam, at its peak.
            others: Of ``LoopSettings``.

        Raises:
            UsageError: Both steps and epochs are given.
        """
        if epochs and steps:
            raise UsageError("--epochs and --steps: give one of them")
        batch_size = batch_size or self.usual.batch_size
        if not steps:
            epochs = epochs or self.epochs
            steps = epochs * max(1, self.examples // batch_size) if epochs else self.usual.steps
        return replace(
            self.usual,
            steps=steps,
            batch_size=batch_size,
            learning_rate=learning_rate or self.usual.learning_rate,
            validate_every=max(1, min(self.usual.validate_every, steps // self.validations)),
            **others,
        )

    def train(
        self,
        settings: LoopSettings,
        run: Path,
        *,
        resume: bool = False,
        tell: Callable[[int, int], None] | None = None,
    ) -> float:
        """Train into the folder of a run, which keeps the settings too.

        Args:
            settings: Of the loop.
            run: See ``training.fitting.loop.train``.
            resume: Go on with a run that was begun with the same settings.
            tell: See ``training.fitting.loop.train``.

        Returns:
            The least objective on validation examples.

        Raises:
            UsageError: See ``train`` and ``write_run``; or another training is at work there.
        """
        with ExitStack() as held:

            def begin() -> None:
                check_own_run(run)  # or a lock would be left in somebody's folder
                if speaks():
                    held.enter_context(alone_in(run))
                network = self.task.network
                write_run(run, self.kind, network, settings, resume=resume, **self.made_of)

            return train(self.task, settings, run, resume=resume, begin=begin, tell=tell)


def envelope_recipe(
    cache: FeatureCache,
    features: str,
    *,
    beta: float,
    plain: bool,
    seed: int,
    phrases: PhraseWindows | None = None,
    performances: Mapping[str, int] | None = None,
) -> Recipe:
    """The VAE of pitch and loudness envelopes.

    Args:
        cache: To learn from.
        features: Its name.
        beta: Weight of the KL divergence.
        plain: The original's VAE, trained as it was.
        seed: Of the network's first weights.
        phrases: Notes of lines to learn from, too: then the network knows how long notes are and
            what comes before them.
        performances: Names of the performances that they are from → how many notes of each.
    """
    torch.manual_seed(seed)
    objective = EnvelopeSettings(beta=beta, augment=not plain)
    conditions = CONDITIONS if phrases is not None else LENGTH
    network: EnvelopeNetwork = (
        PlainVAE(PlainSettings())
        if plain
        else ConditionalVAE(ConditionalSettings(conditions=conditions))
    )
    task = EnvelopeTask(network, cache, objective, phrases)
    original = LoopSettings(1500, batch_size=25, learning_rate=5e-5, schedule="constant")
    # Without the decay the MLPs learn single attacks by heart.
    steps = 1500 if phrases is None else 5000
    usual = LoopSettings(steps, batch_size=64, learning_rate=1e-3, weight_decay=1.0)
    return Recipe(
        kind="plain" if plain else "conditional",
        task=task,
        examples=len(task.train_windows),
        usual=original if plain else usual,
        validations=5,
        made_of={"features": features, "objective": objective, "performances": performances or {}},
        epochs=ORIGINAL_EPOCHS if plain else None,
    )


def image_recipe(
    train: Pictures, test: Pictures, data: str, *, latent: int, beta: float, seed: int
) -> Recipe:
    """The VAE of pictures.

    Args:
        train: To learn from.
        test: To validate on.
        data: Which set they are.
        latent: Dimensions of the latent space.
        beta: Weight of the KL divergence.
        seed: Of the network's first weights.
    """
    torch.manual_seed(seed)
    objective = ImageObjective(beta)
    return Recipe(
        kind="image",
        task=ImageTask(ImageVAE(ImageSettings(latent=latent)), train, test, objective),
        examples=len(train.images),
        usual=LoopSettings(7500, batch_size=64, learning_rate=1e-3, validate_every=7500),
        validations=10,
        made_of={"data": data, "objective": objective},
    )


def timbre_recipe(
    cache: FeatureCache,
    features: Path,
    *,
    hidden: int,
    harmonics: int | None,
    seed: int,
    progress: Callable[[int, int], None],
) -> Recipe:
    """The timbre network on measured spectra, which are kept beside the features.

    Args:
        cache: To learn from.
        features: Its file.
        hidden: Width of the network.
        harmonics: How many it has; see ``harmonics_from`` if None.
        seed: Of the network's first weights.
        progress: Called with how many recordings were measured, of how many.
    """
    lowest = int(cache.midi.min())
    sizes = TimbreSettings(
        hidden=hidden,
        harmonics=harmonics or harmonics_from(lowest),
        sample_rate=cache.sample_rate,
        lowest_midi=min(lowest, LOWEST_MIDI),
    )
    spectra = measured_spectra(cache, features.with_suffix(".spectra.npz"), sizes, progress)
    torch.manual_seed(seed)
    task = TimbreFit(TimbreDecoder(sizes), cache, *spectra)
    return Recipe(
        kind="timbre",
        task=task,
        examples=len(task.training_recordings),
        usual=LoopSettings(3000, batch_size=24, learning_rate=1.5e-3, validate_every=500),
        validations=4,
        made_of={"features": features.name, "stage": "fit", "refined": None},
    )


def check_rooms(name: str) -> None:
    """See that there are such rooms.

    Raises:
        UnknownName: There are none.
    """
    if name not in ROOMS:
        raise UnknownName("room", name, ROOMS)


def learns_rooms(name: str, *, performed: bool) -> bool:
    """Whether rooms of such a name are learned; some may have been performed in."""
    return name == ALL_ROOMS or (name == PERFORMED_ROOMS and performed)


def refining_recipe(
    cache: FeatureCache, features: Path, fitted: Path, room: str = PERFORMED_ROOMS
) -> Recipe:
    """The timbre network of a run, by the spectral loss on audio.

    Args:
        cache: To learn from.
        features: Its file.
        fitted: The run whose network is refined.
        room: Whose rooms are learned, one of ``ROOMS``.

    Raises:
        UsageError: The network is of another sample rate.
    """
    network = load_timbre(fitted)
    if network.settings.sample_rate != cache.sample_rate:
        raise UsageError(
            f"{fitted}: learned at {network.settings.sample_rate} Hz, and {features} is at "
            f"{cache.sample_rate} Hz; prepare features of the same rate"
        )
    wanted = {
        NO_ROOM: [],
        PERFORMED_ROOMS: sorted(set(cache.stretch_source.tolist())),
        ALL_ROOMS: sorted(set(cache.source.tolist())),
    }
    rooms = tuple(wanted[room])
    task = TimbreRefine(network.train(), cache, rooms)
    return Recipe(
        kind="timbre",
        task=task,
        examples=len(task.training_recordings),
        usual=LoopSettings(2400, batch_size=8, learning_rate=3e-4, validate_every=100),
        validations=4,
        made_of={"features": features.name, "stage": "refine", "refined": fitted.name}
        | ({"rooms": rooms} if rooms else {}),
    )


def calibrate_run(run: Path, cache: FeatureCache) -> float:
    """Bring the noise of a run's best network to that of the recordings, and keep it.

    Returns:
        By how many dB the noise was raised.
    """
    best = load_timbre(run)
    room = load_room(run)
    raised_db = calibrate_noise(best, cache, room.settings.sources if room else ())
    save_network(best, run, room)
    return raised_db
