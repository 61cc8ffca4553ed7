"""The node image: the published one where it can be had, otherwise one built from packages and Go modules."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from e2e.cluster import binaries, docker
from e2e.cluster.cache import ROOT, run, say

PUBLISHED = f"kindest/node:v{binaries.KUBERNETES}"
LOCAL = f"llmstack.local/node:v{binaries.KUBERNETES}-2"
NODE_PACKAGES = (
    "systemd,systemd-sysv,conntrack,iptables,nftables,iproute2,ethtool,util-linux,mount,kmod,libseccomp2,pigz,bash,"
    "ca-certificates,jq,procps,containerd,runc,containernetworking-plugins,socat"
)
_PAUSE = """
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void down(int s) { (void)s; _exit(0); }
static void reap(int s) { (void)s; while (waitpid(-1, 0, WNOHANG) > 0) {} }
int main(void) { signal(SIGINT, down); signal(SIGTERM, down); signal(SIGCHLD, reap); for (;;) pause(); }
"""


def ensure() -> str:
    """Return the name of a node image that the engine has."""
    if docker.has_image(PUBLISHED):
        return PUBLISHED
    if docker.has_image(LOCAL):
        return LOCAL
    if not docker.PID_FILE.exists():
        pull = subprocess.run(
            ["docker", "pull", "-q", PUBLISHED], capture_output=True, timeout=600, check=False
        )
        if pull.returncode == 0:
            return PUBLISHED
    docker.install(docker.PACKAGES, ("debootstrap", "jq"))
    _build()
    return LOCAL


def _build() -> None:
    say("building the node image (cold: about 2 minutes after the binaries; kept for the next time)")
    work = ROOT / "work" / "node-image"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        base = _base(work)
        names = _component_images(work)
        _commit(base, names, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _base(work: Path) -> str:
    """Make the node's base: kind's own files on Debian bookworm, whose systemd still runs on cgroup v1."""
    root = work / "base"
    run("debootstrap", "--variant=minbase", f"--include={NODE_PACKAGES}", "bookworm", root)
    files = binaries.kind_module() / "images/base/files"
    for source in files.rglob("*"):
        if source.is_file():
            target = root / source.relative_to(files)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            executable = "bin" in source.relative_to(files).parts
            target.chmod(0o755 if executable else 0o644)
    shutil.copyfile(docker.RUNTIME, root / "usr/local/bin/runc-fitcaps")
    (root / "usr/local/bin/runc-fitcaps").chmod(0o755)
    for folder in ("opt/cni/bin", "etc/kubernetes/manifests"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    _configure_containerd(root / "etc/containerd/config.toml")
    for unit in ("containerd", "kubelet"):
        path = root / f"etc/systemd/system/{unit}.service"
        lines = path.read_text().replace("/usr/local/bin/containerd", "/usr/bin/containerd").splitlines()
        kept = [line for line in lines if not re.search(r"OOMScoreAdjust|^Limit|TasksMax", line)]
        path.write_text("\n".join(kept) + "\n")
    for plugin in ("bridge", "host-local", "loopback", "ptp", "portmap"):
        shutil.copy(root / "usr/lib/cni" / plugin, root / "opt/cni/bin" / plugin)
    run("chroot", root, "bash", "-c", _IN_BASE)
    archive = work / "base.tar"
    run("tar", "-C", root, "-cf", archive, ".")
    name = "llmstack.local/node-base:1"
    run(
        "docker",
        "import",
        "--change",
        'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]',
        "--change",
        "ENV container=docker",
        archive,
        name,
    )
    shutil.rmtree(root)
    archive.unlink()
    return name


_IN_BASE = r"""
rm -f /lib/systemd/system/{multi-user,basic,local-fs}.target.wants/* /etc/systemd/system/*.wants/* \
  /lib/systemd/system/sockets.target.wants/*{udev,initctl}* \
  /lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service
grep -q ReadKMsg=no /etc/systemd/journald.conf || echo ReadKMsg=no >> /etc/systemd/journald.conf
systemctl enable kubelet.service containerd.service undo-mount-hacks.service 2>/dev/null
systemctl mask systemd-binfmt.service 2>/dev/null
ln -sf /lib/systemd/systemd /sbin/init
ctr oci spec | jq '.hooks.createContainer[.hooks.createContainer|length] |= . +
  {path: "/kind/bin/mount-product-files.sh"} | del(.process.rlimits)' > /etc/containerd/cri-base.json
"""


def _configure_containerd(path: Path) -> None:
    text = path.read_text().replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true")
    text = text.replace(
        "SystemdCgroup = true", 'SystemdCgroup = false\n    BinaryName = "/usr/local/bin/runc-fitcaps"'
    )
    path.write_text(re.sub(r"sandbox_image = .*", 'sandbox_image = "llmstack.local/pause:1"', text))


def _component_images(work: Path) -> list[str]:
    """Make images of static binaries under the names that kubeadm expects."""
    kubernetes = binaries.kubernetes()
    run("gcc", "-static", "-Os", "-x", "c", "-o", work / "pause", "-", stdin=_PAUSE)
    wanted = run(
        kubernetes / "kubeadm", "config", "images", "list", "--kubernetes-version", f"v{binaries.KUBERNETES}"
    ).split()
    names = []
    for name in wanted:
        component = name.rpartition("/")[2].partition(":")[0]
        root = work / "images" / component
        for folder in ("usr/local/bin", "tmp", "etc"):
            (root / folder).mkdir(parents=True)
        change = "ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        if component == "pause":
            shutil.copy(work / "pause", root / "pause")
            change = 'ENTRYPOINT ["/pause"]'
        elif component == "coredns":
            shutil.copy(binaries.coredns(), root / "coredns")
            change = 'ENTRYPOINT ["/coredns"]'
        elif component == "etcd":
            shutil.copy(binaries.etcd(), root / "usr/local/bin/etcd")
        else:
            shutil.copy(kubernetes / component, root / "usr/local/bin" / component)
        if component == "kube-proxy":
            _with_libraries(Path("/usr/sbin/nft"), root)
        import_image(root, name, work, change)
        names.append(name)
        if component == "pause":
            run("docker", "tag", name, "llmstack.local/pause:1")
            names.append("llmstack.local/pause:1")
    return names


def _with_libraries(program: Path, root: Path) -> None:
    for text in [str(program), *re.findall(r"(/\S+)", run("ldd", program))]:
        target = root / text.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(text).resolve(), target)
        target.chmod(0o755)


def import_image(root: Path, name: str, work: Path, *changes: str) -> None:
    """Make an image of a folder; `docker import` reads a tar file."""
    archive = work / "import.tar"
    run("tar", "-C", root, "-cf", archive, ".")
    flags = [part for change in changes for part in ("--change", change)]
    run("docker", "import", *flags, archive, name)
    archive.unlink()


def _commit(base: str, names: list[str], work: Path) -> None:
    archive = work / "all.tar"
    run("docker", "save", "-o", archive, *names)
    builder = "llmstack-node-build"
    subprocess.run(["docker", "rm", "-f", builder], capture_output=True, check=False)
    run("docker", "run", "-d", "--name", builder, "--privileged", "--entrypoint", "sleep", base, "infinity")
    try:
        for name in ("kubeadm", "kubelet", "kubectl"):
            run("docker", "cp", binaries.kubernetes() / name, f"{builder}:/usr/bin/{name}")
        run("docker", "exec", "-i", builder, "bash", "-euc", _IN_BUILDER)
        # An overlay cannot be unpacked on an overlay: only the blobs are stored here.
        with archive.open("rb") as stream:
            subprocess.run(
                ["docker", "exec", "-i", builder, "ctr", "-n", "k8s.io", "images", "import",
                 "--all-platforms", "--no-unpack", "--digests", "-"],
                stdin=stream, capture_output=True, check=True,
            )  # fmt: skip
        run("docker", "exec", builder, "bash", "-c",
            "kill $(ps -C containerd -o pid=); sleep 1; rm -rf /run/containerd /tmp/*")  # fmt: skip
        run(
            "docker",
            "commit",
            "--change",
            'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]',
            builder,
            LOCAL,
        )
    finally:
        subprocess.run(["docker", "rm", "-f", builder], capture_output=True, check=False)


# kind applies it; the provisioner is installed by the stories that need volumes.
_STORAGE_CLASS = (
    '{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "standard", "annotations":'
    ' {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "rancher.io/local-path",'
    ' "volumeBindingMode": "WaitForFirstConsumer"}'
)

_IN_BUILDER = f"""
echo -n v{binaries.KUBERNETES} > /kind/version
mkdir -p /kind/manifests
: > /kind/manifests/default-cni.yaml
cat > /kind/manifests/default-storage.yaml << YAML
{_STORAGE_CLASS}
YAML
(containerd > /tmp/containerd.log 2>&1 &)
for _ in $(seq 50); do ctr version > /dev/null 2>&1 && exit 0; sleep 0.2; done
cat /tmp/containerd.log; exit 1
"""
