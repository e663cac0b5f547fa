"""Checkpoints of a training: written whole or not at all, and checked before they are believed."""

from __future__ import annotations

import io
import math
import pickletools
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from instrument.errors import UsageError
from instrument.files import replacing
from training.reading import DamageError, check_archive, is_count, is_number, open_size

LAST, BEST, EARLY = "last.ckpt", "best.ckpt", "early.ckpt"
"""What a run's folder holds: after the last step; with the least objective on validation notes; the
network after `EARLY_SHARE` of the steps, to which a part of it may be rewound."""

EARLY_SHARE = 0.02

MOST_BYTES = 16 * 2**30
MOST_PLAIN_BYTES = 16 * 2**20  # of what isn't a tensor's values
STORAGES = ("BFloat16", "Bool", "Byte", "Double", "Float", "Half", "Int", "Long")
CALLED = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in STORAGES),
}
"""What tensors are made with. PyTorch allows more that it takes for harmless, such as a bytearray
of any size."""
CALLING = {"EXT1", "EXT2", "EXT4", "INST", "NEWOBJ", "NEWOBJ_EX", "OBJ", "STACK_GLOBAL"}
"""Opcodes that name or make what ``CALLED`` doesn't see; PyTorch writes none of them."""


def save_checkpoint(state: Mapping[str, Any], path: Path) -> None:
    """Write tensors and plain values.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    whole = io.BytesIO()  # a disk that is full while PyTorch writes is no OSError
    torch.save(dict(state), whole)
    with replacing(path) as beside:
        beside.write_bytes(whole.getbuffer())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Load a checkpoint; never a pickle, and never more than the file holds.

    Returns:
        What it holds by name, which is still to be checked; nothing, if it holds no names.

    Raises:
        UsageError: It isn't there, is broken, or holds more than tensors and plain values.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such checkpoint; train the network first")
    try:
        _check_content(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # PyTorch has no base of what a broken file makes it raise
        reason = str(error) if isinstance(error, DamageError) else type(error).__name__
        raise UsageError(
            f"{path}: not a checkpoint of this program ({reason}); train the network anew"
        ) from error
    return state if isinstance(state, dict) else {}


def _check_content(path: Path) -> None:
    """See that a file is a zip that holds what it says, and calls nothing but tensors' makers."""
    size = open_size(path)
    if size > MOST_BYTES:
        raise DamageError(f"larger than {MOST_BYTES // 2**30} GiB")
    with zipfile.ZipFile(path) as archive:
        check_archive(archive, size)
        plain = [m for m in archive.infolist() if m.filename.rpartition("/")[2] == "data.pkl"]
        if len(plain) != 1 or plain[0].file_size > MOST_PLAIN_BYTES:
            raise DamageError("without its values, or with too many")
        for opcode, argument, _ in pickletools.genops(archive.read(plain[0])):
            if opcode.name in CALLING or (opcode.name == "GLOBAL" and argument not in CALLED):
                raise DamageError(f"it would run {argument or opcode.name}")


def check_tensors(expected: Mapping[str, Tensor], found: object) -> dict[str, Tensor]:
    """Tensors of a checkpoint that are as those of a network.

    Args:
        expected: The network's; their shapes and kinds count, and they may be on no device.
        found: What the checkpoint has in their place.

    Raises:
        DamageError: A name is missing or over, or a tensor is of another shape or kind, or not
            finite.
    """
    if not isinstance(found, dict):
        raise DamageError("no weights by name")
    if found.keys() != expected.keys():
        odd = ", ".join(sorted(map(str, found.keys() ^ expected.keys()))[:3])
        raise DamageError(f"{odd} missing or over")
    return {name: check_tensor(name, found[name], one) for name, one in expected.items()}


def check_tensor(name: str, found: object, expected: Tensor) -> Tensor:
    """A tensor of a checkpoint that is as one of a network; raises as ``check_tensors``."""
    if not isinstance(found, Tensor) or found.layout != torch.strided:
        raise DamageError(f"{name} is no tensor")
    if found.shape != expected.shape:
        raise DamageError(f"{name} is {tuple(found.shape)}, not {tuple(expected.shape)}")
    if found.is_floating_point() != expected.is_floating_point():
        raise DamageError(f"{name} is of {found.dtype}, not {expected.dtype}")
    if not torch.isfinite(found).all():
        raise DamageError(f"{name} holds what is not a finite number")
    return found.detach()


def restore(
    path: Path, learned: Mapping[str, nn.Module], optimizer: torch.optim.Optimizer
) -> tuple[int, float]:
    """Put a checkpoint into what is learned, by name, and into the optimizer; all or nothing.

    Returns:
        The steps that were done, and the least objective so far.

    Raises:
        UsageError: It isn't there, is broken, or of another network.
    """
    state = load_checkpoint(path)
    try:
        weights = {
            name: check_tensors(module.state_dict(), state.get(name))
            for name, module in learned.items()
        }
        parameters = [weight for module in learned.values() for weight in module.parameters()]
        moments = _check_moments(parameters, state.get("optimizer"))
        step, best = _check_progress(state.get("step"), state.get("best"))
    except DamageError as error:
        raise UsageError(
            f"{path}: of a network of other settings, or broken ({error}); train anew"
        ) from error
    for name, module in learned.items():
        module.load_state_dict(weights[name])
    # The other settings of an optimizer are those of the run.
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return step, best


def _check_progress(step: Any, best: Any) -> tuple[int, float]:  # noqa: ANN401
    """How many steps were done, and the least objective so far, which is infinite at first."""
    if not is_count(step):
        raise DamageError(f"a step of {step!r}")
    if not is_number(best):
        raise DamageError(f"a least objective of {best!r}")
    return step, float(best)


def _check_moments(parameters: list[nn.Parameter], optimizer: object) -> dict[int, Any]:
    """What AdamW remembers of each parameter that had a gradient."""
    found = optimizer.get("state") if isinstance(optimizer, dict) else None
    if not isinstance(found, dict) or not all(
        is_count(index, 0, len(parameters) - 1) for index in found
    ):
        raise DamageError("no optimizer of these parameters")
    checked = {}
    for index, moments in found.items():
        like = parameters[index]
        expected = {"step": torch.zeros(()), "exp_avg": like, "exp_avg_sq": like}
        checked[index] = check_tensors(expected, moments)
        if min(float(checked[index][name].min()) for name in ("step", "exp_avg_sq")) < 0.0:
            raise DamageError("an optimizer with what cannot be negative")
    return checked


def resume(
    run: Path, learned: Mapping[str, nn.Module], optimizer: torch.optim.Optimizer
) -> tuple[int, float, str]:
    """Put the last checkpoint of a run into what is learned, or the best if it is broken.

    Returns:
        The steps that were done, the least objective so far, and what a person should know.

    Raises:
        UsageError: Neither can be gone on from. With neither there, that is the beginning.
    """
    last, best = run / LAST, run / BEST
    if not last.exists() and not best.exists():
        return 0, math.inf, ""
    try:
        return *restore(last, learned, optimizer), ""
    except UsageError as broken:
        try:
            step, least = restore(best, learned, optimizer)
        except UsageError:
            raise broken from None
        return step, least, f"{broken}; going on from {best}, step {step}"
