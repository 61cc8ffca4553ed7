"""The pass of an LLMTenant: which services accepted it, and why not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pydantic import ValidationError

from llmstack.api.conditions import Condition, ConditionType, Reason, merge_conditions
from llmstack.api.llmtenant import LLMTenant, parse_llmtenant
from llmstack.cluster.client import Client, Json
from llmstack.cluster.door import Door
from llmstack.cluster.facts import selects, tenant_keys
from llmstack.cluster.resources import LLMSERVICE, LLMTENANT
from llmstack.plan.gateway import usable_keys
from llmstack.plan.inputs import TenantFact

AGAIN = 60.0


@dataclass
class TenantReconciler:
    """Writes the status of LLMTenants; the keys themselves reach gateways through the services' passes."""

    client: Client
    door: Door

    async def reconcile(self, namespace: str, name: str) -> float | None:
        """Make one pass; return the seconds until the next one, or None when the tenant is gone."""
        live = await self.client.get(LLMTENANT, namespace, name)
        if live is None:
            return None
        try:
            tenant = parse_llmtenant(live)
        except ValidationError as error:
            first = error.errors()[0]
            message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            await self._write(live, _stalled(Reason.INVALID, message), [])
            return AGAIN
        services = [
            service["metadata"]
            for service in await self.client.list(LLMSERVICE, namespace)
            if selects(tenant, service["metadata"]["name"], service["metadata"].get("labels", {}))
        ]
        keys, why = usable_keys(TenantFact(tenant, await tenant_keys(self.client, tenant)))
        rows = [
            {"namespace": namespace, "name": meta["name"], "accepted": bool(keys),
             "reason": Reason.ACCEPTED.value if keys else why[:253]}
            for meta in services
        ]  # fmt: skip
        await self._write(live, _conditions(tenant, bool(keys), why, len(rows)), rows)
        return AGAIN

    async def _write(self, live: Json, conditions: tuple[Condition, ...], rows: list[Json]) -> None:
        before, metadata = live.get("status") or {}, live["metadata"]
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        generation = metadata["generation"]
        merged = merge_conditions(conditions, before.get("conditions", []), generation, now)
        status = {"observedGeneration": generation, "conditions": merged, "services": rows}
        if status != before:
            await self.door.write_status(LLMTENANT, metadata["namespace"], metadata["name"], status)


def _stalled(reason: Reason, message: str) -> tuple[Condition, ...]:
    return (
        Condition(ConditionType.READY, "False", reason, message),
        Condition(ConditionType.STALLED, "True", reason, message),
    )


def _conditions(tenant: LLMTenant, has_keys: bool, why: str, services: int) -> tuple[Condition, ...]:
    fine = Condition(ConditionType.STALLED, "False", Reason.NOT_STALLED, "nothing is in the way")
    if "is not implemented" in why:
        return _stalled(Reason.NOT_IMPLEMENTED, why)
    if not has_keys:
        return Condition(ConditionType.READY, "False", Reason.NO_KEYS, why), fine
    if not services:
        wanted = tenant.spec.services
        named = ", ".join(wanted.match_names or ()) or "these labels"
        message = f"no LLMService {named} in namespace {tenant.metadata.namespace}"
        return Condition(ConditionType.READY, "False", Reason.NO_SERVICE, message), fine
    return (
        Condition(
            ConditionType.READY, "True", Reason.ACCEPTED, f"accepted by {services} of {services} services"
        ),
        fine,
    )
