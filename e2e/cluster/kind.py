"""The cluster: created, or used again when its nodes are Ready and its version is ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from e2e.cluster import binaries, docker, images, node_image
from e2e.cluster.cache import BIN, REPOSITORY, ROOT, StepFailed, run, say

NAME = "llmstack"
KUBECONFIG = ROOT / "kubeconfig"
POD_RANGE = "10.244.0.0/16"
SERVICE_RANGE = "10.96.0.0/16"
NODE_PORTS = tuple(range(30080, 30088))
"""Ports of 127.0.0.1 that lead to a NodePort of the same number."""
_CONTROL_PLANE = f"{NAME}-control-plane"


def environment() -> dict[str, str]:
    """Return the environment for kubectl and kind."""
    link("kubectl", binaries.kubernetes() / "kubectl")
    link("kind", binaries.kind())
    _plugin()
    path = f"{BIN}:{os.environ['PATH']}:/usr/sbin:/sbin"
    return {"KUBECONFIG": str(KUBECONFIG), "PATH": path}


def _plugin() -> None:
    """Make `kubectl llmstack` work, as the package's own console script does."""
    script = BIN / "kubectl-llmstack"
    text = f'#!/bin/sh\nPYTHONPATH={REPOSITORY / "operator"} exec {sys.executable} -m llmstack "$@"\n'
    if not script.exists() or script.read_text() != text:
        script.write_text(text)
        script.chmod(0o755)


def link(name: str, target: Path) -> None:
    """Put a program on our path."""
    BIN.mkdir(parents=True, exist_ok=True)
    place = BIN / name
    if not place.is_symlink() or place.readlink() != target:
        place.unlink(missing_ok=True)
        place.symlink_to(target)


def kubectl(*arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
    """Run kubectl against the cluster."""
    return run(BIN / "kubectl", *arguments, stdin=stdin, env=environment(), timeout=timeout)


def _config() -> str:
    ports = [{"containerPort": port, "hostPort": port, "listenAddress": "127.0.0.1"} for port in NODE_PORTS]
    mount = [{"hostPath": str(images.tiny_model()), "containerPath": "/models", "readOnly": True}]
    kubelet = {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "nodeStatusUpdateFrequency": "4s",
    }
    return json.dumps(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "networking": {
                "disableDefaultCNI": True,
                "kubeProxyMode": "nftables",
                "podSubnet": POD_RANGE,
                "serviceSubnet": SERVICE_RANGE,
            },
            "nodes": [
                {"role": "control-plane", "extraPortMappings": ports},
                {"role": "worker", "extraMounts": mount},
                {"role": "worker", "extraMounts": mount},
            ],
            "kubeadmConfigPatches": [json.dumps(kubelet)],
        }
    )


def usable() -> bool:
    """Tell whether the cluster is there, Ready and of our version."""
    if not KUBECONFIG.exists() or not docker.answers():
        return False
    result = subprocess.run(
        [BIN / "kubectl", "get", "nodes", "-o", "json", "--request-timeout=5s"],
        capture_output=True, check=False, env={**os.environ, **environment()},
    )  # fmt: skip
    if result.returncode:
        return False
    nodes = json.loads(result.stdout)["items"]
    ready = [
        node
        for node in nodes
        if node["status"]["nodeInfo"]["kubeletVersion"] == f"v{binaries.KUBERNETES}"
        and any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])
    ]
    return len(ready) == 3


def ensure() -> bool:
    """Bring the cluster up; return whether it was made now (False: it was there)."""
    docker.ensure()
    environment()
    if usable():
        _network()
        return False
    image = node_image.ensure()
    delete()
    say("creating the kind cluster (about 25 s)")
    config = _config()
    run(
        BIN / "kind", "create", "cluster", "--name", NAME, "--image", image, "--config", "-",
        "--kubeconfig", KUBECONFIG, "--wait", "0s", stdin=config, env=environment(), timeout=400,
    )  # fmt: skip
    _network()
    kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=120s", timeout=150)
    # kind returns before CoreDNS is Ready, and a quarter of new clusters then lose their first requests.
    kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=120s", timeout=150)
    return True


def delete() -> None:
    """Delete the cluster if it is there."""
    run(BIN / "kind", "delete", "cluster", "--name", NAME, "--kubeconfig", KUBECONFIG, env=environment())
    KUBECONFIG.unlink(missing_ok=True)


def load(names: list[str]) -> None:
    """Load images into the workers, if one lacks them."""
    listed = run("docker", "exec", f"{NAME}-worker", "ctr", "-n", "k8s.io", "images", "ls", "-q")
    wanted = [name for name in dict.fromkeys(names) if name not in listed.split()]
    if not wanted:
        return
    say(f"loading {', '.join(name.rpartition('/')[2] for name in wanted)} into the nodes")
    archive = ROOT / "work" / "load.tar"
    archive.parent.mkdir(parents=True, exist_ok=True)
    run("docker", "save", "-o", archive, *wanted)
    # No Pod of the stories stands on the control plane.
    workers = f"{NAME}-worker,{NAME}-worker2"
    command = ("load", "image-archive", archive, "--name", NAME, "--nodes", workers)
    run(BIN / "kind", *command, env=environment(), timeout=600)
    archive.unlink()


def _network() -> None:
    """Give each node a bridge for its Pods and routes to the others': kindnet's image cannot be had here."""
    for _ in range(60):
        nodes = json.loads(kubectl("get", "nodes", "-o", "json"))["items"]
        if len(nodes) == 3 and all(node["spec"].get("podCIDR") for node in nodes):
            break
        time.sleep(0.5)
    else:
        raise StepFailed("the nodes have no Pod ranges")
    places = {}
    for node in nodes:
        addresses = node["status"]["addresses"]
        address = next(entry["address"] for entry in addresses if entry["type"] == "InternalIP")
        places[node["metadata"]["name"]] = (node["spec"]["podCIDR"], address)
    for name, (pods, _) in places.items():
        run(
            "docker",
            "exec",
            "-i",
            name,
            "sh",
            "-c",
            "cat > /etc/cni/net.d/10-bridge.conflist",
            stdin=_cni(pods),
        )
        for other, (range_, address) in places.items():
            if other != name:
                run("docker", "exec", name, "ip", "route", "replace", range_, "via", address)
        rules = (
            "add table ip llmstack\ndelete table ip llmstack\n"
            "table ip llmstack { chain post { type nat hook postrouting priority 100;"
            f" ip saddr {pods} ip daddr != {POD_RANGE} masquerade; }}; }}\n"
        )
        run("docker", "exec", "-i", name, "nft", "-f", "-", stdin=rules)


def _cni(pods: str) -> str:
    ipam = {
        "type": "host-local",
        "ranges": [[{"subnet": pods}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True, "ipam": ipam,
    }  # fmt: skip
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "0.4.0", "name": "bridge", "plugins": [bridge, portmap]})
