"""The one training loop, on Lightning Fabric: a GPU, several, or several machines are a setting.

A task is a module whose ``forward`` takes a batch and gives named losses; the loop minimises the
one called ``loss``, logs all of them, validates, and keeps the last and the best checkpoint.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Literal, cast

import torch
from lightning_fabric import Fabric, seed_everything
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from instrument.errors import OutputError, UsageError
from instrument.files import replacing
from training.fitting import checkpoints
from training.fitting.checkpoints import BEST, EARLY, EARLY_SHARE, LAST, save_checkpoint
from training.reading import DamageError, is_count, is_number, read_json

Batch = dict[str, Tensor]

HISTORY = "history.json"
"""What a run's folder holds beside its checkpoints: what was logged."""
OBJECTIVE = "validation/objective"

# Where this can be imported, TensorBoard writes without TensorFlow, which takes seconds to import.
sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))


@dataclass(frozen=True)
class LoopSettings:
    """How long and with what a network is trained.

    Attributes:
        steps: Updates in all.
        batch_size: Examples an update, on each device.
        learning_rate: Of Adam, at its peak.
        schedule: Constant, or a cosine down to a hundredth.
        weight_decay: Of AdamW.
        gradient_norm: Gradients are clipped to this.
        validate_every: Steps between validations, each with a checkpoint.
        log_every: Steps between logged losses.
        seed: Of everything random.
        accelerator, devices, nodes, precision: Fabric's. Devices are a number, a list of indices
            such as ``0,1``, or ``auto``; under torchrun its own numbers of processes and machines
            count. Precision is ``32-true`` or a mixed one.
    """

    steps: int
    batch_size: int = 32
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "cosine"
    weight_decay: float = 0.0
    gradient_norm: float = 1.0
    validate_every: int = 500
    log_every: int = 20
    seed: int = 0
    accelerator: str = "auto"
    devices: str = "1"
    nodes: int = 1
    precision: str = "32-true"


class Task(nn.Module):
    """Network, data and losses of one training run."""

    network: nn.Module
    beside: Mapping[str, nn.Module] = MappingProxyType({})
    """What is learned beside the network and kept with it, by name."""

    @property
    def learned(self) -> dict[str, nn.Module]:
        """All that is learned and kept, by name."""
        return {"network": self.network, **self.beside}

    def data(self) -> Dataset[Batch]:
        """Training examples; one may be different at each visit (augmentation)."""
        raise NotImplementedError

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Losses by name; ``loss`` is minimised."""
        raise NotImplementedError

    def validate(self) -> dict[str, float]:
        """Metrics on validation notes; the checkpoint with the least ``objective`` is kept."""
        raise NotImplementedError


def _together() -> bool:
    """Whether several processes train together."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def speaks() -> bool:
    """Whether this is the one of the processes that train together that writes and reports."""
    return not _together() or torch.distributed.get_rank() == 0


@atexit.register
def _part() -> None:
    """Let processes that train together part when they end, or some are aborted then."""
    if _together():
        torch.distributed.destroy_process_group()


def _fabric(settings: LoopSettings, run: Path) -> Fabric:
    launched = "TORCHELASTIC_RUN_ID" in os.environ
    try:
        return Fabric(
            accelerator=settings.accelerator,
            devices=os.environ["LOCAL_WORLD_SIZE"] if launched else settings.devices,
            num_nodes=int(os.environ["GROUP_WORLD_SIZE"]) if launched else settings.nodes,
            precision=cast("Any", settings.precision),
            loggers=TensorBoardLogger(run, name="events"),
        )
    except (TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(
            f"no training on accelerator {settings.accelerator!r}, devices {settings.devices!r}, "
            f"precision {settings.precision!r}: {reason}"
        ) from error


def _loader(fabric: Fabric, data: Dataset[Batch], batch_size: int) -> DataLoader[Batch]:
    """Shuffled full batches; smaller ones than asked for if there are too few examples."""
    share = len(cast("Sized", data)) // fabric.world_size
    if share == 0:
        raise UsageError("fewer examples to train on than devices; give more, or fewer devices")
    loader = DataLoader(data, min(batch_size, share), shuffle=True, drop_last=True)
    return cast("DataLoader[Batch]", fabric.setup_dataloaders(loader))


def _batches(loader: DataLoader[Batch]) -> Iterator[Batch]:
    while True:
        yield from loader


def _learning_rate(settings: LoopSettings, step: int) -> float:
    warm = min(1.0, (step + 1) / 100)
    if settings.schedule == "constant":
        return settings.learning_rate * warm
    cosine = 0.5 * (1.0 + math.cos(math.pi * step / settings.steps))
    return settings.learning_rate * warm * (0.01 + 0.99 * cosine)


def read_history(path: Path) -> list[dict[str, float]]:
    """What a run logged: a step, and losses or metrics by name, in each entry.

    Raises:
        UsageError: It isn't there or is broken.
    """
    try:
        history = read_json(path)
    except DamageError as error:
        raise UsageError(f"{path}: no history of a training ({error}); train anew") from error
    if not isinstance(history, list) or not all(map(_is_entry, history)):
        raise UsageError(f"{path}: no history of a training; train anew")
    return cast("list[dict[str, float]]", history)


def _is_entry(entry: object) -> bool:
    """Whether something is an entry of a history: a step, and numbers, which may be NaN."""
    return (
        isinstance(entry, dict)
        and is_count(entry.get("step"))
        and all(is_number(value) or value != value for value in entry.values())  # noqa: PLR0124
    )


def first_was_best(history: Sequence[Mapping[str, float]]) -> bool:
    """Whether a training was at its best, on validation examples, the first time that it looked."""
    objectives = [entry[OBJECTIVE] for entry in history if OBJECTIVE in entry]
    return len(objectives) > 1 and not min(objectives[1:]) < objectives[0]


FIRST_WAS_BEST = "its first validation was its best; what it learned later was notes by heart"


def _progress(fabric: Fabric, tell: Callable[[int, int], None] | None) -> Progress:
    """A progress bar, in the first process, if nobody is told instead."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[metrics]}"),
    )
    return Progress(*columns, disable=tell is not None or not fabric.is_global_zero)


def _update(
    fabric: Fabric,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Tensor,
    gradient_norm: float,
    step: int,
) -> None:
    optimizer.zero_grad()
    fabric.backward(loss)
    try:
        fabric.clip_gradients(model, optimizer, max_norm=gradient_norm)
    except RuntimeError as error:  # of a norm that isn't finite
        raise UsageError(
            f"the loss is not finite at step {step}; lower the learning rate"
        ) from error
    optimizer.step()


def _keep(
    run: Path, state: dict[str, Any], history: list[dict[str, float]], *, improved: bool
) -> None:
    """Write what a run goes on from; the last checkpoint is the best one, too, if it improved.

    The best is written first: the last says how good it is, and nothing of that is found again.
    """
    for name in (BEST, LAST) if improved else (LAST,):
        save_checkpoint(state, run / name)
    with replacing(run / HISTORY) as beside:
        beside.write_text(json.dumps(history), encoding="utf-8")


def _keep_early(fabric: Fabric, task: Task, run: Path, step: int, steps: int) -> None:
    if step == math.ceil(EARLY_SHARE * steps) and fabric.is_global_zero:
        save_checkpoint({"network": task.network.state_dict()}, run / EARLY)


@contextmanager
def _events(run: Path) -> Iterator[None]:
    """Say in one line that TensorBoard's events cannot be written."""
    try:
        yield
    except Exception as error:  # of the system, of TensorFlow, or what Fabric makes of either
        causes = f"{error.__context__ or error}".strip().splitlines()
        raise OutputError(f"{run}: TensorBoard cannot write its events: {causes[-1]}") from error


def _log(fabric: Fabric, run: Path, logged: dict[str, float], step: int) -> dict[str, float]:
    """Tell TensorBoard; the entry of the history."""
    with _events(run):
        fabric.log_dict(logged, step)
    return {"step": step, **logged}


def train(
    task: Task,
    settings: LoopSettings,
    run: Path,
    *,
    resume: bool = False,
    begin: Callable[[], None] = lambda: None,
    tell: Callable[[int, int], None] | None = None,
) -> float:
    """Train a task's network.

    Args:
        task: What to train; on return it holds the weights of the last step.
        settings: Of the loop.
        run: Folder for checkpoints, TensorBoard events and ``history.json``.
        resume: Go on, see ``checkpoints.resume``.
        begin: Called when the devices and examples are there, before the run's folder is touched.
        tell: Called with how many steps are done, of how many, instead of drawing a bar.

    Returns:
        The least objective on validation examples.

    Raises:
        UsageError: There are no such devices, too few examples, a checkpoint that doesn't fit, or
            the loss diverges.
        OutputError: The run's folder cannot be written.
    """
    fabric = _fabric(settings, run)
    fabric.launch()
    loader = _loader(fabric, task.data(), settings.batch_size)
    begin()
    run.mkdir(parents=True, exist_ok=True)
    fabric.barrier()  # no process trains before all have begun
    seed_everything(settings.seed, verbose=False)
    optimizer = torch.optim.AdamW(
        [weight for module in task.learned.values() for weight in module.parameters()],
        settings.learning_rate,
        weight_decay=settings.weight_decay,
    )
    start, best = 0, math.inf
    history: list[dict[str, float]] = []
    if resume:
        start, best, told = checkpoints.resume(run, task.learned, optimizer)
        if told and fabric.is_global_zero:
            sys.stderr.write(f"arco: {told}\n")
        if (run / HISTORY).exists():
            history = [entry for entry in read_history(run / HISTORY) if entry["step"] < start]
        seed_everything((settings.seed + start) % 2**32, verbose=False)
    model, optimizer = fabric.setup(task, optimizer)
    model.mark_forward_method("validate")
    batches = _batches(loader)
    with _progress(fabric, tell) as progress:
        bar = progress.add_task(run.name, total=settings.steps, completed=start, metrics="")
        for step in range(start, settings.steps):
            for group in optimizer.param_groups:
                group["lr"] = _learning_rate(settings, step)
            losses = model(next(batches))
            _update(fabric, model, optimizer, losses["loss"], settings.gradient_norm, step)
            _keep_early(fabric, task, run, step + 1, settings.steps)
            progress.update(bar, advance=1)
            if tell is not None:
                tell(step + 1, settings.steps)
            if step % settings.log_every == 0:
                logged = {f"train/{name}": float(loss.detach()) for name, loss in losses.items()}
                history.append(_log(fabric, run, logged, step))
            if (step + 1) % settings.validate_every == 0 or step + 1 == settings.steps:
                model.eval()
                with torch.no_grad():
                    # One process decides, so that all agree on which checkpoint is the best.
                    validated = fabric.broadcast(model.validate())
                model.train()
                logged = {f"validation/{name}": value for name, value in validated.items()}
                history.append(_log(fabric, run, logged, step))
                progress.update(
                    bar,
                    metrics=" ".join(f"{name} {value:.3g}" for name, value in validated.items()),
                )
                improved = validated["objective"] < best
                best = min(best, validated["objective"])
                state = {
                    **{name: module.state_dict() for name, module in task.learned.items()},
                    "optimizer": optimizer.state_dict(),
                    "step": step + 1,
                    "best": best,
                }
                if fabric.is_global_zero:
                    _keep(run, state, history, improved=improved)
                fabric.barrier()  # all go on with what was written, or none
    with _events(run):
        fabric.logger.finalize("success")  # writes the events that it still holds back
    fabric.barrier()  # what the first process wrote is there for all
    return best
