"""Training runs on disk: which network a folder of checkpoints holds, and how it was trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import nn

from instrument.errors import UsageError
from training.loop import load_checkpoint, write_settings
from training.networks.envelope import (
    ConditionalSettings,
    ConditionalVAE,
    PlainSettings,
    PlainVAE,
)
from training.networks.image import ImageSettings, ImageVAE
from training.networks.timbre import TimbreDecoder, TimbreSettings

SETTINGS_FILE = "settings.json"
NETWORKS: dict[str, tuple[type[Any], type[Any]]] = {
    "conditional": (ConditionalSettings, ConditionalVAE),
    "plain": (PlainSettings, PlainVAE),
    "timbre": (TimbreSettings, TimbreDecoder),
    "image": (ImageSettings, ImageVAE),
}
"""Kind of network → its settings and its class."""


def write_run(run: Path, kind: str, network: Any, **settings: Any) -> None:  # noqa: ANN401
    """Write ``settings.json`` of a run: the network's kind and size, and how it is trained."""
    run.mkdir(parents=True, exist_ok=True)
    write_settings(run / SETTINGS_FILE, {"kind": kind, "network": network.settings, **settings})


def load_network(run: Path, kinds: tuple[str, ...], checkpoint: str = "best.ckpt") -> nn.Module:
    """The network of a run, with the weights of its best checkpoint.

    Raises:
        UsageError: There is no such run, or it trained another kind of network.
    """
    path = run / SETTINGS_FILE
    if not path.is_file():
        raise UsageError(f"{run}: no training run here ({SETTINGS_FILE} is missing)")
    settings = json.loads(path.read_text(encoding="utf-8"))
    kind = settings.get("kind")
    if kind not in kinds:
        raise UsageError(f"{run}: holds a network of kind {kind!r}, not {' or '.join(kinds)}")
    sizes, network_class = NETWORKS[kind]
    network: nn.Module = network_class(sizes(**settings["network"]))
    state = load_checkpoint(run / checkpoint)["network"]
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise UsageError(f"{run}: its checkpoint doesn't fit its settings; train anew") from error
    return network.eval()
