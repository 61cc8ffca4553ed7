"""The download step: an init container that fetches the weights from the Hub, and says why when it cannot."""

from llmstack.plan.plan import Plan
from llmstack.plan.weights import MODEL_ROOT, Download
from llmstack.render.manifest import RESTRICTED_CONTAINER, Manifest

CONTAINER = "model-download"


def download_container(plan: Plan, download: Download) -> Manifest:
    """Return the init container. Its last words are the termination message, which status repeats."""
    arguments = [download.repository, "--to", f"{MODEL_ROOT}/{download.repository}"]
    if download.file:
        arguments += ["--file", download.file]
    if download.revision:
        arguments += ["--revision", download.revision]
    container: Manifest = {
        "name": CONTAINER,
        "image": plan.images["downloader"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["llmstack", "download"],
        "args": arguments,
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}},
        "securityContext": RESTRICTED_CONTAINER,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "model", "mountPath": MODEL_ROOT},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        ],
    }
    if download.token is not None:
        secret, key = download.token
        reference = {"secretKeyRef": {"name": secret, "key": key}}
        container["env"] = [{"name": "HF_TOKEN", "valueFrom": reference}]
    return container
