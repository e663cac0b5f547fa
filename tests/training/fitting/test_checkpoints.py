"""Checkpoints: whole or not at all, and believed as far as they are right."""

from __future__ import annotations

import copy
import io
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from instrument.errors import ArcoError, OutputError, UsageError
from tests.training.damage import bytes_damage, is_read_or_refused_in_a_line, rewrite
from training.fitting.checkpoints import (
    BEST,
    LAST,
    load_checkpoint,
    restore,
    resume,
    save_checkpoint,
)
from training.fitting.loop import LoopSettings
from training.fitting.runs import SETTINGS_FILE, load_network, save_network, write_run
from training.networks.timbre import TimbreDecoder, TimbreSettings
from training.output import write_json
from training.reading import read_json


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def optimizer_of(model: nn.Module) -> torch.optim.AdamW:
    return torch.optim.AdamW(model.parameters(), 0.1)


def trained(step: int = 7) -> dict[str, Any]:
    """The state of a training after a step."""
    model = network()
    optimizer = optimizer_of(model)
    model(torch.randn(4, 3)).square().sum().backward()
    optimizer.step()
    return {
        "network": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "best": 0.5,
    }


STATE = trained()
WRONG: list[Any] = [
    None,
    "text",
    [],
    [1, 2],
    {},
    {"a": None},
    -1,
    2.5,
    True,
    float("nan"),
    10**400,
    torch.zeros(0),
    torch.full((2, 3), torch.nan),
    torch.zeros(2, 3, dtype=torch.int64),
    torch.zeros(3, 2),
    torch.zeros(2, 3).to_sparse(),
    torch.zeros((), requires_grad=True),
]


def replaced(state: Any, path: tuple[Any, ...], value: object) -> Any:
    """A copy of a state with something else at a place in it."""
    changed = copy.deepcopy(state)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return changed


PLACES: list[tuple[Any, ...]] = [
    ("network",),
    ("network", "0.weight"),
    ("network", "1.num_batches_tracked"),
    ("network", "over"),
    ("optimizer",),
    ("optimizer", "state"),
    ("optimizer", "state", 0),
    ("optimizer", "state", 9),
    ("optimizer", "state", "text"),
    ("optimizer", "state", 0, "step"),
    ("optimizer", "state", 0, "exp_avg"),
    ("optimizer", "state", 0, "exp_avg_sq"),
    ("optimizer", "state", 0, "over"),
    ("optimizer", "param_groups"),
    ("optimizer", "param_groups", 0, "betas"),
    ("step",),
    ("best",),
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_whatever_a_checkpoint_holds_it_is_gone_on_from_or_refused(
    place: tuple[Any, ...], tmp_path: Path
) -> None:
    for value in WRONG:
        model = network()
        optimizer = optimizer_of(model)
        before = copy.deepcopy(model.state_dict())
        torch.save(replaced(STATE, place, value), tmp_path / LAST)
        try:
            step, best = restore(tmp_path / LAST, {"network": model}, optimizer)
        except UsageError:
            assert all(torch.equal(before[name], one) for name, one in model.state_dict().items())
            continue
        assert step >= 0
        assert best == best  # noqa: PLR0124 (NaN isn't)
        model(torch.randn(4, 3)).square().sum().backward()
        optimizer.step()
        assert all(torch.isfinite(one).all() for one in model.state_dict().values())


@pytest.mark.fuzz
@given(damage=bytes_damage())
def test_bytes_may_be_anything(
    damage: Callable[[bytes], bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.ckpt"
    whole = io.BytesIO()
    torch.save(STATE, whole)
    path.write_bytes(damage(whole.getvalue()))
    model = network()
    assert is_read_or_refused_in_a_line(
        path, lambda: restore(path, {"network": model}, optimizer_of(model))
    )


@pytest.mark.fuzz
@given(at=st.floats(0.0, 1.0), noise=st.binary(min_size=1, max_size=6))
def test_values_that_are_not_tensors_may_be_anything(
    at: float, noise: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def change(name: str, content: bytes) -> bytes:
        place = round(at * len(content))
        plain = name.endswith("data.pkl")
        return content[:place] + noise + content[place + len(noise) :] if plain else content

    path = tmp_path_factory.getbasetemp() / "damaged.ckpt"
    whole = io.BytesIO()
    torch.save(STATE, whole)
    path.write_bytes(rewrite(whole.getvalue(), change))
    model = network()
    assert is_read_or_refused_in_a_line(
        path, lambda: restore(path, {"network": model}, optimizer_of(model))
    )


# --- Pickles ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "plain",
    [
        b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",  # two gigabytes
        b"\x80\x02cos\nsystem\nX\x06\x00\x00\x00exit 1\x85R.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"(cos\nsystem\n.",
        b"ctorch\nTensor\nJ\xff\xff\xff\x7f\x85R.",
        b"ios\nsystem\n.",
        b"",
        b"garbage",
        b"r\xff\xff\xff\xff.",
    ],
)
def test_nothing_is_called_but_what_makes_tensors(plain: bytes, tmp_path: Path) -> None:
    whole = io.BytesIO()
    torch.save(STATE, whole)
    content = rewrite(whole.getvalue(), lambda name, c: plain if name.endswith("data.pkl") else c)
    (tmp_path / LAST).write_bytes(content)
    with pytest.raises(UsageError, match=r"last\.ckpt: not a checkpoint"):
        load_checkpoint(tmp_path / LAST)


@pytest.mark.parametrize("make", [pickle.dumps, lambda state: b"text" * 1000, lambda state: b""])
def test_another_file_is_refused(make: Callable[[object], bytes], tmp_path: Path) -> None:
    (tmp_path / LAST).write_bytes(make({"network": 1}))
    with pytest.raises(UsageError, match="not a checkpoint"):
        load_checkpoint(tmp_path / LAST)


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        load_checkpoint(tmp_path)


# --- Falling back -----------------------------------------------------------------------------


def begin(run: Path, last: bytes | None, best: dict[str, Any] | None) -> None:
    for name, state in ((LAST, trained(9)), (BEST, best)):
        if state is not None:
            save_checkpoint(state, run / name)
    if last is not None:
        (run / LAST).write_bytes(last)


@pytest.mark.parametrize("last", [b"", b"cut", bytes(5000)])
def test_where_the_last_checkpoint_is_broken_the_best_is_gone_on_from(
    last: bytes, tmp_path: Path
) -> None:
    begin(tmp_path, last, trained(5))
    model = network()
    step, best, told = resume(tmp_path, {"network": model}, optimizer_of(model))
    assert (step, best) == (5, 0.5)
    assert "last.ckpt: not a checkpoint" in told
    assert str(tmp_path / BEST) in told


def test_where_the_last_checkpoint_is_gone_the_best_is_gone_on_from(tmp_path: Path) -> None:
    save_checkpoint(trained(5), tmp_path / BEST)
    model = network()
    step, _, told = resume(tmp_path, {"network": model}, optimizer_of(model))
    assert step == 5
    assert str(tmp_path / LAST) in told


def test_whole_checkpoints_say_nothing(tmp_path: Path) -> None:
    begin(tmp_path, None, trained(5))
    model = network()
    assert resume(tmp_path, {"network": model}, optimizer_of(model)) == (9, 0.5, "")


@pytest.mark.parametrize("best", [None, {}, {"network": network().state_dict()}])
def test_with_neither_checkpoint_the_last_is_named(
    best: dict[str, Any] | None, tmp_path: Path
) -> None:
    begin(tmp_path, b"cut", best)
    model = network()
    with pytest.raises(UsageError, match=r"last\.ckpt: not a checkpoint"):
        resume(tmp_path, {"network": model}, optimizer_of(model))


# --- Writing ----------------------------------------------------------------------------------


def test_a_full_disk_leaves_the_checkpoint_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(STATE, tmp_path / LAST)
    before = (tmp_path / LAST).read_bytes()

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as stream:
            stream.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        save_checkpoint(trained(8), tmp_path / LAST)
    assert (tmp_path / LAST).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [LAST]


KILLED = """
import os, sys, torch
from pathlib import Path
from training.fitting.checkpoints import LAST, save_checkpoint

def half(path, content):
    with open(path, "wb") as stream:
        stream.write(content[: len(content) // 2])
    os.kill(os.getpid(), 9)

Path.write_bytes = half
save_checkpoint({"network": torch.zeros(1000)}, Path(sys.argv[1]) / LAST)
"""


def test_a_process_that_is_killed_leaves_the_checkpoint_that_was_there(tmp_path: Path) -> None:
    save_checkpoint(STATE, tmp_path / LAST)
    subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert load_checkpoint(tmp_path / LAST)["step"] == 7


# --- Networks of a run ------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of a small timbre network."""
    decoder = TimbreDecoder(TimbreSettings(hidden=8, harmonics=4, noise_bands=5))
    write_run(tmp_path, "timbre", decoder, LoopSettings(steps=10), stage="fit")
    save_network(decoder, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["kind", "network", "network.hidden", "network.sample_rate"])
@pytest.mark.parametrize(
    "value", [None, "8", [], [8], {}, 0, -8, 8.0, True, 10**9, 10**400, 49_999, "conditional"]
)
def test_settings_may_be_anything(name: str, value: object, run: Path) -> None:
    """And what they say takes no memory before it is compared with the checkpoint."""
    said = read_json(run / SETTINGS_FILE)
    write_json(replaced(said, tuple(name.split(".")), value), run / SETTINGS_FILE)
    with pytest.raises(UsageError, match=r"train anew|holds a network of kind"):
        load_network(run, ("timbre",))


@pytest.mark.parametrize("name", ["noise_head.bias", "orders", "gru.weight_hh_l0"])
@pytest.mark.parametrize("value", WRONG, ids=range(len(WRONG)))
def test_weights_may_be_anything(name: str, value: object, run: Path) -> None:
    state = load_checkpoint(run / BEST)
    torch.save(replaced(state, ("network", name), value), run / BEST)
    with pytest.raises(ArcoError, match=r"doesn't fit its settings|not a checkpoint"):
        load_network(run, ("timbre",))
