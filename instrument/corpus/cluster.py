"""Items are made on many processes by Dask, on this machine or wherever a scheduler's workers are.

Each worker gets the instruments' files once, and loads one when it first plays it. Few items are
given out at a time, so that a scheduler has little to hold, however many there are.
"""

from __future__ import annotations

import itertools
import logging
import secrets
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dask
from dask.utils import parse_bytes
from distributed import (
    Client,
    Future,
    KilledWorker,
    LocalCluster,
    Worker,
    WorkerPlugin,
    as_completed,
)
from distributed.comm import CommClosedError
from distributed.core import Status

from instrument.corpus.items import Item
from instrument.corpus.making import Maker, Outcome
from instrument.corpus.workers import (
    Files,
    Unread,
    instrument_files,
    make_here,
    place_instruments,
)
from instrument.errors import MidiFileError, UsageError
from instrument.files import said_of
from instrument.model.graphs import Instrument

AHEAD = 2
"""Items that are given out for each worker: one that is made, and one that waits."""

CONNECTING_SECONDS = 30
LOOKING_SECONDS = 5.0
WAITING_SECONDS = 0.05
LACKING_SECONDS = 20.0
"""Workers that are started anew may be away so long."""

TOLD_AGAIN_SECONDS = 600.0
RETRIES = 2
"""So often an item is tried again when a worker fails in a way that isn't the item's."""

SETTINGS = {
    # A worker holds nothing that could be spilled, and a pause would wait for what is never freed.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # A process on a busy machine may take long to start anew.
    "distributed.deploy.lost-worker-timeout": "30s",
}

LEAST_BYTES = 100_000_000
"""With less, workers end before they have played anything."""

MARK = ".run-"
"""What the name of a run's mark begins with."""


@contextmanager
def cluster(
    scheduler: str | None,
    workers: int,
    memory_limit: str,
    instruments: Sequence[Instrument],
    corpus: Path,
    tell: Callable[[str], None],
) -> Iterator[Maker]:
    """Give what makes items on workers.

    Args:
        scheduler: Address of the one whose workers do it; if None, they are started here.
        workers: How many are started.
        memory_limit: Of each that is started, like "2GB" or "auto", its share of this machine's.
        instruments: What plays.
        corpus: Folder of the corpus, which all workers see at this path.
        tell: Told the address of the scheduler's page, and when workers are waited for.

    Raises:
        UsageError: There is no scheduler, or its workers can't take the instruments.
    """
    for name in ("distributed", "distributed.client"):  # what goes wrong is told in one line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(SETTINGS))
        address: str | LocalCluster | None = scheduler
        if address is None:
            address = stack.enter_context(_local_cluster(workers, memory_limit))
            stack.enter_context(_replaced(address, workers))
        try:
            client = stack.enter_context(Client(address, timeout=CONNECTING_SECONDS))
        except (OSError, ValueError) as error:
            raise UsageError(f"--scheduler {scheduler}: nobody answers there: {error}") from error
        tell(f"Dask's page: {client.dashboard_link}")
        files = {each.spec.digest: instrument_files(each) for each in instruments}
        try:
            client.register_plugin(_Instruments(files, local=scheduler is None))
        except CommClosedError as error:
            raise UsageError("workers end as they start; do they have enough memory?") from error
        except Exception as error:  # whatever a worker raised
            raise UsageError(f"a worker can't play; is Arco installed there? {error}") from error
        if not client.nthreads():
            tell("There are no workers yet; it goes on when there is one.")
        mark = stack.enter_context(_marked(corpus.absolute()))
        yield _Giver(client, mark, tell).make_all


@contextmanager
def _marked(corpus: Path) -> Iterator[Path]:
    """Give a file by which workers know a corpus, and this run of it; it is gone at the end."""
    mark = corpus / f"{MARK}{secrets.token_hex(8)}"
    with said_of(corpus):
        for old in corpus.glob(f"{MARK}*"):  # of a run that was killed
            old.unlink()
        mark.touch()
    try:
        yield mark
    finally:
        with suppress(OSError):  # why it ended counts
            mark.unlink()


def check_memory_limit(text: str) -> None:
    """Refuse what isn't a size of memory, and one in which no worker starts.

    Raises:
        UsageError: In one sentence that names the option.
    """
    try:
        size = parse_bytes(0 if text == "auto" else text)
    except ValueError:
        raise UsageError(f"--memory-limit {text}: should be like 2GB, or auto") from None
    if 1 < size < LEAST_BYTES:  # 0 is no limit, and up to 1 it is a share of this machine's
        raise UsageError(f"--memory-limit {text}: should be {LEAST_BYTES // 10**6}MB or more")


def _local_cluster(workers: int, memory_limit: str) -> LocalCluster:
    try:
        return LocalCluster(
            n_workers=workers,
            processes=True,
            threads_per_worker=1,
            memory_limit=memory_limit,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
    except (OSError, RuntimeError) as error:
        reason = f"the {workers} workers can't be started: {error}"
        raise UsageError(f"{reason}; is there too little memory for --workers?") from error


@contextmanager
def _replaced(local: LocalCluster, workers: int) -> Iterator[None]:
    """Start workers anew that were lost and that their nannies couldn't start: Dask doesn't."""
    ended = threading.Event()

    def replace() -> None:
        for name, nanny in [*local.workers.items()]:
            if nanny.status in {Status.closed, Status.failed}:
                del local.workers[name]
        local.scale(workers)

    def look() -> None:
        while not ended.wait(LOOKING_SECONDS):
            local.loop.add_callback(replace)

    thread = threading.Thread(target=look, name="arco-workers")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _Instruments(WorkerPlugin):  # type: ignore[misc]
    """Gives each worker the instruments, by digest."""

    def __init__(self, files: Mapping[str, Files], *, local: bool) -> None:
        """Hold what workers get.

        Args:
            files: Of each instrument, by its digest.
            local: Whether Ctrl-C reaches workers, too; it is left to the process that has them.
        """
        self._files, self._local = files, local
        # A scheduler has one of each name, and keeps it for workers that come later.
        self.name = f"arco-{'-'.join(sorted(files))}"

    def setup(self, worker: Worker) -> None:
        """Write them where this worker finds them."""
        if self._local:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        place_instruments(self._files, Path(worker.local_directory))


class _Giver:
    """Gives items to workers."""

    def __init__(self, client: Client, mark: Path, tell: Callable[[str], None]) -> None:
        """Give none yet.

        Args:
            client: Of the scheduler.
            mark: By which workers know the corpus.
            tell: Told when workers are waited for.
        """
        self._client, self._mark, self._tell = client, mark, tell

    def make_all(self, items: Sequence[Item]) -> Iterator[Outcome]:
        """Make items. One that workers die of is tried again at last, alone, and then given up."""
        suspects = yield from self._give(items)
        for item in suspects:
            if (yield from self._give([item], "-alone")):
                reason = "workers died of it each time; does it need more than --memory-limit?"
                yield Outcome(item.key, refused=reason)

    def _give(
        self, items: Sequence[Item], attempt: str = ""
    ) -> Generator[Outcome, None, list[Item]]:
        """Make items, few at a time; gives those in the end that workers died of."""
        client, waiting = self._client, iter(items)
        given, suspects = dict[str, Item](), list[Item]()
        running = as_completed(loop=client.loop)

        def give(least: int) -> None:
            wanted = AHEAD * sum(client.nthreads().values()) - len(given)
            for item in itertools.islice(waiting, max(least, wanted)):
                # Another run on this scheduler may make the same item, in its own corpus.
                key = f"arco-{item.key}{self._mark.name}{attempt}"
                given[key] = item
                running.add(client.submit(make_here, item, self._mark, key=key, retries=RETRIES))

        try:
            give(AHEAD)
            for future in self._done(running):
                item = given.pop(future.key)
                give(1)
                try:
                    yield _seen(item, future.result())
                except KilledWorker:
                    suspects.append(item)
                except (CancelledError, CommClosedError):
                    raise
                except Exception as error:  # whatever a worker raised, each time
                    yield Outcome(item.key, refused=f"{type(error).__name__}: {error}")
        except (CancelledError, CommClosedError, OSError) as error:
            raise UsageError(
                "the scheduler is gone; what was made is there, and the same command goes on"
            ) from error
        return suspects

    def _done(self, running: as_completed) -> Iterator[Future]:
        """What has been made, as it is; meanwhile it is told if there is nobody who makes it."""
        looks_at, tells_at = 0.0, time.monotonic() + LACKING_SECONDS
        while not running.is_empty():
            if running.has_ready():
                yield next(running)
                continue
            time.sleep(WAITING_SECONDS)
            now = time.monotonic()
            if now < looks_at:
                continue
            looks_at = now + LOOKING_SECONDS
            if self._client.nthreads():
                tells_at = now + LACKING_SECONDS
            elif now >= tells_at:
                tells_at = now + TOLD_AGAIN_SECONDS
                self._tell(
                    "No workers are left; it goes on when there is one (dask worker "
                    f"{self._client.scheduler.address}). What was made is there: after Ctrl-C the "
                    "same command goes on."
                )


def _seen(item: Item, outcome: Outcome) -> Outcome:
    """What became of an item; all stops where it is only the worker that can't read its score."""
    if not isinstance(outcome, Unread):
        return outcome
    try:
        item.score.read()
    except MidiFileError:
        return outcome
    where = f"{item.score.path}: a worker on {outcome.node} doesn't see this score as it is here"
    return Outcome(item.key, stop=f"{where} ({outcome.refused}); all workers must")
