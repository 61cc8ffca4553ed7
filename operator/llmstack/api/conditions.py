"""Conditions: a closed set of types and reasons, and the one rule of transition times."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal


class ConditionType(StrEnum):
    """Ready, Reconciling and Stalled follow kstatus; then one for each layer and claim."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    ENGINE_SELECTED = "EngineSelected"
    CAPACITY_PLANNED = "CapacityPlanned"
    SERVING_READY = "ServingReady"
    GATEWAY_READY = "GatewayReady"
    OBSERVABILITY_READY = "ObservabilityReady"
    FAILOVER_READY = "FailoverReady"
    FAILOVER_ACTIVE = "FailoverActive"
    QUOTA_ENFORCED = "QuotaEnforced"
    DRIFT_DETECTED = "DriftDetected"


class Reason(StrEnum):
    """Why a condition is as it is. Closed: a consumer may match on each of them."""

    READY = "Ready"
    RECONCILED = "Reconciled"
    PROGRESSING = "Progressing"
    SUSPENDED = "Suspended"
    # Stalled: nothing changes until a person changes something.
    NOT_STALLED = "NotStalled"
    INVALID = "Invalid"
    NOT_IMPLEMENTED = "NotImplemented"
    ENGINE_IMPOSSIBLE = "EngineImpossible"
    DOES_NOT_FIT = "DoesNotFit"
    MODEL_FACTS_UNKNOWN = "ModelFactsUnknown"
    ARGUMENT_OWNED = "ArgumentOwned"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 — a reason, not a secret
    GATEWAY_CONFIG_INVALID = "GatewayConfigInvalid"
    GATEWAY_CONFIG_TOO_LARGE = "GatewayConfigTooLarge"
    ACCESS_DENIED = "AccessDenied"
    # Layers
    SELECTED = "Selected"
    PINNED = "Pinned"
    PLANNED = "Planned"
    POOL_READY = "PoolReady"
    POOL_PARTLY_READY = "PoolPartlyReady"
    POOL_NOT_READY = "PoolNotReady"
    MODEL_DOWNLOADING = "ModelDownloading"
    MODEL_DOWNLOAD_FAILED = "ModelDownloadFailed"
    MODEL_LOADING = "ModelLoading"
    ENGINE_FAILING = "EngineFailing"
    IMAGE_NOT_AVAILABLE = "ImageNotAvailable"
    UNSCHEDULABLE = "Unschedulable"
    CONFIG_LIVE = "ConfigLive"
    CONFIG_NOT_LIVE = "ConfigNotLive"
    PODS_NOT_READY = "PodsNotReady"
    NOT_OBSERVED = "NotObserved"
    # Failover
    RUNG_HEALTHY = "RungHealthy"
    RUNG_UNHEALTHY = "RungUnhealthy"
    NO_LADDER = "NoLadder"
    RUNG_ANSWERING = "RungAnswering"
    LOCAL_ANSWERING = "LocalAnswering"
    NO_RUNG_HEALTHY = "NoRungHealthy"
    # Tenants
    ACCEPTED = "Accepted"
    NO_SERVICE = "NoService"
    NO_KEYS = "NoKeys"


@dataclass(frozen=True)
class Condition:
    """One condition without its times: what a decision says."""

    type: ConditionType
    status: Literal["True", "False", "Unknown"]
    reason: Reason
    message: str


def merge_conditions(
    conditions: Iterable[Condition], live: Iterable[dict[str, Any]], generation: int, now: str
) -> list[dict[str, Any]]:
    """Return the conditions as they are written: the transition time moves only with the status.

    Args:
        conditions: what was decided, in the order of writing.
        live: `status.conditions` as last read; of unknown types nothing is kept.
        generation: the generation that was looked at.
        now: RFC 3339, UTC, seconds.

    """
    before = {condition.get("type"): condition for condition in live}
    merged = []
    for condition in conditions:
        old = before.get(condition.type, {})
        same = old.get("status") == condition.status
        merged.append(
            {
                "type": condition.type.value,
                "status": condition.status,
                "observedGeneration": generation,
                "lastTransitionTime": old["lastTransitionTime"] if same else now,
                "reason": condition.reason.value,
                "message": condition.message,
            }
        )
    return merged
