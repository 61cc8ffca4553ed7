"""Leader election by a Lease. Losing it ends the process; a deadline on the monotonic clock closes the door."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time

import aiohttp

from llmstack.cluster.client import ApiError, Client, Json
from llmstack.cluster.resources import LEASE

DURATION = 30.0
"""Seconds after which another process may take the lease."""
RENEW_DEADLINE = 18.0
"""Seconds after the last renewal during which we may write. Duration minus this is above the client's timeout of one
call, so that a call that began in time has ended before anybody else begins."""
RETRY = 3.0

_log = logging.getLogger(__name__)


class LeaseLostError(Exception):
    """Another process holds the lease, or it could not be renewed in time."""


class Lease:
    """The operator's Lease.

    Args:
        identity: the Pod's name: the fence (a ValidatingAdmissionPolicy) compares it with the writer's.

    """

    def __init__(self, client: Client, namespace: str, name: str, identity: str) -> None:
        self._client = client
        self._namespace, self._name, self._identity = namespace, name, identity
        self._renewed: float | None = None
        self._seen: tuple[str, float] | None = None

    def may_write(self) -> bool:
        """Tell whether the lease is certainly still ours."""
        return self._renewed is not None and time.monotonic() - self._renewed < RENEW_DEADLINE

    async def acquire(self) -> None:
        """Wait until the lease is ours."""
        while not await self._try():  # noqa: ASYNC110 — it asks a server, there is nothing to wait for here
            await asyncio.sleep(RETRY)
        _log.info("leading as %s", self._identity)

    async def hold(self) -> None:
        """Renew until it is lost.

        Raises:
            LeaseLostError: always, in the end.

        """
        while True:
            await asyncio.sleep(RETRY)
            if not await self._try() and not self.may_write():
                raise LeaseLostError(self._name)

    async def release(self) -> None:
        """Give the lease back, so that the next process need not wait."""
        if not self.may_write():
            return
        self._renewed = None
        live = await self._client.get(LEASE, self._namespace, self._name)
        if live is not None and live["spec"].get("holderIdentity") == self._identity:
            live["spec"].update(holderIdentity="", leaseDurationSeconds=1)
            await self._write(live)

    async def _try(self) -> bool:
        started = time.monotonic()
        try:
            live = await self._client.get(LEASE, self._namespace, self._name)
            if live is not None and not self._free(live):
                return False
            await self._take(live)
        except (ApiError, aiohttp.ClientError, TimeoutError) as error:
            _log.warning("lease: %s", error)
            return False
        self._renewed = started
        return True

    def _free(self, live: Json) -> bool:
        """Tell whether we may take it: it is ours, nobody's, or unchanged for its whole duration by our clock."""
        spec = live["spec"]
        holder = spec.get("holderIdentity")
        if holder in ("", None, self._identity):
            return True
        version = live["metadata"]["resourceVersion"]
        if self._seen is None or self._seen[0] != version:
            self._seen = (version, time.monotonic())
            return False
        return time.monotonic() - self._seen[1] > float(spec.get("leaseDurationSeconds", DURATION))

    async def _take(self, live: Json | None) -> None:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        if live is None:
            live = {
                "apiVersion": LEASE.api_version,
                "kind": "Lease",
                "metadata": {"name": self._name, "namespace": self._namespace},
                "spec": {},
            }
        spec = live["spec"]
        if spec.get("holderIdentity") != self._identity:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = spec.get("leaseTransitions", 0) + 1
        spec.update(holderIdentity=self._identity, renewTime=now, leaseDurationSeconds=int(DURATION))
        await self._write(live)

    async def _write(self, lease: Json) -> None:
        if "resourceVersion" in lease["metadata"]:
            # With the version that was read: of two that take it at once, one gets a conflict.
            await self._client.request("PUT", LEASE.path(self._namespace, self._name), body=lease)
        else:
            await self._client.request("POST", LEASE.path(self._namespace), body=lease)
