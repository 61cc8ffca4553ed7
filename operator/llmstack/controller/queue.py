"""A queue of keys: each key once, one worker at a key, retries with back-off, changed objects before the rest."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

FIRST_RETRY = 1.0
LAST_RETRY = 300.0
"""Seconds; doubled from the first to the last, with jitter, so that a failing API server is not met in step."""


class KeyedQueue(Generic[Key]):
    """Keys that are due, and those that will be.

    Args:
        clock: monotonic seconds.

    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._number = itertools.count()
        self._busy: set[Key] = set()
        self._again: dict[Key, float] = {}
        self._failures: dict[Key, int] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Return how many keys wait, those of the future among them."""
        return len(self._due) + len(self._again)

    def add(self, key: Key, after: float = 0.0) -> None:
        """Make a key due after some seconds; the earliest wish counts. While it is worked on, it comes again."""
        when = self._clock() + after
        if key in self._busy:
            self._again[key] = min(when, self._again.get(key, when))
            return
        if self._due.get(key, float("inf")) <= when:
            return
        self._due[key] = when
        heapq.heappush(self._heap, (when, next(self._number), key))
        self._changed.set()

    def forget(self, key: Key) -> None:
        """Drop a key's failures and what is due for it: its object is gone."""
        self._due.pop(key, None)
        self._again.pop(key, None)
        self._failures.pop(key, None)

    async def get(self) -> Key:
        """Wait for the next key that is due; it is busy until `done` or `failed`."""
        while True:
            self._changed.clear()
            wait: float | None = None
            while self._heap:
                when, _, key = self._heap[0]
                if self._due.get(key) != when:
                    heapq.heappop(self._heap)  # an earlier wish replaced it
                    continue
                wait = when - self._clock()
                if wait > 0:
                    break
                heapq.heappop(self._heap)
                del self._due[key]
                self._busy.add(key)
                return key
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                continue

    def done(self, key: Key) -> None:
        """Say that a key's work has ended well."""
        self._failures.pop(key, None)
        self._release(key)

    def failed(self, key: Key) -> float:
        """Say that a key's work has failed; return the seconds until it comes again."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(LAST_RETRY, FIRST_RETRY * 2.0**failures) * random.uniform(0.75, 1.25)  # noqa: S311
        self._release(key)
        self.add(key, delay)
        return delay

    def _release(self, key: Key) -> None:
        self._busy.discard(key)
        if key in self._again:
            self.add(key, max(0.0, self._again.pop(key) - self._clock()))
