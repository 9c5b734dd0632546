"""Who evaluates cells: this process, a pool of processes, or a cluster, each an executor of the library.

A worker of a pool lives on a lease: the reading end of a pipe whose other end only the sweep holds. When the
sweep ends, in whichever way, ``kill -9`` included, the pipe closes and the worker is gone at once; nothing
burns on unseen, and whoever presses Ctrl-C waits for no cell.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from bot.lab.sweep.errors import SweepError

P = ParamSpec("P")
T = TypeVar("T")

CONNECTED_WITHIN_S = 10.0
CLUSTER_AT_ONCE = 256
"""How many cells lie at a cluster's scheduler at a time: enough for as many workers to have one each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Where to get an executor, how many cells it is handed at a time, and how it says that workers died."""

    open: Callable[[], AbstractContextManager[Executor]]
    at_once: int
    lost: tuple[type[Exception], ...] = (BrokenExecutor,)


class Here(Executor):
    """Runs what is submitted before ``submit`` returns: one cell after the other, in this process."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The finished future; what interrupts the caller is not kept in it but raised."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - a future keeps whatever its function raises
            future.set_exception(error)
        return future


def here() -> Workers:
    """No process but this one."""
    return Workers(open=Here, at_once=1)


def processes(count: int) -> Workers:
    """That many processes of this machine."""
    return Workers(open=lambda: _pool(count), at_once=2 * count)


def cluster(address: str, *, within_s: float = CONNECTED_WITHIN_S) -> Workers:
    """The workers of the Dask scheduler at ``address``, which has to answer in time.

    SweepError where Dask is not installed; where no scheduler answers, as soon as it is opened.
    """
    try:
        from distributed import KilledWorker  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        raise SweepError('a cluster needs more packages: pip install "holdfast[cluster]"') from None
    return Workers(
        open=lambda: _cluster(address, within_s),
        at_once=CLUSTER_AT_ONCE,
        lost=(BrokenExecutor, CancelledError, KilledWorker),
    )


@contextmanager
def _pool(count: int) -> Iterator[Executor]:
    context = get_context("spawn")
    lease, held = context.Pipe(duplex=False)
    with lease, held:
        executor = _Deaf(count, mp_context=context, initializer=_begin, initargs=(lease,))
        try:
            yield executor
        except BaseException:
            held.close()
            raise
        finally:
            executor.shutdown(cancel_futures=True)


class _Deaf(ProcessPoolExecutor):
    """A pool whose processes never hear Ctrl-C, not even while they start: a terminal sends it to all.

    They start when something is submitted, and a signal that is blocked then stays blocked in them.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As of any pool."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(lease: Connection) -> None:
    """What a worker does first: watch over its own end."""
    Thread(target=_end_with, args=(lease,), daemon=True).start()


def _end_with(lease: Connection) -> None:
    wait([lease])
    os._exit(0)


@contextmanager
def _cluster(address: str, within_s: float) -> Iterator[Executor]:
    from distributed import Client  # noqa: PLC0415 - as above

    # It would print the traceback of a connection that is lost; the sweep says it in a line.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=within_s)
    except (OSError, ValueError) as error:
        raise SweepError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        executor: Any = client.get_executor(pure=False)
        try:
            yield executor
        finally:
            # What nobody waits for any more is cancelled; at the end that is nothing.
            executor.shutdown(wait=False)
