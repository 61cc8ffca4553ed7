"""The Docker engine: the one that answers, or Debian's, started here and stopped here."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from e2e.cluster.cache import ROOT, StepFailed, run, say

PID_FILE = ROOT / "dockerd.pid"
LOG = ROOT / "dockerd.log"
RUNTIME = Path(__file__).with_name("runc-fitcaps")
PACKAGES = ("docker.io", "debootstrap", "jq", "iptables", "nftables")
_PROGRAMS = ("dockerd", "debootstrap", "jq", "iptables", "nft")
# Pools that are not the machine's own network; a test of the machine's routes guards it.
BRIDGE = "10.250.0.1/16"
POOL = "10.251.0.0/16"


_started: list[subprocess.Popen[bytes]] = []


def answers() -> bool:
    """Tell whether a Docker engine answers."""
    if shutil.which("docker") is None:
        return False
    result = subprocess.run(["docker", "info"], capture_output=True, timeout=60, check=False)
    return result.returncode == 0


def ensure() -> None:
    """Make sure that an engine answers; start Debian's if none does.

    Raises:
        StepFailed: neither is possible; the message says what is missing.

    """
    if answers():
        return
    if os.geteuid() != 0:
        raise StepFailed("no Docker engine answers, and without root none can be started here")
    install(PACKAGES, _PROGRAMS)
    _refuse_own_network()
    _clear_leftovers()
    say("starting dockerd")
    ROOT.mkdir(parents=True, exist_ok=True)
    with LOG.open("wb") as log:
        process = subprocess.Popen(
            [
                "dockerd",
                f"--data-root={ROOT / 'docker'}",
                "--exec-root=/run/docker-llmstack",
                f"--pidfile={PID_FILE}",
                "--storage-driver=overlay2",
                "--exec-opt=native.cgroupdriver=cgroupfs",
                f"--bip={BRIDGE}",
                f"--default-address-pool=base={POOL},size=24",
                f"--add-runtime=fitcaps={RUNTIME}",
                "--default-runtime=fitcaps",
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
        )
    # It outlives this process: `stop` ends it by its pid file. Held, so that nobody takes it for forgotten.
    _started.append(process)
    for _ in range(120):
        if answers():
            return
        time.sleep(0.5)
    raise StepFailed(f"dockerd does not answer:\n{LOG.read_text(errors='replace')[-2000:]}")


def install(packages: tuple[str, ...], programs: tuple[str, ...]) -> None:
    """Install Debian packages whose programs are missing."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    if all(shutil.which(program, path=path) for program in programs):
        return
    if os.geteuid() != 0:
        raise StepFailed(f"missing: {', '.join(packages)}; without root they cannot be installed")
    say(f"installing {', '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-qq", env=quiet)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=quiet)


def _refuse_own_network() -> None:
    routes = run("ip", "-4", "route")
    for pool in (BRIDGE, POOL):
        prefix = ".".join(pool.split(".")[:2]) + "."
        if any(
            line.startswith(prefix) and "docker" not in line and "br-" not in line
            for line in routes.splitlines()
        ):
            raise StepFailed(f"{pool} is in use on this machine (ip route): no pool for Docker")


def _clear_leftovers() -> None:
    """Clear what a dockerd that was killed hard left behind: its pid file and its containerd."""
    PID_FILE.unlink(missing_ok=True)
    for pid_file in Path("/run/docker-llmstack").glob("containerd/containerd.pid"):
        pid_file.unlink(missing_ok=True)


def stop() -> None:
    """Stop the engine that was started here, and undo what it did to the machine's network."""
    if not PID_FILE.exists():
        return
    pid = int(PID_FILE.read_text())
    command = Path(f"/proc/{pid}/cmdline")
    if not command.exists() or b"docker-llmstack" not in command.read_bytes():
        PID_FILE.unlink(missing_ok=True)
        return
    say("stopping dockerd")
    os.kill(pid, signal.SIGTERM)
    for _ in range(60):
        # A child of this process stays as a zombie, whose command line is empty.
        if not command.exists() or not command.read_bytes():
            break
        time.sleep(0.5)
    _restore_network()


def _restore_network() -> None:
    def quietly(*command: str) -> None:
        subprocess.run(command, capture_output=True, check=False)

    quietly("iptables", "-P", "FORWARD", "ACCEPT")
    for table in ("filter", "nat"):
        rules = subprocess.run(
            ["iptables", "-t", table, "-S"], capture_output=True, text=True, check=False
        ).stdout.splitlines()
        for rule in rules:
            if rule.startswith("-A") and any(mark in rule for mark in ("DOCKER", "docker0", " br-")):
                quietly("iptables", "-t", table, "-D", *rule.split()[1:])
        for rule in rules:
            if rule.startswith("-N DOCKER"):
                quietly("iptables", "-t", table, "-F", rule.split()[1])
                quietly("iptables", "-t", table, "-X", rule.split()[1])
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=False).stdout
    for line in links.splitlines():
        name = line.split(": ")[1].partition("@")[0]
        if name == "docker0" or name.startswith("br-"):
            quietly("ip", "link", "delete", name)


def has_image(name: str) -> bool:
    """Tell whether the engine has the image."""
    return (
        subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False).returncode == 0
    )
