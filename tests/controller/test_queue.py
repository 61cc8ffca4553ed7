import asyncio

import pytest

from llmstack.controller.queue import KeyedQueue


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> KeyedQueue[str]:
    return KeyedQueue(clock)


async def due(queue: KeyedQueue[str]) -> str | None:
    try:
        return await asyncio.wait_for(queue.get(), 0.02)
    except TimeoutError:
        return None


async def test_a_key_is_there_once_however_often_it_was_added(queue: KeyedQueue[str]) -> None:
    for _ in range(5):
        queue.add("a")
    assert await due(queue) == "a"
    assert await due(queue) is None


async def test_no_second_worker_gets_a_key_that_is_worked_on(queue: KeyedQueue[str]) -> None:
    queue.add("a")
    assert await due(queue) == "a"
    queue.add("a")
    assert await due(queue) is None
    queue.done("a")
    assert await due(queue) == "a"


async def test_the_earliest_wish_counts(queue: KeyedQueue[str], clock: Clock) -> None:
    queue.add("a", after=100)
    queue.add("a", after=10)
    queue.add("a", after=50)
    clock.now = 9
    assert await due(queue) is None
    clock.now = 10
    assert await due(queue) == "a"
    queue.done("a")
    clock.now = 200
    assert await due(queue) is None


async def test_failures_wait_longer_each_time_up_to_a_limit(queue: KeyedQueue[str], clock: Clock) -> None:
    delays = []
    queue.add("a")
    for _ in range(12):
        assert await due(queue) == "a"
        delays.append(queue.failed("a"))
        clock.now += delays[-1] + 0.001
    assert 0.75 <= delays[0] <= 1.25
    assert delays[4] > delays[0] * 8
    assert max(delays) <= 375
    assert await due(queue) == "a"
    queue.done("a")
    queue.add("a")
    assert await due(queue) == "a"
    assert queue.failed("a") <= 1.25


async def test_a_waiting_worker_is_woken_by_a_sooner_key(queue: KeyedQueue[str]) -> None:
    queue.add("late", after=1000)
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0.01)
    queue.add("now")
    assert await asyncio.wait_for(waiting, 1) == "now"
