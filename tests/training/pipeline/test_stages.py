"""Stages are done once, go on where they stopped, and again when something has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from instrument.errors import OutputError, UsageError
from training.output import LOCK
from training.pipeline.stages import LEDGER, Ledger, Stage


class Work:
    """Two stages, the second of which needs the first; each writes its settings into a file."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.settings: dict[str, dict[str, Any]] = {"one": {"a": 1}, "two": {"b": 1}}
        self.done: list[tuple[str, bool]] = []
        self.stopped = ""

    def stage(self, name: str) -> Stage:
        made = self.run / name

        def work(resume: bool) -> None:
            if name == self.stopped:
                raise KeyboardInterrupt
            self.done.append((name, resume))
            made.write_text(str(self.settings[name]))

        return Stage(name, ["one"] if name == "two" else [], self.settings[name], [made], work)

    def all(self) -> list[tuple[str, bool]]:
        """Do what is to be done; name of each stage, and whether it went on."""
        self.done = []
        ledger = Ledger(self.run)
        with ledger.opened():
            for stage in map(self.stage, ("one", "two")):
                if not ledger.is_done(stage):
                    ledger.do(stage)
        return self.done


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path / "run")


def test_what_is_done_is_done_once(work: Work) -> None:
    assert work.all() == [("one", False), ("two", False)]
    assert work.all() == []


def test_a_change_does_again_what_follows_and_nothing_before(work: Work) -> None:
    work.all()
    work.settings["two"] = {"b": 2}
    assert work.all() == [("two", False)]
    work.settings["one"] = {"a": 2}
    assert work.all() == [("one", False), ("two", False)]


def test_where_something_is_computed_changes_nothing(work: Work) -> None:
    work.all()
    work.settings["one"] = {"a": 1, "accelerator": "cuda"}
    assert work.all() == []


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_result_that_isnt_as_it_was_left_is_made_again(work: Work, damage: str) -> None:
    work.all()
    if damage == "gone":
        (work.run / "one").unlink()
    else:
        (work.run / "one").write_text("something else")
    assert work.all() == [("one", False)]  # and the second has what it had


@pytest.mark.parametrize(
    ("stopped", "then"),
    [("one", [("one", True), ("two", False)]), ("two", [("two", True)])],
)
def test_a_stage_that_was_stopped_goes_on(
    work: Work, stopped: str, then: list[tuple[str, bool]]
) -> None:
    work.stopped = stopped
    with pytest.raises(KeyboardInterrupt):
        work.all()
    work.stopped = ""
    assert work.all() == then
    assert work.all() == []


def test_a_stage_that_was_stopped_begins_anew_with_other_settings(work: Work) -> None:
    work.stopped = "one"
    with pytest.raises(KeyboardInterrupt):
        work.all()
    work.stopped, work.settings["one"] = "", {"a": 2}
    assert work.all()[0] == ("one", False)


def test_two_at_work_in_one_folder_are_refused(work: Work) -> None:
    work.all()
    with Ledger(work.run).opened(), pytest.raises(UsageError, match="another training"):
        work.all()
    assert work.all() == []


def test_a_folder_that_cannot_be_written_in_is_said(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text("{}")
    (tmp_path / LOCK).mkdir()
    with pytest.raises(OutputError, match="cannot be written"), Ledger(tmp_path).opened():
        pytest.fail("it isn't open")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something else"):
        Ledger(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("text", ["{", "[]", '{"one": 3}'])
def test_a_damaged_ledger_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / LEDGER).write_text(text)
    with pytest.raises(UsageError, match=LEDGER):
        Ledger(tmp_path)
    assert (tmp_path / LEDGER).read_text() == text
