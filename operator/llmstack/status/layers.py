"""One condition for each layer, from what was observed; never from the rendered configuration alone."""

from llmstack.api.conditions import Condition, ConditionType, Reason
from llmstack.plan.plan import Plan
from llmstack.render.gateway.clusters import LOCAL, hosted
from llmstack.render.gateway.config import GatewayConfig
from llmstack.status.observed import Observed, PodSeen

# What keeps a Pod from being ready, the most telling first, and the reason that says so.
_PROBLEMS: tuple[tuple[str, Reason, str], ...] = (
    ("Download", Reason.MODEL_DOWNLOAD_FAILED, "the weights cannot be downloaded: {}"),
    ("Image", Reason.IMAGE_NOT_AVAILABLE, "an image cannot be pulled: {}"),
    ("Container", Reason.ENGINE_FAILING, "the engine's container cannot be made: {}"),
    ("Engine", Reason.ENGINE_FAILING, "the engine ends: {}"),
    ("Unschedulable", Reason.UNSCHEDULABLE, "no node takes the Pod: {}"),
    ("Downloading", Reason.MODEL_DOWNLOADING, "the weights are being downloaded"),
    ("Loading", Reason.MODEL_LOADING, "the engine loads the model"),
)


def serving_ready(plan: Plan, observed: Observed) -> Condition:
    """Tell the pool's own truth."""
    pods = observed.of("engine")
    ready = sum(pod.ready for pod in pods)
    wanted = plan.replicas
    kind = ConditionType.SERVING_READY
    if ready >= wanted:
        return Condition(kind, "True", Reason.POOL_READY, f"{ready} of {wanted} engine Pods are ready")
    if ready:
        return Condition(
            kind, "True", Reason.POOL_PARTLY_READY, f"{ready} of {wanted} engine Pods are ready{_why(pods)}"
        )
    reason, message = _first_problem(pods)
    return Condition(kind, "False", reason, f"0 of {wanted} engine Pods are ready: {message}")


def _first_problem(pods: tuple[PodSeen, ...]) -> tuple[Reason, str]:
    problems = {pod.problem[0]: pod.problem[1] for pod in pods if pod.problem}
    for word, reason, text in _PROBLEMS:
        if word in problems:
            return reason, text.format(problems[word])
    return Reason.POOL_NOT_READY, "the Pods are starting" if pods else "there is no Pod yet"


def _why(pods: tuple[PodSeen, ...]) -> str:
    if not any(pod.problem for pod in pods):
        return ""
    return f"; {_first_problem(pods)[1]}"


def gateway_ready(plan: Plan, config: GatewayConfig, observed: Observed) -> Condition:
    """Say True only when every ready gateway Pod reports the versions that were meant."""
    kind = ConditionType.GATEWAY_READY
    pods = [pod for pod in observed.of("gateway") if pod.ready]
    wanted = plan.gateway.replicas
    if not pods:
        return Condition(kind, "False", Reason.PODS_NOT_READY, f"0 of {wanted} gateway Pods are ready")
    stale = stale_gateways(config, observed)
    if stale:
        files = ", ".join(sorted({stat.removesuffix(".version_text") for stat in stale.values()}))
        return Condition(
            kind, "False", Reason.CONFIG_NOT_LIVE,
            f"{len(stale)} of {len(pods)} gateway Pods have not taken the new configuration ({files})",
        )  # fmt: skip
    return Condition(
        kind, "True", Reason.CONFIG_LIVE,
        f"{len(pods)} of {wanted} gateway Pods answer with the current configuration",
    )  # fmt: skip


def stale_gateways(config: GatewayConfig, observed: Observed) -> dict[str, str]:
    """Return ready gateway Pods that lack a version, with the first readout that is not as meant."""
    ready = {pod.name for pod in observed.of("gateway") if pod.ready}
    seen = {gateway.pod: gateway for gateway in observed.gateways}
    stale = {}
    for pod in sorted(ready):
        versions = seen[pod].versions if pod in seen else {}
        wrong = [stat for stat, version in config.versions.items() if versions.get(stat) != version]
        if wrong:
            stale[pod] = wrong[0]
    return stale


def observability_ready(observed: Observed) -> Condition:
    """Say whether the collector takes telemetry."""
    kind = ConditionType.OBSERVABILITY_READY
    if any(pod.ready for pod in observed.of("collector")):
        return Condition(kind, "True", Reason.READY, "the collector takes telemetry")
    pods = observed.of("collector")
    image = next((pod.problem[1] for pod in pods if pod.problem and pod.problem[0] == "Image"), None)
    if image:
        return Condition(kind, "False", Reason.IMAGE_NOT_AVAILABLE, f"an image cannot be pulled: {image}")
    return Condition(kind, "False", Reason.PODS_NOT_READY, "the collector is not ready")


def failover_ready(plan: Plan, observed: Observed) -> Condition:
    """Say whether each rung answered the gateways' own checks (address, TLS and credential)."""
    kind = ConditionType.FAILOVER_READY
    if not plan.ladder:
        return Condition(kind, "False", Reason.NO_LADDER, "spec.failover.ladder has no rung")
    if not observed.gateways:
        return Condition(kind, "Unknown", Reason.NOT_OBSERVED, "no gateway Pod reports")
    down = [
        rung.name
        for rung in plan.ladder
        if not all(gateway.healthy.get(hosted(rung.name), 0) for gateway in observed.gateways)
    ]
    if down:
        return Condition(
            kind, "False", Reason.RUNG_UNHEALTHY,
            f"rung {', '.join(down)} does not answer GET /models with this credential: check url, caSecretRef and"
            " credentialsSecretRef",
        )  # fmt: skip
    rungs = ", ".join(rung.name for rung in plan.ladder)
    return Condition(kind, "True", Reason.RUNG_HEALTHY, f"rung {rungs} answers the gateway's checks")


def local_healthy(observed: Observed) -> bool:
    """Tell whether every gateway that reports has a healthy engine; a client may meet any of them."""
    return bool(observed.gateways) and all(gateway.healthy.get(LOCAL, 0) for gateway in observed.gateways)


def rung_healthy(plan: Plan, observed: Observed) -> bool:
    """Tell whether every gateway that reports has a healthy rung, the local pool or a hosted one."""
    clusters = [LOCAL, *(hosted(rung.name) for rung in plan.ladder)]
    return bool(observed.gateways) and all(
        any(gateway.healthy.get(cluster, 0) for cluster in clusters) for gateway in observed.gateways
    )
