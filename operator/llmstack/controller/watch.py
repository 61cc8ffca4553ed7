"""kopf as the watch engine: each handler only makes a key due. No annotation, no finalizer, no returned value."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
from collections.abc import Callable, Collection, Iterator
from typing import Any

import kopf

from llmstack.api import GROUP, VERSION
from llmstack.cluster.resources import CHILDREN, ENDPOINT_SLICE, LLMSERVICE, LLMTENANT, POD, SECRET
from llmstack.render import names

Wake = Callable[[str, str, str], None]
"""Called with (what, namespace, name): `service`, `tenant`, or `namespace` for all services of one."""


class _Forever:
    """Back-offs that never end: with kopf's default, 54 s of 403 on one watched kind end the whole operator."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((1.0, 2.0, 5.0, 10.0), itertools.repeat(30.0))


class _NotKopf(Collection["asyncio.Task[Any]"]):
    """Every task but kopf's own: kopf cancels those that it does not ignore when it stops."""

    def __init__(self, kopf_tasks: Collection[asyncio.Task[Any]]) -> None:
        self._kopf = kopf_tasks

    def __contains__(self, task: object) -> bool:
        return task not in self._kopf

    def __iter__(self) -> Iterator[asyncio.Task[Any]]:
        return iter(())

    def __len__(self) -> int:
        return 0


def settings() -> kopf.OperatorSettings:
    """Return kopf's settings, each with its reason."""
    chosen = kopf.OperatorSettings()
    chosen.peering.standalone = True  # the Lease elects; with peering, equal priorities pause everybody
    chosen.posting.enabled = False  # conditions say it; events would repeat it
    chosen.watching.connect_timeout = 10
    chosen.watching.server_timeout = 300
    chosen.watching.chunk_size = 500
    chosen.networking.request_timeout = 30
    chosen.networking.connect_timeout = 10
    chosen.networking.error_backoffs = _Forever()
    chosen.queueing.worker_limit = None  # an idle worker would hold its slot for idle_timeout
    chosen.queueing.idle_timeout = 1.0
    chosen.scanning.disabled = True  # our kinds are there before us, and it needs rights of its own
    # It arms a SIGKILL that nothing disarms, even after kopf has returned; we have a deadline of our own.
    chosen.process.ultimate_exiting_timeout = None
    managed = f"{names.MANAGED_BY}={names.MANAGER}"
    for child in (*CHILDREN, POD):
        if child is not SECRET:
            chosen.watching.label_selectors[child.group, child.version, child.plural] = managed
    # Of Secrets only those that their owners offer; never a list of all.
    chosen.watching.label_selectors["", "v1", "secrets"] = f"{names.WATCH}=true"
    slices = f"{names.SERVICE},endpointslice.kubernetes.io/managed-by"
    chosen.watching.label_selectors["discovery.k8s.io", "v1", "endpointslices"] = slices
    return chosen


def registry(wake: Wake) -> kopf.OperatorRegistry:
    """Return the handlers; every one of them only wakes a key."""
    found = kopf.OperatorRegistry()

    async def service(*, event: kopf.RawEvent, **_: Any) -> None:
        metadata = event["object"].get("metadata", {})
        wake("service", str(metadata.get("namespace")), str(metadata.get("name")))

    async def tenant(*, event: kopf.RawEvent, **_: Any) -> None:
        metadata = event["object"].get("metadata", {})
        wake("tenant", str(metadata.get("namespace")), str(metadata.get("name")))
        wake("namespace", str(metadata.get("namespace")), "")

    async def child(*, event: kopf.RawEvent, **_: Any) -> None:
        metadata = event["object"].get("metadata", {})
        owner = metadata.get("labels", {}).get(names.SERVICE)
        if owner:
            wake("service", str(metadata.get("namespace")), owner)

    async def secret(*, event: kopf.RawEvent, **_: Any) -> None:
        wake("namespace", str(event["object"].get("metadata", {}).get("namespace")), "")

    async def login(**_: Any) -> kopf.ConnectionInfo:
        info = kopf.login_with_service_account(settings=chosen) or kopf.login_with_kubeconfig(settings=chosen)
        if info is None:
            raise kopf.PermanentError("neither a ServiceAccount nor a kubeconfig is here")
        return info

    chosen = kopf.OperatorSettings()
    kopf.on.login(id="login", registry=found)(login)
    kopf.on.event(GROUP, VERSION, LLMSERVICE.plural, id="service", registry=found)(service)
    kopf.on.event(GROUP, VERSION, LLMTENANT.plural, id="tenant", registry=found)(tenant)
    kopf.on.event("", "v1", "secrets", id="secret", registry=found)(secret)
    for resource in (*CHILDREN, POD, ENDPOINT_SLICE):
        if resource is SECRET:
            continue
        kopf.on.event(
            resource.group, resource.version, resource.plural, id=f"child-{resource.plural}", registry=found
        )(child)
    return found


async def watch(wake: Wake, namespace: str | None, stop: asyncio.Event) -> None:
    """Watch until `stop` is set. SIGTERM and SIGINT set it."""
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)  # it logs a line for each event
    ready = asyncio.Event()
    # An identity of its own keeps kopf from asking for the user's name, which a Pod's UID does not have.
    where: dict[str, Any] = {"clusterwide": True} if namespace is None else {"namespaces": [namespace]}
    where["identity"] = "llmstack"
    tasks = await kopf.spawn_tasks(
        registry=registry(wake), settings=settings(), stop_flag=stop, ready_flag=ready, **where
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)  # in the place of kopf's, which fails on a second signal
    await kopf.run_tasks(tasks, ignored=_NotKopf(tasks))
