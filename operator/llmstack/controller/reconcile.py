"""The loop on one screen: read, decide, write, observe, say. Each full pass reads and computes everything again."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
import time
from dataclasses import dataclass, field

from opentelemetry import trace
from pydantic import ValidationError

from llmstack.api.conditions import Condition, ConditionType, Reason, merge_conditions
from llmstack.api.llmservice import LLMService, parse_llmservice
from llmstack.cluster.client import Client, Json
from llmstack.cluster.discovery import child_kinds, optional_apis
from llmstack.cluster.door import Door
from llmstack.cluster.facts import generated, read_secrets, read_tenants, running_engine
from llmstack.cluster.prune import superfluous
from llmstack.cluster.resources import LLMSERVICE, NODE, POD
from llmstack.controller.envoy_validation import EnvoyValidator
from llmstack.controller.gateway_reports import read_gateways
from llmstack.controller.settings import Settings
from llmstack.plan.gateway import own_tenant_needed
from llmstack.plan.inputs import ClusterFacts
from llmstack.plan.plan import Plan, Refusal, make_plan
from llmstack.render import names
from llmstack.render.gateway.config import oversized
from llmstack.render.manifest import Manifest, owner_reference
from llmstack.render.manifests import Rendered, render
from llmstack.selection.facts import NodeAccelerators, node_accelerators
from llmstack.status.layers import stale_gateways
from llmstack.status.observed import Observed, child_seen, pod_seen
from llmstack.status.summary import Memory, StatusDecision, refused, remembered, summarize

FULL_EVERY = 600.0
SECRETS_EVERY = 60.0
LOOK_EVERY = 15.0
SOON = 2.0
NODES_EVERY = 30.0
APIS_EVERY = 60.0
"""Seconds between full passes; between full passes of a service that names Secrets (an unlabelled one is not watched);
between looks at the gateways; until the next look at what is still coming up; between reads of the nodes, and of the
optional APIs."""
NUDGES = 10
NUDGE_PAUSE = 0.5

NEVER: tuple[float, frozenset[str]] = (float("-inf"), frozenset())

_log = logging.getLogger(__name__)
_tracer = trace.get_tracer("llmstack")


@dataclass
class Known:
    """What is remembered of one service between its passes; losing it costs one full pass."""

    uid: str
    plan: Plan
    rendered: Rendered
    children: tuple[Manifest, ...]
    full_at: float
    full_every: float


@dataclass
class Reconciler:
    """Reconciles LLMServices."""

    client: Client
    door: Door
    settings: Settings
    validator: EnvoyValidator
    missing_rights: tuple[str, ...] = ()
    dirty: set[tuple[str, str]] = field(default_factory=set)
    _known: dict[tuple[str, str], Known] = field(default_factory=dict)
    _memory: dict[str, Memory] = field(default_factory=dict)
    _apis: tuple[float, frozenset[str]] = NEVER
    _nodes: tuple[float, tuple[NodeAccelerators, ...]] = (float("-inf"), ())

    async def reconcile(self, namespace: str, name: str) -> float | None:
        """Make one pass; return the seconds until the next one, or None when the service is gone."""
        key = (namespace, name)
        live = await self.client.get(LLMSERVICE, namespace, name)
        if live is None or "deletionTimestamp" in live["metadata"]:
            known = self._known.pop(key, None)
            if known is not None:
                self._memory.pop(known.uid, None)
            return None
        known = self._known.get(key)
        full = key in self.dirty or known is None or known.uid != live["metadata"]["uid"]
        full = full or known is None or time.monotonic() - known.full_at > known.full_every
        self.dirty.discard(key)
        with _tracer.start_as_current_span("pass", attributes={"llmstack.service": f"{namespace}/{name}"}):
            if known is not None and not full:
                return await self._look(live, known)
            try:
                return await self._full_pass(live)
            except BaseException:
                self.dirty.add(key)
                self._apis = NEVER  # an optional API may have gone since it was looked for
                raise

    async def _full_pass(self, live: Json) -> float:
        metadata = live["metadata"]
        key = (metadata["namespace"], metadata["name"])
        self._known.pop(key, None)
        decided = await self._decide(live)
        if isinstance(decided, Refusal):
            await self._write_status(live, refused(decided))
            return SECRETS_EVERY
        service, plan, rendered, children = decided
        known = Known(
            uid=metadata["uid"],
            plan=plan,
            rendered=rendered,
            children=children,
            full_at=time.monotonic(),
            full_every=_jittered(SECRETS_EVERY if _names_secrets(service, plan) else FULL_EVERY),
        )
        self._known[key] = known
        if not service.spec.suspend:
            await self._write_children(plan, rendered, children)
        return await self._look(live, known)

    async def _decide(self, live: Json) -> Refusal | tuple[LLMService, Plan, Rendered, tuple[Manifest, ...]]:
        if self.missing_rights:
            gap = ", ".join(self.missing_rights)
            return Refusal(Reason.ACCESS_DENIED, f"the operator may not {gap}: see the chart's roles")
        try:
            service = parse_llmservice(live)
        except ValidationError as error:
            first = error.errors()[0]
            return Refusal(Reason.INVALID, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        children = await self._children(service.metadata.namespace, service.metadata.name)
        plan = make_plan(service, await self._facts(service, live, children))
        if isinstance(plan, Refusal):
            return plan
        rendered = render(plan)
        if too_large := oversized(rendered.gateway):
            return Refusal(Reason.GATEWAY_CONFIG_TOO_LARGE, too_large, plan.selection)
        if problem := await self.validator.problem(rendered.gateway):
            return Refusal(Reason.GATEWAY_CONFIG_INVALID, f"Envoy refuses: {problem}", plan.selection)
        return service, plan, rendered, children

    async def _facts(self, service: LLMService, live: Json, children: tuple[Manifest, ...]) -> ClusterFacts:
        meta = live["metadata"]
        owner = owner_reference(meta["name"], meta["uid"])
        tenants = await read_tenants(self.client, service, meta.get("labels", {}))
        own = own_tenant_needed(tenants)
        return ClusterFacts(
            nodes=await self._accelerators(),
            running=running_engine(children),
            tenants=tenants,
            secrets=await read_secrets(self.client, service),
            generated=await generated(self.client, self.door, service, owner, own),
            images=self.settings.images,
            cluster_domain=self.settings.cluster_domain,
            optional_apis=await self._optional_apis(),
        )

    async def _accelerators(self) -> tuple[NodeAccelerators, ...]:
        read_at, nodes = self._nodes
        if time.monotonic() - read_at > NODES_EVERY:
            nodes = node_accelerators(await self.client.list(NODE, None))
            self._nodes = (time.monotonic(), nodes)
        return nodes

    async def _optional_apis(self) -> frozenset[str]:
        read_at, apis = self._apis
        if time.monotonic() - read_at > APIS_EVERY:
            apis = await optional_apis(self.client)
            self._apis = (time.monotonic(), apis)
        return apis

    async def _children(self, namespace: str, name: str) -> tuple[Manifest, ...]:
        selector = f"{names.SERVICE}={name},{names.MANAGED_BY}={names.MANAGER}"
        kinds = child_kinds(await self._optional_apis())
        lists = await asyncio.gather(*(self.client.list(kind, namespace, selector) for kind in kinds))
        return tuple(child for found in lists for child in found)

    async def _write_children(self, plan: Plan, rendered: Rendered, children: tuple[Manifest, ...]) -> None:
        live = {(child["kind"], child["metadata"]["name"]): child for child in children}
        for manifest in rendered.manifests:
            await self.door.apply(manifest, live.get((manifest["kind"], manifest["metadata"]["name"])))
        wanted = [(m["kind"], m["metadata"]["name"]) for m in rendered.manifests]
        wanted.append(("Secret", names.engine_key(plan.name)))
        if plan.gateway.own_tenant:
            wanted.append(("Secret", names.api_key(plan.name)))
        for child in superfluous(children, wanted, plan.uid, _new_pool_ready(rendered, children)):
            await self.door.delete(child)

    async def _look(self, live: Json, known: Known) -> float:
        """Observe the running parts and write the status."""
        plan, rendered = known.plan, known.rendered
        suspended = bool(live["spec"].get("suspend"))
        observed = await self._observe(plan, known.children)
        if not suspended:
            observed = await self._nudged(plan, rendered, known.children, observed)
        memory = self._memory.get(plan.uid) or remembered(live.get("status") or {})
        generation = live["metadata"]["generation"]
        decision = summarize(plan, rendered, observed, memory, generation, time.monotonic(), suspended)
        self._memory[plan.uid] = decision.memory
        await self._write_status(live, decision)
        settled = not any(
            c.type == ConditionType.RECONCILING and c.status == "True" for c in decision.conditions
        )
        return _jittered(LOOK_EVERY if settled else SOON)

    async def _observe(self, plan: Plan, children: tuple[Manifest, ...]) -> Observed:
        found = await self.client.list(POD, plan.namespace, f"{names.SERVICE}={plan.name}")
        pods = tuple(pod_seen(pod) for pod in found)
        gateways = await read_gateways(p for p in pods if p.component == "gateway" and not p.terminating)
        return Observed(pods, gateways, tuple(child_seen(child) for child in children))

    async def _nudged(
        self, plan: Plan, rendered: Rendered, children: tuple[Manifest, ...], observed: Observed
    ) -> Observed:
        """Nudge the kubelet until each ready gateway Pod reports the new configuration, at most ten times."""
        for attempt in range(NUDGES):
            stale = stale_gateways(rendered.gateway, observed)
            if not stale:
                break
            for pod in stale:
                value = f"{rendered.gateway.versions[stale[pod]]}-{attempt}"
                await self.door.nudge(plan.namespace, pod, value)
            await asyncio.sleep(NUDGE_PAUSE)
            observed = await self._observe(plan, children)
        return observed

    async def _write_status(self, live: Json, decision: StatusDecision) -> None:
        before = live.get("status") or {}
        generation = live["metadata"]["generation"]
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        conditions = merge_conditions(decision.conditions, before.get("conditions", []), generation, now)
        status = {"observedGeneration": generation, "conditions": conditions, **decision.fields}
        status |= _last_active(before, decision.conditions, now)
        if status != before:
            meta = live["metadata"]
            await self.door.write_status(LLMSERVICE, meta["namespace"], meta["name"], status)


def _last_active(before: Json, conditions: tuple[Condition, ...], now: str) -> Json:
    """Keep when another rung last answered; moved at most once in a spell."""
    active = any(c.type == ConditionType.FAILOVER_ACTIVE and c.status == "True" for c in conditions)
    was = any(
        c["type"] == ConditionType.FAILOVER_ACTIVE and c["status"] == "True"
        for c in before.get("conditions", [])
    )
    if active and not was:
        return {"failoverLastActive": now}
    kept = before.get("failoverLastActive")
    return {"failoverLastActive": kept} if kept else {}


def _new_pool_ready(rendered: Rendered, children: tuple[Manifest, ...]) -> bool:
    """Tell whether the planned revision of the engine serves, so that an older one may go."""
    wanted = {
        m["metadata"]["name"]
        for m in rendered.manifests
        if m["kind"] == "Deployment" and names.REVISION in m["metadata"]["labels"]
    }
    return any(
        child_seen(c).ready for c in children if c["kind"] == "Deployment" and c["metadata"]["name"] in wanted
    )


def _names_secrets(service: LLMService, plan: Plan) -> bool:
    return bool(plan.ladder or plan.gateway.verdicts or service.spec.model.credentials_secret_ref)


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311 — spreads passes, hides nothing
