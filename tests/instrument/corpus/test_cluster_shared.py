"""Runs that share a scheduler: each makes its own items, in its own corpus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import LocalCluster

from instrument.corpus import cluster as module
from instrument.corpus import workers
from instrument.corpus.cluster import cluster
from instrument.corpus.items import Item, Plan
from instrument.corpus.making import Outcome
from instrument.corpus.workers import Unread, make_here
from instrument.model.graphs import Instrument


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCluster]:
    """One in this process, without workers."""
    monkeypatch.setattr(workers, "_folders", {})
    workers._loaded.cache_clear()
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


@pytest.mark.parametrize("there", [True, False])
def test_a_score_that_only_workers_lack_stops_all_and_one_that_is_gone_is_refused(
    scheduler: LocalCluster,
    plan: Plan,
    tiny: Instrument,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: bool,
) -> None:
    first = next(plan.items)
    path = tmp_path / "score.mid"
    item = replace(first, score=replace(first.score, path=path))
    if there:
        path.write_bytes(first.score.read())

    def without_scores(item: Item, mark: Path) -> Outcome:
        elsewhere = replace(item.score, path=mark.parent / "elsewhere.mid")
        return make_here(replace(item, score=elsewhere), mark)

    monkeypatch.setattr(module, "make_here", without_scores)
    scheduler.scale(1)
    given = (scheduler.scheduler_address, 0, "auto", [tiny], tmp_path, lambda _: None)
    with cluster(*given) as make:
        (outcome,) = make([item])
    assert outcome.content is None
    if there:
        assert f"{path}: a worker on" in str(outcome.stop)
    else:
        assert isinstance(outcome, Unread)
        assert "cannot be read" in str(outcome.refused)


def test_it_is_told_now_and_then_when_all_workers_have_left(
    scheduler: LocalCluster,
    plan: Plan,
    tiny: Instrument,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOKING_SECONDS", 0.01)
    monkeypatch.setattr(module, "LACKING_SECONDS", 0.3)
    monkeypatch.setattr(module, "TOLD_AGAIN_SECONDS", 0.2)
    told = list[str]()

    def tell(sentence: str) -> None:
        told.append(sentence)
        if len(told) == 3:
            scheduler.scale(1)

    scheduler.scale(1)
    scheduler.wait_for_workers(1)
    given = (scheduler.scheduler_address, 0, "auto", [tiny], tmp_path, tell)
    with cluster(*given) as make:
        made = make(list(plan.items))
        outcomes = [next(made)]
        scheduler.scale(0)
        outcomes += made
    assert sum(outcome.content is not None for outcome in outcomes) == 4
    assert len(told) == 3
    assert told[1] == told[2]
    assert f"dask worker {scheduler.scheduler_address}" in told[1]
