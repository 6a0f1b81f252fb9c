"""Requests wait here while others are answered, and all that wait are answered together.

One thread scores: the models hold Python's lock anyway, and a batch costs little more than one
request. The model may be exchanged at any time; what is under way is answered by the one before.
"""

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.serving.asked import MOST_CUSTOMERS, Asked
from pipeline.serving.scorer import Answer, Request, Scorer

MOST_WAITING = 500
"""Requests beyond it are turned away: they would wait for seconds."""

MOST_AT_ONCE = 64


class Done(NamedTuple):
    """An answer, beside the request as it was read and the scorer that gave it."""

    answer: Answer
    request: Request
    scorer: Scorer


class FullError(Exception):
    """More requests wait than can be answered soon."""


@dataclass
class _Job:
    said: Asked
    future: "Future[Done]" = field(default_factory=Future)


class Queue:
    """Hands requests to the scorer; `scorer` may be replaced while it works."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        self.answered = 0
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, daemon=True, name="scoring")
        self._thread.start()

    def ask(self, said: Asked) -> "Future[Done]":
        """The answer to come.

        Raises
        ------
        FullError
            When too many wait.
        """
        job = _Job(said)
        with self._changed:
            if len(self._waiting) >= MOST_WAITING or self._stopping:
                raise FullError
            self._waiting.append(job)
            self._changed.notify()
        return job.future

    def stop(self) -> None:
        """Answer what waits, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._next():
            scorer = self.scorer
            read = [(job, request) for job in jobs if (request := _read(job, scorer))]
            for day in dict.fromkeys(request.day for _, request in read):
                self._answer([one for one in read if one[1].day == day], scorer)

    def _next(self) -> list[_Job]:
        """Some of those that wait, as many as make one frame; none when it is time to end."""
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            taken: list[_Job] = []
            size = 0
            while self._waiting and len(taken) < MOST_AT_ONCE and size < MOST_CUSTOMERS:
                job = self._waiting.popleft()
                size += len(job.said.customers) + len(job.said.orders) // 10
                taken.append(job)
            return taken

    def _answer(self, read: list[tuple[_Job, Request]], scorer: Scorer) -> None:
        """Answer all; where one of them brings that down, each by itself."""
        try:
            answers = scorer.answer([request for _, request in read])
        except BaseException as error:  # an interrupted query, too: this thread has to go on
            if len(read) == 1:
                told = error if isinstance(error, Exception) else RuntimeError("interrupted")
                read[0][0].future.set_exception(told)
            else:
                for one in read:
                    self._answer([one], scorer)
            return
        self.answered += len(read)
        for (job, request), answer in zip(read, answers, strict=True):
            job.future.set_result(Done(answer, request, scorer))


def _read(job: _Job, scorer: Scorer) -> Request | None:
    """The request in the columns of the scorer's log; its refusal is an answer as well."""
    if not job.future.set_running_or_notify_cancel():
        return None
    try:
        return scorer.request(job.said)
    except Exception as error:
        job.future.set_exception(error)
        return None
