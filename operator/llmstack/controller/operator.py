"""The process: watches, workers, the lease, probes and metrics; started and ended in order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import aiohttp
from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from llmstack.cluster.access import missing_rights
from llmstack.cluster.client import ApiError, Client, configuration
from llmstack.cluster.door import Door, NotLeaderError
from llmstack.cluster.lease import Lease, LeaseLostError
from llmstack.cluster.resources import LLMSERVICE
from llmstack.controller import metrics
from llmstack.controller.envoy_validation import EnvoyValidator
from llmstack.controller.queue import KeyedQueue
from llmstack.controller.reconcile import Reconciler
from llmstack.controller.settings import Settings
from llmstack.controller.tenants import TenantReconciler
from llmstack.controller.watch import watch

PORT = 8081
RIGHTS_EVERY = 60.0
LEASE_NAME = "llmstack-operator"
STUCK_AFTER = 120.0
"""Seconds: a worker that has not come back by then fails the liveness probe; a pass takes under ten."""

Key = tuple[str, str, str]
_log = logging.getLogger(__name__)


class Operator:
    """One operator process."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self._lease = Lease(client, settings.pod_namespace, LEASE_NAME, settings.pod_name)
        may_write: Callable[[], bool] = self._lease.may_write if settings.leader_election else lambda: True
        door = Door(client, may_write, metrics.count_write)
        self._services = Reconciler(client, door, settings, EnvoyValidator())
        self._tenants = TenantReconciler(client, door)
        self._queue: KeyedQueue[Key] = KeyedQueue(time.monotonic)
        self._busy_since: dict[int, float] = {}
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Run until a signal comes or the lease is lost.

        Raises:
            LeaseLostError: the process must end, so that nothing of it writes any more.

        """
        probes = await self._serve()
        watching = asyncio.create_task(watch(self._wake, self._settings.watched_namespace, self._stop))
        tasks = [watching]
        try:
            if self._settings.leader_election:
                acquired = asyncio.create_task(self._lease.acquire())
                await asyncio.wait({acquired, watching}, return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    acquired.cancel()
                    return watching.result()
                tasks.append(asyncio.create_task(self._lease.hold()))
            metrics.LEADING.set(1)
            tasks.append(asyncio.create_task(self._watch_rights()))
            tasks += [asyncio.create_task(self._work(number)) for number in range(self._settings.workers)]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            metrics.LEADING.set(0)
            self._stop.set()
            for task in tasks[1:]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._settings.leader_election:
                await self._lease.release()
            await probes.cleanup()

    def _wake(self, what: str, namespace: str, name: str) -> None:
        if what == "service":
            self._services.dirty.add((namespace, name))
        # A short wait gathers the events of one change.
        self._queue.add((what, namespace, name), after=0.1)

    async def _work(self, number: int) -> None:
        while True:
            key = await self._queue.get()
            metrics.QUEUED.set(len(self._queue))
            started = self._busy_since[number] = time.monotonic()
            try:
                again = await self._pass(key)
            except (ApiError, aiohttp.ClientError, TimeoutError, NotLeaderError) as error:
                conflict = isinstance(error, ApiError) and error.status == 409
                delay = self._queue.failed(key)
                level = logging.INFO if conflict else logging.WARNING
                _log.log(level, "%s %s/%s: %s; again in %.1f s", *key, error, delay)
                metrics.PASSES.labels("conflict" if conflict else "error").inc()
            except Exception:
                delay = self._queue.failed(key)
                _log.exception("%s %s/%s; again in %.1f s", *key, delay)
                metrics.PASSES.labels("bug").inc()
            else:
                self._queue.done(key)
                if again is not None:
                    self._queue.add(key, again)
                metrics.PASSES.labels("ok").inc()
            finally:
                metrics.PASS_SECONDS.labels(key[0]).observe(time.monotonic() - started)
                self._busy_since.pop(number, None)

    async def _pass(self, key: Key) -> float | None:
        what, namespace, name = key
        if what == "service":
            return await self._services.reconcile(namespace, name)
        if what == "tenant":
            return await self._tenants.reconcile(namespace, name)
        for service in await self._client.list(LLMSERVICE, namespace):
            self._wake("service", namespace, service["metadata"]["name"])
        return None

    async def _watch_rights(self) -> None:
        while True:
            try:
                missing = await missing_rights(self._client, self._settings.watched_namespace)
            except (ApiError, aiohttp.ClientError, TimeoutError) as error:
                _log.warning("rights: %s", error)
            else:
                if tuple(missing) != self._services.missing_rights:
                    self._services.missing_rights = tuple(missing)
                    _log.warning("missing rights: %s", ", ".join(missing) or "none any more")
                metrics.MISSING_RIGHTS.set(len(missing))
            await asyncio.sleep(RIGHTS_EVERY)

    async def _serve(self) -> web.AppRunner:
        async def scrape(_: web.Request) -> web.Response:
            return web.Response(
                body=generate_latest(metrics.REGISTRY), headers={"content-type": CONTENT_TYPE_LATEST}
            )

        async def alive(_: web.Request) -> web.Response:
            oldest = min(self._busy_since.values(), default=time.monotonic())
            stuck = time.monotonic() - oldest > STUCK_AFTER
            return web.Response(status=500 if stuck else 200, text="stuck" if stuck else "alive")

        app = web.Application()
        app.router.add_get("/metrics", scrape)
        app.router.add_get("/healthz", alive)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", PORT).start()  # noqa: S104 — the Pod's own address
        return runner


async def run_operator(settings: Settings) -> int:
    """Run the operator; return the process's exit code."""
    async with Client(await configuration()) as client:
        try:
            await Operator(client, settings).run()
        except LeaseLostError as error:
            _log.error("the lease %s is lost: this process ends", error)
            return 1
    return 0
