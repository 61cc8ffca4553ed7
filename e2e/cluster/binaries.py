"""Binaries from the Go module proxy: Kubernetes, etcd, kind, CoreDNS, the OpenTelemetry Collector."""

from __future__ import annotations

import json
import re
from pathlib import Path

from e2e.cluster.cache import entry, run

KUBERNETES = "1.35.4"
ETCD = "3.6.7"
COREDNS = "1.15.0"
KIND = "0.31.0"
HELM = "3.21.4"
KUBERNETES_BINARIES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubeadm",
    "kubectl",
)
_STATIC = {"CGO_ENABLED": "0"}


def kubernetes() -> Path:
    """Return the folder with the Kubernetes binaries."""
    return entry(f"kubernetes-{KUBERNETES}", f"Kubernetes {KUBERNETES}", "5-9 minutes", _kubernetes)


def _kubernetes(target: Path) -> None:
    work = target / "src"
    work.mkdir()
    module = json.loads(run("go", "mod", "download", "-json", f"k8s.io/kubernetes@v{KUBERNETES}", cwd=work))
    text = (Path(module["Dir"]) / "go.mod").read_text()
    go = re.search(r"^go (\S+)", text, re.MULTILINE)
    staged = sorted(set(re.findall(r"^\s*(k8s\.io/\S+) => \./staging", text, re.MULTILINE)))
    # The module's `replace ... => ./staging` lines do not carry over: each is said again as a version.
    staging = f"v0.{KUBERNETES.partition('.')[2]}"
    lines = ["module llmstack.dev/build/kubernetes", f"go {go[1] if go else '1.25'}"]
    lines += [f"require k8s.io/kubernetes v{KUBERNETES}"]
    lines += [f"tool k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES_BINARIES]
    lines += [f"replace {name} => {name} {staging}" for name in staged]
    (work / "go.mod").write_text("\n".join(lines) + "\n")
    run("go", "mod", "tidy", cwd=work)
    package = "k8s.io/component-base/version"
    major, minor, _ = KUBERNETES.split(".")
    stamp = {
        "gitVersion": f"v{KUBERNETES}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "0",
        "buildDate": "2026-01-01T00:00:00Z",
    }
    flags = "-s -w " + " ".join(f"-X {package}.{key}={value}" for key, value in stamp.items())
    packages = [f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES_BINARIES]
    run("go", "build", "-trimpath", "-o", f"{target}/", "-ldflags", flags, *packages, cwd=work, env=_STATIC)


def _module(target: Path, name: str, package: str, version: str) -> None:
    """Build one main package in a module of its own: together their versions clash."""
    work = target / "src"
    work.mkdir()
    (work / "go.mod").write_text(f"module llmstack.dev/build/{name}\n\ngo 1.25\n")
    run("go", "get", f"{package}@v{version}", cwd=work)
    (work / "tools.go").write_text(f'//go:build tools\n\npackage tools\n\nimport _ "{package}"\n')
    run("go", "mod", "tidy", cwd=work)
    run("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", target / name, package, cwd=work, env=_STATIC)


def etcd() -> Path:
    """Return the etcd binary."""
    return _built("etcd", ETCD, "20 s", "go.etcd.io/etcd/server/v3")


def coredns() -> Path:
    """Return the CoreDNS binary."""
    return _built("coredns", COREDNS, "1 minute", "github.com/coredns/coredns")


def _built(name: str, version: str, expected: str, package: str) -> Path:
    folder = entry(
        f"{name}-{version}", f"{name} {version}", expected, lambda to: _module(to, name, package, version)
    )
    return folder / name


def kind() -> Path:
    """Return the kind binary."""

    def build(target: Path) -> None:
        run("go", "install", f"sigs.k8s.io/kind@v{KIND}", env={**_STATIC, "GOBIN": str(target)})

    return entry(f"kind-{KIND}", f"kind {KIND}", "20 s", build) / "kind"


def kind_module() -> Path:
    """Return the folder of kind's own module: it has the files of the node image."""
    kind()
    return Path(json.loads(run("go", "mod", "download", "-json", f"sigs.k8s.io/kind@v{KIND}"))["Dir"])


def helm() -> Path:
    """Return the helm binary."""

    def build(target: Path) -> None:
        run(
            "go",
            "install",
            "-trimpath",
            f"helm.sh/helm/v3/cmd/helm@v{HELM}",
            env={**_STATIC, "GOBIN": str(target)},
        )

    return entry(f"helm-{HELM}", f"Helm {HELM}", "90 s", build) / "helm"
