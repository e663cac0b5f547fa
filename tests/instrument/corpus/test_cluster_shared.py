"""Runs that share a scheduler: each makes its own items, in its own corpus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import LocalCluster

from instrument.corpus import cluster as module
from instrument.corpus.cluster import cluster, make_here
from instrument.corpus.items import Plan
from instrument.model.graphs import Instrument


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCluster]:
    """One in this process, without workers."""
    monkeypatch.setattr(module, "_folders", {})
    module._loaded.cache_clear()
    with LocalCluster(
        n_workers=0,
        processes=False,
        threads_per_worker=1,
        dashboard_address=None,
        protocol="inproc://",
    ) as local:
        yield local


def test_runs_with_the_same_items_and_other_instruments_share_a_scheduler(
    scheduler: LocalCluster, plan: Plan, tiny: Instrument, tmp_path: Path
) -> None:
    envelope = replace(tiny.spec.envelope, sha256="0" * 64)
    other = replace(tiny, spec=replace(tiny.spec, envelope=envelope))
    items = list(plan.items)[:2]
    told = list[str]()
    with ExitStack() as stack:
        running = []
        for name, instrument in (("one", tiny), ("two", tiny), ("three", other)):
            corpus = tmp_path / name
            corpus.mkdir()
            (corpus / ".run-killed").touch()
            given = (scheduler.scheduler_address, 0, "auto", [instrument], corpus, told.append)
            running.append(stack.enter_context(cluster(*given))(items))
        assert len(told) == 3 * 2  # where the page is, and that workers are waited for
        scheduler.scale(1)
        made = [next(each) for each in running[:2]] + [*running[0], *running[1]]
        assert all(outcome.content for outcome in made), made
        with cluster(*given):
            assert len(told) == 3 * 2 + 1
    for name in ("one", "two"):
        there = {path.parent.name for path in (tmp_path / name).glob("items/*/*/item.json")}
        assert there == {item.key for item in items}
        assert {path.name for path in (tmp_path / name).iterdir()} == {"items"}


@pytest.mark.parametrize("folder", ["elsewhere", "a" * 300])
def test_a_worker_that_lacks_the_corpus_or_the_instrument_makes_nothing(
    plan: Plan, tmp_path: Path, folder: str
) -> None:
    item = replace(next(plan.items), instrument="none")
    assert folder in str(make_here(item, tmp_path / folder / ".run-1").stop)
    (tmp_path / ".run-1").touch()
    assert "none" in str(make_here(item, tmp_path / ".run-1").stop)
    assert [path.name for path in tmp_path.iterdir()] == [".run-1"]
