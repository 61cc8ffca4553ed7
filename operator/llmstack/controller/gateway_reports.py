"""Ask the gateway's Pods what they have taken and what they see."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable

import aiohttp

from llmstack.render.gateway.bootstrap import OPS_PORT
from llmstack.status.observed import GatewaySeen, PodSeen

_TIMEOUT = aiohttp.ClientTimeout(total=3)
# Envoy takes the cluster's name out of the metric's name and makes it a label.
_HEALTHY = re.compile(
    r'^envoy_cluster_membership_healthy\{envoy_cluster_name="([^"]+)"\} (\d+)', re.MULTILINE
)
_ANSWERED = re.compile(
    r'^envoy_cluster_upstream_rq_completed\{envoy_cluster_name="hosted-([^"]+)"\} (\d+)', re.MULTILINE
)


async def read_gateways(pods: Iterable[PodSeen]) -> tuple[GatewaySeen, ...]:
    """Return what each gateway Pod with an address says; a Pod that does not answer says nothing."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        reports = await asyncio.gather(*(_read(session, pod) for pod in pods if pod.ip))
    return tuple(report for report in reports if report is not None)


async def _read(session: aiohttp.ClientSession, pod: PodSeen) -> GatewaySeen | None:
    base = f"http://{pod.ip}:{OPS_PORT}"
    try:
        async with session.get(f"{base}/versions") as answer:
            readouts = json.loads(await answer.text())
        async with session.get(f"{base}/stats/prometheus") as answer:
            text = await answer.text()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
    return GatewaySeen(
        pod=pod.name,
        versions={entry["name"]: entry["value"] for entry in readouts.get("stats", [])},
        healthy={name: int(count) for name, count in _HEALTHY.findall(text)},
        answered={name: int(count) for name, count in _ANSWERED.findall(text)},
    )
