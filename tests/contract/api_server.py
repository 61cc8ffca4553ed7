"""A real API server and etcd, alone: no controllers, no scheduler, no kubelet."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.cluster import binaries
from kubernetes.aio.client import Configuration
from tests.contract.envoy import free_port

TOKEN = "contract-tests"


@dataclass(frozen=True)
class ApiServer:
    """A running API server; the token is one of `system:masters`."""

    url: str
    kubeconfig: Path

    def kubectl(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl; the exit code is the caller's to judge."""
        return subprocess.run(
            [binaries.kubernetes() / "kubectl", "--kubeconfig", self.kubeconfig, *arguments],
            input=stdin, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def configuration(self, token: str = TOKEN) -> Configuration:
        """Return what our client needs."""
        config = Configuration()
        config.host = self.url
        config.verify_ssl = False
        config.api_key = {"BearerToken": f"Bearer {token}"}
        return config


@contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """Run etcd and kube-apiserver until the block ends."""
    client, peer, port = free_port(), free_port(), free_port()
    subprocess.run(
        ["openssl", "genrsa", "-out", "sa.key", "2048"], cwd=folder, check=True, capture_output=True
    )
    (folder / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\nnobody,nobody,nobody\n')
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(_kubeconfig(port)))
    etcd_url = f"http://127.0.0.1:{client}"
    commands: list[list[str | Path]] = [
        [binaries.etcd(), "--data-dir", folder / "etcd", "--listen-client-urls", etcd_url,
         "--advertise-client-urls", etcd_url, "--listen-peer-urls", f"http://127.0.0.1:{peer}",
         "--unsafe-no-fsync", "--log-level", "error"],
        [binaries.kubernetes() / "kube-apiserver", "--etcd-servers", etcd_url, "--secure-port", str(port),
         "--bind-address", "127.0.0.1", "--cert-dir", folder / "certs", "--service-cluster-ip-range", "10.96.0.0/16",
         "--service-account-key-file", folder / "sa.key", "--service-account-signing-key-file", folder / "sa.key",
         "--service-account-issuer", "https://contract.test", "--token-auth-file", folder / "tokens.csv",
         "--authorization-mode", "RBAC", "--disable-admission-plugins", "ServiceAccount"],
    ]  # fmt: skip
    processes: list[subprocess.Popen[bytes]] = []
    with (folder / "log").open("wb") as log:
        try:
            processes += [subprocess.Popen(command, stdout=log, stderr=log) for command in commands]
            _wait(f"https://127.0.0.1:{port}/readyz", folder / "log")
            yield ApiServer(f"https://127.0.0.1:{port}", kubeconfig)
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait(10)


def _kubeconfig(port: int) -> dict[str, Any]:
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }


def _wait(url: str, log: Path) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {TOKEN}"})
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, timeout=2, context=context):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-3000:])
