"""Training runs on disk: which network a folder of checkpoints holds, and how it was trained."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from instrument.errors import UsageError
from instrument.listening.frames import FRAMES
from instrument.units import FRAME_RATE
from training.data.features import SAMPLE_RATES
from training.fitting.checkpoints import (
    BEST,
    EARLY,
    LAST,
    check_tensors,
    load_checkpoint,
    save_checkpoint,
)
from training.fitting.images import SIZE
from training.fitting.loop import HISTORY, LoopSettings
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
from training.networks.room import Room, RoomSettings
from training.networks.timbre import LOWEST_MIDI, TimbreDecoder, TimbreSettings
from training.output import plain, write_json
from training.reading import DamageError, is_count, read_json

SETTINGS_FILE, ROOM = "settings.json", "room"
MAY_CHANGE = {"steps", "validate_every", "log_every", "accelerator", "devices", "nodes"}
NETWORKS: dict[str, tuple[type[Any], type[Any]]] = {
    "conditional": (ConditionalSettings, ConditionalVAE),
    "plain": (PlainSettings, PlainVAE),
    "timbre": (TimbreSettings, TimbreDecoder),
    "image": (ImageSettings, ImageVAE),
}
"""Kind of network → its settings and its class."""
MOST = 2**16
RANGES = {
    "frames": (FRAMES, FRAMES),
    "conditions": (LENGTH, CONDITIONS),
    "size": (SIZE, SIZE),
    "sample_rate": SAMPLE_RATES,
    "pitch_features": (2, MOST),
    "noise_bands": (2, MOST),
    "lowest_midi": (0, LOWEST_MIDI),
}
"""Least and most of each size; of others, 1 and ``MOST``."""

EARLIER = {"conditions": LENGTH, "lowest_midi": LOWEST_MIDI}
"""What earlier runs had without saying so."""


def write_run(
    run: Path,
    kind: str,
    network: Any,  # noqa: ANN401
    loop: LoopSettings,
    *,
    resume: bool = False,
    **settings: Any,  # noqa: ANN401
) -> None:
    """Write ``settings.json`` of a run: the network's kind and size, and how it is trained.

    Args:
        run: Its folder; made if need be.
        kind: One of ``NETWORKS``.
        network: What is trained.
        loop: Its length and devices may be others when a run is resumed.
        resume: Whether the run goes on, if it was begun.
        settings: What else it depends on.

    Raises:
        UsageError: ``run`` cannot be a folder or holds other files of these names, or the run was
            begun with other settings.
    """
    path = run / SETTINGS_FILE
    content = plain({"kind": kind, "network": network.settings, **settings, "loop": loop})
    check_own_run(run)
    if resume and path.is_file():
        _check_same(run, _read_settings(path), content)
    try:
        run.mkdir(parents=True, exist_ok=True)
        if not resume:  # what an earlier run left is not this one's
            for name in (LAST, BEST, EARLY, HISTORY):
                (run / name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{run}: cannot be the folder of a run: {error.strerror}") from error
    write_json(content, path)


def check_own_run(run: Path) -> None:
    """See that a training writes over no files but those of a run.

    Raises:
        UsageError: It would.
    """
    names = SETTINGS_FILE, HISTORY, LAST, BEST, EARLY
    there = [name for name in names if os.path.lexists(run / name)]
    if not there:
        return
    try:
        begun = _read_settings(run / SETTINGS_FILE)
    except UsageError:
        begun = {}
    if begun.get("kind") not in list(NETWORKS) or not isinstance(begun.get("loop"), dict):
        raise UsageError(f"{run}: holds {there[0]} and is no run of a training; name another --run")


def _check_same(run: Path, begun: dict[str, Any], content: dict[str, Any]) -> None:
    """See that a run goes on as it was begun; only its length and its devices may change."""

    def fixed(settings: dict[str, Any]) -> dict[str, Any]:
        loop = settings.get("loop")
        loop = loop if isinstance(loop, dict) else {}
        return {**settings, **{name: loop[name] for name in loop.keys() - MAY_CHANGE}, "loop": None}

    begun = begun | {"network": _completed(begun.get("network"), content["network"])}
    before = fixed(begun)
    for name, value in fixed(content).items():
        if before.get(name) != value:
            raise UsageError(
                f"{run}: was begun with {name} {before.get(name)}, not {value}; "
                "give its settings, or another --run"
            )


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        settings = read_json(path)
        if isinstance(settings, dict):
            return settings
        reason = "not an object of JSON"
    except DamageError as error:
        reason = str(error)
    raise UsageError(f"{path}: not the settings of a training ({reason}); train anew")


def _completed(found: object, sizes: Mapping[str, Any]) -> object:
    """The sizes of an earlier run, with those that it didn't know."""
    if not isinstance(found, dict):
        return found
    return {name: value for name, value in EARLIER.items() if name in sizes} | found


def _read_sizes(kind: str, found: object) -> Any:  # noqa: ANN401
    """Sizes of a network, by their names.

    Raises:
        DamageError: One is missing or over, or cannot be the size of a network.
    """
    sizes = NETWORKS[kind][0]()
    usual = dataclasses.asdict(sizes)
    found = _completed(found, usual)
    if not isinstance(found, dict) or found.keys() != usual.keys():
        raise DamageError("sizes of another network")
    for name, value in found.items():
        least, most = RANGES.get(name, (1, MOST))
        several = isinstance(usual[name], list)
        if several and not (isinstance(value, list) and len(value) == len(usual[name])):
            raise DamageError(f"{name} of {value!r}")
        if not all(is_count(size, least, most) for size in (value if several else [value])):
            raise DamageError(f"{name} of {value!r}")
    if found.get("sample_rate", 0) % FRAME_RATE:
        raise DamageError(f"sample_rate of {found['sample_rate']!r}")
    return dataclasses.replace(sizes, **found)


def save_network(network: nn.Module, run: Path, room: nn.Module | None = None) -> None:
    """Put a network, and the rooms that were learned beside it, in the place of its run's best."""
    beside = {ROOM: room.state_dict()} if room else {}
    save_checkpoint({"network": network.state_dict()} | beside, run / BEST)


def load_network(run: Path, kinds: tuple[str, ...], checkpoint: str = BEST) -> nn.Module:
    """The network of a run, with the weights of a checkpoint.

    Raises:
        UsageError: There is no such run, it trained another kind of network, or it is broken.
    """
    path = run / SETTINGS_FILE
    if not path.exists():
        raise UsageError(f"{run}: no training run here ({SETTINGS_FILE} is missing)")
    settings = _read_settings(path)
    kind = settings.get("kind")
    if kind not in kinds:
        raise UsageError(f"{run}: holds a network of kind {kind!r}, not {' or '.join(kinds)}")
    state = load_checkpoint(run / checkpoint)
    try:
        sizes = _read_sizes(kind, settings.get("network"))
        with torch.device("meta"):  # nothing is as large as settings only say
            shapes = NETWORKS[kind][1](sizes).state_dict()
        weights = check_tensors(shapes, state.get("network"))
    except DamageError as error:
        raise UsageError(
            f"{run}: its checkpoint doesn't fit its settings ({error}); train anew"
        ) from error
    network: nn.Module = NETWORKS[kind][1](sizes)
    network.load_state_dict(weights)
    return network.eval()


def performances_of(run: Path) -> dict[str, int]:
    """The performances that a run of envelopes learned from, and how many notes of each.

    Raises:
        UsageError: There is no such run.
    """
    found = _read_settings(run / SETTINGS_FILE).get("performances", {})
    if not isinstance(found, dict) or not all(is_count(n, 0, 10**9) for n in found.values()):
        raise UsageError(f"{run / SETTINGS_FILE}: performances of {found!r}; train anew")
    return found


def load_envelope(run: Path) -> EnvelopeNetwork:
    """The best network of a run of envelopes; raises what ``load_network`` does."""
    return cast("EnvelopeNetwork", load_network(run, ("conditional", "plain")))


def load_timbre(run: Path) -> TimbreDecoder:
    """The best network of a run of timbre; raises what ``load_network`` does."""
    return cast("TimbreDecoder", load_network(run, ("timbre",)))


def load_room(run: Path) -> Room | None:
    """The rooms that a run of timbre learned beside its network; None without any.

    Raises:
        UsageError: There is no such run, or it is broken.
    """
    settings = _read_settings(run / SETTINGS_FILE)
    sources = settings.get("rooms") or []
    if not isinstance(sources, list) or not all(isinstance(name, str) for name in sources):
        raise UsageError(f"{run / SETTINGS_FILE}: rooms of {sources!r}; train anew")
    if not sources:
        return None
    state = load_checkpoint(run / BEST)
    try:
        sizes = _read_sizes("timbre", settings.get("network"))
        room = Room(RoomSettings(tuple(sources), sizes.sample_rate))
        room.load_state_dict(check_tensors(room.state_dict(), state.get(ROOM)))
    except DamageError as error:
        raise UsageError(f"{run}: its room is broken ({error}); train anew") from error
    return room.eval()


def load_image(run: Path, checkpoint: str = BEST) -> ImageVAE:
    """The network of a run of pictures; raises what ``load_network`` does."""
    return cast("ImageVAE", load_network(run, ("image",), checkpoint))
