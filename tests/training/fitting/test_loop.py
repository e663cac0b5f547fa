"""The training loop: it learns, it resumes where it was, and keeps the best."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
    EventAccumulator,
)
from torch import Tensor, nn
from torch.utils.data import Dataset

from instrument.errors import UsageError
from training.fitting.checkpoints import load_checkpoint
from training.fitting.loop import Batch, LoopSettings, Task, speaks, train

SETTINGS = LoopSettings(
    steps=60,
    batch_size=32,
    learning_rate=0.05,
    schedule="constant",
    validate_every=20,
    log_every=10,
    accelerator="cpu",
)


class Line(Dataset[Batch]):
    """Points of y = 2x − 1."""

    def __init__(self, count: int = 32) -> None:
        self.x = torch.linspace(-1.0, 1.0, count)[:, None]

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> Batch:
        return {"x": self.x[index], "y": 2.0 * self.x[index] - 1.0}


class LineTask(Task):
    """Learns a line; ``visit`` is called at each validation and may give its objective."""

    network: nn.Linear

    def __init__(
        self,
        visit: Callable[[int], float | None] = lambda _visits: None,
        inputs: int = 1,
        count: int = 32,
    ) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.network = nn.Linear(inputs, 1)
        self.visit = visit
        self.visits = 0
        self.count = count
        self.modes: list[tuple[bool, bool]] = []

    def data(self) -> Dataset[Batch]:
        return Line(self.count)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        error = (self.network(batch["x"]) - batch["y"]).square().mean()
        return {"loss": error, "twice": 2.0 * error}

    def validate(self) -> dict[str, float]:
        self.visits += 1
        self.modes.append((self.training, torch.is_grad_enabled()))
        error = float((self.network(Line().x) - (2.0 * Line().x - 1.0)).square().mean())
        objective = self.visit(self.visits)
        return {"objective": error if objective is None else objective, "error": error}


def stop_at(visit: int) -> Callable[[int], None]:
    def stopping(visits: int) -> None:
        if visits == visit:
            raise KeyboardInterrupt

    return stopping


def history(run: Path) -> list[dict[str, float]]:
    text = (run / "history.json").read_text(encoding="utf-8")
    entries: list[dict[str, float]] = json.loads(text)
    return entries


def with_settings(**changes: object) -> LoopSettings:
    return LoopSettings(**{**SETTINGS.__dict__, **changes})


def test_a_small_task_is_learnt(tmp_path: Path) -> None:
    task = LineTask()
    best = train(task, with_settings(steps=300), tmp_path / "line")
    assert best < 1e-3
    assert float(task.network.weight.detach()) == pytest.approx(2.0, abs=0.1)
    assert float(task.network.bias.detach()) == pytest.approx(-1.0, abs=0.1)


def test_losses_and_metrics_are_kept_by_step(tmp_path: Path) -> None:
    train(LineTask(), SETTINGS, tmp_path)
    entries = history(tmp_path)
    losses = [(e["step"], e["train/loss"]) for e in entries if "train/loss" in e]
    assert [step for step, _ in losses] == [0, 10, 20, 30, 40, 50]
    assert losses[-1][1] < losses[0][1]
    assert [e["step"] for e in entries if "validation/objective" in e] == [19, 39, 59]
    for entry in entries:
        if "train/loss" in entry:
            assert entry["train/twice"] == pytest.approx(2.0 * entry["train/loss"])


def test_tensorboard_shows_the_same_losses(tmp_path: Path) -> None:
    train(LineTask(), SETTINGS, tmp_path)
    (events,) = tmp_path.rglob("events.out.tfevents.*")
    accumulator = EventAccumulator(str(events.parent))
    accumulator.Reload()
    logged = {event.step: event.value for event in accumulator.Scalars("train/loss")}
    kept = {e["step"]: e["train/loss"] for e in history(tmp_path) if "train/loss" in e}
    assert logged == pytest.approx(kept)
    assert "validation/objective" in accumulator.Tags()["scalars"]


def test_validation_has_no_gradients_and_is_in_evaluation_mode(tmp_path: Path) -> None:
    task = LineTask()
    train(task, SETTINGS, tmp_path)
    assert task.modes == [(False, False)] * 3
    assert task.training


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole, stopped = LineTask(), LineTask(stop_at(2))
    train(whole, SETTINGS, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(stopped, SETTINGS, tmp_path / "stopped")
    assert load_checkpoint(tmp_path / "stopped" / "last.ckpt")["step"] == 20
    assert [e["step"] for e in history(tmp_path / "stopped")] == [0, 10, 19]

    resumed = LineTask()
    train(resumed, SETTINGS, tmp_path / "stopped", resume=True)
    assert resumed.visits == 2
    torch.testing.assert_close(resumed.network.state_dict(), whole.network.state_dict())
    steps = [e["step"] for e in history(tmp_path / "stopped")]
    assert steps == [e["step"] for e in history(tmp_path / "whole")]


def test_without_resuming_a_run_begins_anew(tmp_path: Path) -> None:
    train(LineTask(), SETTINGS, tmp_path)
    task = LineTask()
    train(task, SETTINGS, tmp_path)
    assert task.visits == 3
    assert len(history(tmp_path)) == 9


def test_a_run_that_is_done_is_left_alone(tmp_path: Path) -> None:
    best = train(LineTask(), SETTINGS, tmp_path)
    before = history(tmp_path)
    task = LineTask()
    assert train(task, SETTINGS, tmp_path, resume=True) == best
    assert task.visits == 0
    assert history(tmp_path) == before
    trained = load_checkpoint(tmp_path / "last.ckpt")["network"]
    torch.testing.assert_close(dict(task.network.state_dict()), trained)


def test_the_best_checkpoint_is_that_of_the_least_objective(tmp_path: Path) -> None:
    objectives = {1: 3.0, 2: 1.0, 3: 2.0}
    assert train(LineTask(objectives.get), SETTINGS, tmp_path) == 1.0
    assert load_checkpoint(tmp_path / "best.ckpt")["step"] == 40
    assert load_checkpoint(tmp_path / "last.ckpt")["step"] == 60


def test_a_resumed_run_remembers_its_best(tmp_path: Path) -> None:
    train(LineTask(lambda _visits: 0.5), with_settings(steps=20), tmp_path)
    assert train(LineTask(lambda _visits: 0.9), SETTINGS, tmp_path, resume=True) == 0.5
    assert load_checkpoint(tmp_path / "best.ckpt")["step"] == 20


def test_the_same_seed_gives_the_same_network(tmp_path: Path) -> None:
    settings = with_settings(batch_size=4)
    networks = [LineTask() for _ in range(3)]
    for number, task in enumerate(networks):
        seeded = with_settings(batch_size=4, seed=7) if number == 2 else settings
        train(task, seeded, tmp_path / str(number))
    one, same, other = (task.network.weight for task in networks)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_cosine_ends_slowly(tmp_path: Path) -> None:
    train(LineTask(), with_settings(schedule="cosine", steps=400, validate_every=400), tmp_path)
    state = load_checkpoint(tmp_path / "last.ckpt")
    assert state["optimizer"]["param_groups"][0]["lr"] < 0.02 * SETTINGS.learning_rate


def test_fewer_examples_than_a_batch_are_one_batch(tmp_path: Path) -> None:
    task = LineTask(count=5)
    before = task.network.weight.detach().clone()
    train(task, with_settings(batch_size=64), tmp_path)
    assert not torch.equal(task.network.weight, before)


def test_nothing_to_train_on_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fewer examples"):
        train(LineTask(count=0), SETTINGS, tmp_path)


def test_a_loss_that_diverges_is_an_error(tmp_path: Path) -> None:
    task = LineTask()
    torch.nn.init.constant_(task.network.weight, float("nan"))
    with pytest.raises(UsageError, match="not finite at step 0; lower the learning rate"):
        train(task, SETTINGS, tmp_path)


def test_a_gradient_that_diverges_is_an_error(tmp_path: Path) -> None:
    task = LineTask()
    task.network.weight.register_hook(  # type: ignore[no-untyped-call]
        lambda gradient: gradient / 0.0
    )
    with pytest.raises(UsageError, match="not finite at step 0"):
        train(task, SETTINGS, tmp_path)


def test_the_largest_seed_can_be_resumed(tmp_path: Path) -> None:
    largest = with_settings(seed=2**32 - 1)
    train(LineTask(), largest, tmp_path)
    train(LineTask(), dataclasses.replace(largest, steps=80), tmp_path, resume=True)


@pytest.mark.parametrize(
    "content",
    [
        *("[", "{}", "[1]", "", "null", '[{"a": 1}]', '[{"step": "1"}]', '[{"step": -1}]'),
        *('[{"step": 1.5}]', '[{"step": 1, "loss": "x"}]', '[{"step": 1, "loss": null}]'),
        *("[" * 100_000, '[{"step": 1, "loss": 1' + "0" * 400 + "}]", '[{"step": true}]'),
    ],
    ids=range(14),
)
def test_a_broken_history_is_an_error(content: str, tmp_path: Path) -> None:
    train(LineTask(), SETTINGS, tmp_path)
    (tmp_path / "history.json").write_text(content)
    with pytest.raises(UsageError, match="no history of a training"):
        train(LineTask(), with_settings(steps=80), tmp_path, resume=True)


# --- Checkpoints ------------------------------------------------------------------------------


class Malice:
    """Something that runs when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("exit 1",)


def test_a_checkpoint_with_a_pickle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"network": Malice()}, path)
    with pytest.raises(UsageError, match=r"last\.ckpt: not a checkpoint"):
        load_checkpoint(path)
    path.write_bytes(pickle.dumps({"network": 1.0, "other": Malice()}, protocol=2))
    with pytest.raises(UsageError, match=r"last\.ckpt: not a checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.95])
def test_a_truncated_checkpoint_is_refused(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"network": torch.zeros(100)}, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(UsageError, match=r"last\.ckpt: not a checkpoint"):
        load_checkpoint(path)


def test_a_missing_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="train the network first"):
        load_checkpoint(tmp_path / "last.ckpt")


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    train(LineTask(), with_settings(steps=20), tmp_path)
    with pytest.raises(UsageError, match="network of other settings"):
        train(LineTask(inputs=2), SETTINGS, tmp_path, resume=True)


# --- Devices ----------------------------------------------------------------------------------


@pytest.mark.parametrize("devices", ["1", "auto"])
def test_devices_are_given_as_text(tmp_path: Path, devices: str) -> None:
    train(LineTask(), with_settings(steps=1, devices=devices), tmp_path)
    assert (tmp_path / "last.ckpt").is_file()
    assert speaks()


@pytest.mark.parametrize(
    "wrong",
    [{"devices": "many"}, {"devices": "0"}, {"accelerator": "abacus"}, {"precision": "3"}],
)
def test_devices_that_are_not_there_are_one_line(tmp_path: Path, wrong: dict[str, str]) -> None:
    (value,) = wrong.values()
    with pytest.raises(UsageError, match=f"no training on .*'{value}'") as caught:
        train(LineTask(), with_settings(**wrong), tmp_path)
    assert len(str(caught.value).splitlines()) == 1


TWO_PROCESSES = """
import json, os, runpy, sys
from pathlib import Path

here = runpy.run_path(sys.argv[1])
run = Path(sys.argv[2])
task = here["LineTask"]()
objective = here["train"](task, here["with_settings"](batch_size=8), run)
found = [objective, task.network.weight.item(), len(here["history"](run))]
told = {"found": found, "speaks": here["speaks"]()}
Path(f"{run}.{os.environ['RANK']}.json").write_text(json.dumps(told))
"""


@pytest.mark.slow
def test_under_torchrun_two_processes_train_one_network_and_the_first_writes(
    tmp_path: Path,
) -> None:
    script, run = tmp_path / "script.py", tmp_path / "run"
    script.write_text(TWO_PROCESSES, encoding="utf-8")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    arguments = ["--nproc-per-node", "2", str(script), __file__, str(run)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*launcher, *arguments], check=False, timeout=200, env=environment)
    assert done.returncode == 0
    first, second = (
        json.loads((tmp_path / f"run.{rank}.json").read_text(encoding="utf-8")) for rank in (0, 1)
    )
    assert first["found"] == second["found"]
    assert (first["speaks"], second["speaks"]) == (True, False)
    assert len([entry for entry in history(run) if "validation/objective" in entry]) == 3
    assert len(list(run.rglob("events.out.tfevents.*"))) == 1
