"""A bounded client loop against a service, and what it saw."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field

import aiohttp
from e2e.harness import Service, client


@dataclass
class Outcome:
    """What one client loop saw.

    Attributes:
        failed: requests that failed before an answer had begun: (second, what).
        cut: streams that ended without their end; none of them looked complete.
        looked_complete: cut streams that a client could take for whole ones. Must stay 0.
        rungs: model that answered, by number of answers.

    """

    answered: int = 0
    streamed: int = 0
    failed: list[tuple[float, str]] = field(default_factory=list)
    cut: int = 0
    looked_complete: int = 0
    models: dict[str, int] = field(default_factory=dict)
    timeline: list[tuple[float, str]] = field(default_factory=list)


@dataclass
class Load:
    """A bounded client loop against a service on the loopback.

    Attributes:
        rate: requests per second; every fourth is a stream.
        seconds: after which it stops by itself; `stop` ends it sooner.

    """

    service: Service
    rate: float
    seconds: float
    stream_tokens: int = 40
    outcome: Outcome = field(default_factory=Outcome)
    streaming: int = 0
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """End the loop; requests in flight are waited for."""
        self._stop.set()

    async def run(self) -> Outcome:
        """Send requests at the rate, whatever the answers take."""
        started, tasks = time.monotonic(), []
        async with client() as session:
            for number in range(int(self.rate * self.seconds)):
                wait = started + number / self.rate - time.monotonic()
                if wait > 0:
                    await asyncio.sleep(wait)
                if self._stop.is_set():
                    break
                one = self._stream(session) if number % 4 == 3 else self._plain(session)
                tasks.append(asyncio.create_task(one))
            await asyncio.gather(*tasks)
        return self.outcome

    async def _plain(self, session: aiohttp.ClientSession) -> None:
        at = time.time()
        try:
            async with await self.service.ask(session) as answer:
                body = await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.outcome.failed.append((at, repr(error)))
            return
        if answer.status != 200:
            self.outcome.failed.append((at, f"{answer.status} {body}"))
            return
        self.outcome.answered += 1
        self._answered_by(at, body["model"])

    async def _stream(self, session: aiohttp.ClientSession) -> None:
        at, text, began = time.time(), b"", False
        try:
            async with await self.service.ask(session, stream=True, max_tokens=self.stream_tokens) as answer:
                if answer.status != 200:
                    self.outcome.failed.append((at, f"{answer.status} {await answer.text()}"))
                    return
                self.streaming += 1
                try:
                    async for part in answer.content.iter_any():
                        text += part
                        began = True
                finally:
                    self.streaming -= 1
        except (aiohttp.ClientError, TimeoutError) as error:
            if not began:
                self.outcome.failed.append((at, repr(error)))
                return
            self.outcome.cut += 1
            if b"data: [DONE]" in text:
                self.outcome.looked_complete += 1
            return
        if b"data: [DONE]" not in text:
            # It ended as HTTP ends a whole body, and yet it is not whole.
            self.outcome.looked_complete += 1
            return
        self.outcome.streamed += 1
        first = next(line for line in text.splitlines() if line.startswith(b"data: {"))
        self._answered_by(at, json.loads(first[6:])["model"])

    def _answered_by(self, at: float, model: str) -> None:
        self.outcome.models[model] = self.outcome.models.get(model, 0) + 1
        self.outcome.timeline.append((at, model))
