"""Scoring of many sessions in several processes, each with the model loaded once; memory does not grow with their number."""

from __future__ import annotations

import gc
import multiprocessing
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from pathlib import Path

from threadpoolctl import threadpool_limits

from rupture_markers.learning.registry import LoadedModel, load_model
from rupture_markers.learning.scores import TurnScores
from rupture_markers.learning.scoring import BATCH, score_transcripts
from rupture_markers.markers.codebook import Codebook
from rupture_markers.transcripts.transcript import Transcript

WORTH_IT = 2 * BATCH
"""Below so many sessions a second process costs more than it saves."""
WORTH_LOADING = 4 * BATCH
"""The same where each process has to load the model."""
_PART = BATCH // 2
"""Sessions given to a process at once: few enough that processes end together."""

_loaded: list[LoadedModel] = []


def score_in_processes(
    loaded: LoadedModel,
    reference: str | Path,
    codebook: Codebook,
    transcripts: Iterable[Transcript],
    *,
    workers: int,
    force: bool = False,
    fork: bool = False,
) -> Iterator[TurnScores]:
    """Score sessions in order, without detail; in this process alone where there are few of them.

    Parameters
    ----------
    loaded, reference, codebook
        The model, and what it was loaded from.
    workers : int
        Processes.
    fork : bool
        Whether processes may be forks of this one, which have the model at once (Linux alone). Not where other threads
        of this process work.

    Raises
    ------
    ModelError
        If a session is in a language that the model was not trained on, unless ``force``.
    """
    source = iter(transcripts)
    fork = fork and sys.platform == "linux"
    least = WORTH_IT if fork else WORTH_LOADING
    first = list(islice(source, least))
    if workers < 2 or len(first) < least:
        yield from score_transcripts(loaded, chain(first, source), force=force, detail=False)
        return
    everything = chain(first, source)
    del first
    if fork:
        _loaded[:] = [loaded]
        # What is loaded stays, here and in the forks: looking through it again and again for garbage takes a tenth of the time.
        gc.freeze()
    try:
        with ProcessPoolExecutor(
            workers, multiprocessing.get_context("fork" if fork else "spawn"),
            initializer=_load, initargs=(None if fork else reference, codebook),
        ) as pool:  # fmt: skip
            waiting: deque[Future[list[TurnScores]]] = deque()
            while part := list(islice(everything, _PART)):
                waiting.append(pool.submit(_score, part, force))
                if len(waiting) > 3 * workers:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
    finally:
        _loaded.clear()
        if fork:
            gc.unfreeze()


def _load(reference: str | Path | None, codebook: Codebook) -> None:
    # One thread each: there are as many processes as cores, and a fork of a process whose OpenMP has run may hang with more.
    threadpool_limits(1)
    if reference is not None:
        _loaded[:] = [load_model(reference, codebook)]
    gc.freeze()


def _score(part: Sequence[Transcript], force: bool) -> list[TurnScores]:
    return list(score_transcripts(_loaded[0], part, force=force, detail=False))
