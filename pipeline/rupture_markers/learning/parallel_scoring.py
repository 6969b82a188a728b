"""Scoring of many sessions in several processes, each with the model loaded once; memory does not grow with their number."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from pathlib import Path

from rupture_markers.learning.registry import LoadedModel, load_model
from rupture_markers.learning.scores import TurnScores
from rupture_markers.learning.scoring import BATCH, score_transcripts
from rupture_markers.markers.codebook import Codebook
from rupture_markers.transcripts.transcript import Transcript

WORTH_IT = 4 * BATCH
"""Below so many sessions a second process costs more (it loads the model) than it saves."""

_loaded: list[LoadedModel] = []


def score_in_processes(
    loaded: LoadedModel,
    reference: str | Path,
    codebook: Codebook,
    transcripts: Iterable[Transcript],
    *,
    workers: int,
    force: bool = False,
) -> Iterator[TurnScores]:
    """Score sessions in order, without detail; in this process alone where there are few of them.

    Parameters
    ----------
    loaded, reference, codebook
        The model, and what it was loaded from.
    workers : int
        Processes.

    Raises
    ------
    ModelError
        If a session is in a language that the model was not trained on, unless ``force``.
    """
    source = iter(transcripts)
    first = list(islice(source, WORTH_IT))
    if workers < 2 or len(first) < WORTH_IT:
        yield from score_transcripts(loaded, chain(first, source), force=force, detail=False)
        return
    everything = chain(first, source)
    del first
    # spawn: a forked child of a process whose OpenMP has run may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_load, initargs=(reference, codebook)) as pool:
        waiting: deque[Future[list[TurnScores]]] = deque()
        while part := list(islice(everything, BATCH)):
            waiting.append(pool.submit(_score, part, force))
            if len(waiting) > 2 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _load(reference: str | Path, codebook: Codebook) -> None:
    _loaded[:] = [load_model(reference, codebook)]


def _score(part: Sequence[Transcript], force: bool) -> list[TurnScores]:
    return list(score_transcripts(_loaded[0], part, force=force, detail=False))
