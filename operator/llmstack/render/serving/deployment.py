"""The engine's Deployment: command line, probes, drain, placement, weights."""

from llmstack.plan.plan import KEY_FILE, PROOF_VARIABLE, Plan
from llmstack.plan.weights import MODEL_ROOT
from llmstack.render import names
from llmstack.render.manifest import (
    RESTRICTED_CONTAINER,
    Manifest,
    child,
    digest,
    http_probe,
    restricted_pod,
    spread,
)
from llmstack.render.serving.download import download_container

STARTUP_PERIOD = 2
"""Seconds between start-up probes: a tiny model is up in one, and a large one has its whole budget."""
_KEY_FOLDER, _, _KEY_NAME = KEY_FILE.rpartition("/")


def deployment(plan: Plan) -> Manifest:
    """Return the Deployment of the plan's revision."""
    template = _pod_template(plan)
    revision = digest([template, plan.accelerator.name], 8)
    manifest = child(plan, "apps/v1", "Deployment", names.engine(plan.name, revision), "engine")
    # What runs is read from here in the next pass, and stays: status is lost when GitOps makes an object again.
    manifest["metadata"]["labels"].update(
        {
            names.ENGINE: plan.engine.name,
            names.RUBRIC: plan.selection.edition,
            names.ACCELERATOR: plan.accelerator.name,
            names.REVISION: revision,
        }
    )
    template["metadata"]["labels"][names.REVISION] = revision
    manifest["spec"] = {
        "replicas": plan.replicas,
        "selector": {"matchLabels": {**names.selector(plan.name, "engine"), names.REVISION: revision}},
        # A Pod that cannot start must not take a working one's accelerator: go first, then come.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "progressDeadlineSeconds": plan.startup_seconds + 60,
        "template": template,
    }
    return manifest


def _pod_template(plan: Plan) -> Manifest:
    rendering = plan.rendering
    spec: Manifest = {
        "serviceAccountName": names.engine_pool(plan.name),
        "automountServiceAccountToken": False,
        # A Service named `vllm` would set VLLM_PORT=tcp://..., on which vLLM stops.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": rendering.pre_stop_seconds + rendering.drain_seconds + 10,
        "securityContext": restricted_pod(rendering.run_as_user, rendering.run_as_group),
        "containers": [_container(plan)],
        "volumes": _volumes(plan),
        "topologySpreadConstraints": spread(plan, "engine"),
    }
    if plan.weights.download is not None:
        spec["initContainers"] = [download_container(plan, plan.weights.download)]
    if plan.placement.node_label is not None:
        label, values = plan.placement.node_label
        term = {"matchExpressions": [{"key": label, "operator": "In", "values": list(values)}]}
        required = {"nodeSelectorTerms": [term]}
        spec["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    if plan.placement.resource is not None:
        # The taint that GPU node pools commonly carry has the resource's name as its key.
        spec["tolerations"] = [
            {"key": plan.placement.resource[0], "operator": "Exists", "effect": "NoSchedule"}
        ]
    return {"metadata": {"labels": names.labels(plan.name, "engine")}, "spec": spec}


def _container(plan: Plan) -> Manifest:
    rendering = plan.rendering
    variables: list[Manifest] = [{"name": name, "value": value} for name, value in rendering.environment]
    variables += [{"name": name, "value": value} for name, value in plan.extra_env]
    secret = names.engine_key(plan.name)
    variables.append(
        {"name": PROOF_VARIABLE, "valueFrom": {"secretKeyRef": {"name": secret, "key": "proof"}}}
    )
    if plan.engine.name == "vLLM":
        variables.append(
            {"name": "VLLM_API_KEY", "valueFrom": {"secretKeyRef": {"name": secret, "key": "key"}}}
        )
    ready, live = rendering.readiness, rendering.liveness
    return {
        "name": "engine",
        "image": plan.image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(rendering.command),
        "args": [*rendering.arguments(plan.launch), *plan.extra_args],
        "env": variables,
        "ports": [{"name": "http", "containerPort": plan.launch.port, "protocol": "TCP"}],
        "resources": _resources(plan),
        "securityContext": RESTRICTED_CONTAINER,
        "startupProbe": http_probe(
            ready.path, "http", STARTUP_PERIOD, ready.timeout, plan.startup_seconds // STARTUP_PERIOD
        ),
        "readinessProbe": http_probe(ready.path, "http", ready.period, ready.timeout, ready.failures),
        "livenessProbe": http_probe(live.path, "http", live.period, live.timeout, live.failures),
        "lifecycle": {"preStop": {"sleep": {"seconds": rendering.pre_stop_seconds}}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": _mounts(plan),
    }


def _resources(plan: Plan) -> Manifest:
    requests = {
        "cpu": f"{plan.placement.cpu_millis}m",
        "memory": f"{plan.placement.memory_bytes // 2**20}Mi",
    }
    if plan.placement.resource is None:
        return {"requests": requests}
    resource, count = plan.placement.resource
    return {"requests": {**requests, resource: str(count)}, "limits": {resource: str(count)}}


def _mounts(plan: Plan) -> list[Manifest]:
    mounts: list[Manifest] = [
        {"name": "model", "mountPath": MODEL_ROOT, "readOnly": True},
        {"name": "engine-key", "mountPath": _KEY_FOLDER, "readOnly": True},
    ]
    mounts += [{"name": _volume_of(path), "mountPath": path} for path in plan.rendering.writable]
    if plan.launch.tensor_parallel > 1:
        mounts.append({"name": "shm", "mountPath": "/dev/shm"})  # noqa: S108
    return mounts


def _volumes(plan: Plan) -> list[Manifest]:
    weights = plan.weights
    model: Manifest = {"name": "model", "emptyDir": {}}
    if weights.claim or weights.cache_size:
        claim = weights.claim or names.model_cache(plan.name)
        model = {"name": "model", "persistentVolumeClaim": {"claimName": claim}}
    secret = {
        "secretName": names.engine_key(plan.name),
        "items": [{"key": "key", "path": _KEY_NAME}],
        "defaultMode": 0o440,
    }
    volumes: list[Manifest] = [model, {"name": "engine-key", "secret": secret}]
    volumes += [{"name": _volume_of(path), "emptyDir": {}} for path in plan.rendering.writable]
    if plan.launch.tensor_parallel > 1:
        # NCCL's rings between processes of one replica live here; the default of 64 MiB is too small.
        volumes.append({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "10Gi"}})
    return volumes


def _volume_of(path: str) -> str:
    return path.strip("/").replace("/", "-")
