"""The operator on the cluster, from its own chart, and what the stories put beside it."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from pathlib import Path

from e2e.cluster import binaries, images, kind
from e2e.cluster.cache import BIN, REPOSITORY, entry, run, say

OPERATOR_NAMESPACE = "llmstack-system"
HOSTED_NAMESPACE = "house"
HOSTED_HOST = f"hosted.{HOSTED_NAMESPACE}.svc.cluster.local"
HOSTED_KEY = "sk-house-0123456789"
HOSTED_MODEL = "house-large"
_EXPOSED = "exposed-by=e2e"


def install_operator() -> dict[str, str]:
    """Install or upgrade the operator from its chart; return the image overrides."""
    kind.link("helm", binaries.helm())
    overrides = images.ensure()
    kind.load(list(overrides.values()))
    charts = REPOSITORY / "charts"
    helm = ("upgrade", "--install", "--namespace", OPERATOR_NAMESPACE, "--create-namespace")
    _helm(*helm, "llmstack-crds", str(charts / "llmstack-crds"))
    values = json.dumps({"images": overrides})
    say("installing the operator from charts/llmstack")
    _helm(*helm, "llmstack", str(charts / "llmstack"), "--values", "-", stdin=values)
    kind.kubectl(
        "-n",
        OPERATOR_NAMESPACE,
        "rollout",
        "status",
        "deployment/llmstack-operator",
        "--timeout=180s",
        timeout=200,
    )
    return overrides


def _helm(*arguments: str, stdin: str | None = None) -> str:
    return run(BIN / "helm", *arguments, stdin=stdin, env=kind.environment(), timeout=300)


def namespace(name: str) -> None:
    """Make a namespace under the restricted profile, with a claim `models` that holds tiny.gguf on every node."""
    apply(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": name,
                "labels": {
                    "pod-security.kubernetes.io/enforce": "restricted",
                    "pod-security.kubernetes.io/warn": "restricted",
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"models-{name}"},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadOnlyMany"],
                "storageClassName": "manual",
                "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"namespace": name, "name": "models"},
                # kind mounts it into both workers: a Pod finds it wherever it goes.
                "hostPath": {"path": "/models"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "models", "namespace": name},
            "spec": {
                "accessModes": ["ReadOnlyMany"],
                "storageClassName": "manual",
                "volumeName": f"models-{name}",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        },
    )


def delete_namespace(name: str, *, wait: bool = True) -> None:
    """Delete a namespace and its volume; without waiting, its Pods drain while the next story begins."""
    kind.kubectl(
        "-n", name, "delete", "services", "-l", _EXPOSED, "--ignore-not-found"
    )  # their ports are needed
    how = ("--ignore-not-found", f"--wait={str(wait).lower()}")
    kind.kubectl("delete", "namespace", name, *how, timeout=180)
    kind.kubectl("delete", "pv", f"models-{name}", *how)


def apply(*manifests: dict[str, object]) -> None:
    """Apply objects as a user does, by kubectl."""
    items = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    kind.kubectl("apply", "-f", "-", stdin=json.dumps(items))


def _authority() -> Path:
    """Return a folder with ca.crt, tls.crt and tls.key of the hosted stand-in: an authority of its own."""

    def build(target: Path) -> None:
        def openssl(*arguments: str) -> None:
            subprocess.run(["openssl", *arguments], cwd=target, check=True, capture_output=True)

        (target / "san").write_text(f"subjectAltName=DNS:{HOSTED_HOST}\nbasicConstraints=CA:FALSE\n")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt",
                "-days", "3650", "-subj", "/CN=house authority")  # fmt: skip
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.csr",
                "-subj", f"/CN={HOSTED_HOST[:60]}")  # fmt: skip
        openssl("x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", "tls.crt", "-days", "3650", "-extfile", "san")  # fmt: skip

    return entry("hosted-authority-1", "the stand-in's certificates", "2 s", build)


def authority_pem() -> str:
    """Return the stand-in's authority."""
    return (_authority() / "ca.crt").read_text()


def install_hosted_api(image: str) -> None:
    """Start the stand-in of a hosted API: the OpenAI protocol over TLS, with an authority of its own."""
    folder = _authority()
    data = {name: b64encode((folder / name).read_bytes()).decode() for name in ("tls.crt", "tls.key")}
    script = (Path(__file__).parents[1] / "hosted_api.py").read_text()
    labels = {"app": "hosted"}
    container = {
        "name": "hosted",
        "image": image,
        "command": ["/opt/llmstack/bin/python", "/srv/hosted_api.py"],
        "env": [{"name": "API_KEY", "value": HOSTED_KEY}, {"name": "MODEL", "value": HOSTED_MODEL}],
        "ports": [{"containerPort": 8443}],
        "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1},
        "volumeMounts": [
            {"name": "script", "mountPath": "/srv"},
            {"name": "tls", "mountPath": "/tls"},
        ],
    }
    pod = {
        "containers": [container],
        "volumes": [
            {"name": "script", "configMap": {"name": "hosted"}},
            {"name": "tls", "secret": {"secretName": "hosted"}},
        ],
        "terminationGracePeriodSeconds": 1,
    }
    here = {"name": "hosted", "namespace": HOSTED_NAMESPACE}
    apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOSTED_NAMESPACE}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": here, "data": {"hosted_api.py": script}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": here, "data": data},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": here,
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": here,
            "spec": {"selector": labels, "ports": [{"port": 443, "targetPort": 8443}]},
        },
    )
    kind.kubectl(
        "-n", HOSTED_NAMESPACE, "rollout", "status", "deployment/hosted", "--timeout=120s", timeout=150
    )


def hosted_secrets(name: str) -> None:
    """Put the stand-in's credential and authority into a namespace, offered for watching."""
    watch = {"llmstack.dev/watch": "true"}
    apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "house", "namespace": name, "labels": watch},
            "stringData": {"token": HOSTED_KEY, "ca.crt": authority_pem()},
        }
    )


def hosted_rung() -> dict[str, object]:
    """Return the ladder's rung for the stand-in."""
    return {
        "name": "house",
        "hosted": {
            "provider": "OpenAICompatible",
            "url": f"https://{HOSTED_HOST}/v1",
            "model": HOSTED_MODEL,
            "caSecretRef": {"name": "house", "key": "ca.crt"},
            "credentialsSecretRef": {"name": "house", "key": "token"},
        },
    }


def expose(name: str, service: str, port: int) -> str:
    """Make a NodePort beside a service's gateway; return its address on this machine's loopback."""
    apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"{service}-test", "namespace": name, "labels": {"exposed-by": "e2e"}},
            "spec": {
                "type": "NodePort",
                "selector": {"llmstack.dev/service": service, "app.kubernetes.io/component": "gateway"},
                "ports": [{"port": 8080, "targetPort": 8080, "nodePort": port}],
            },
        }
    )
    return f"http://127.0.0.1:{port}"
