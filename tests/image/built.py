"""Builds the image with buildah, and runs its processes as Compose does: read-only, and as its user.

There is no registry, so a Debian with the image's version of Python stands in for python:*-slim. debootstrap
makes it once, and buildah keeps it. Needs root.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.support.compose import dockerfile
from tests.support.sites import ROOT

# buildah looks for a name without a registry under localhost first.
BASE, IMAGE = f"localhost/{dockerfile('FROM').split()[0]}", "localhost/askme-test"
# Its Python is 3.13. pip is in the real base too.
DEBIAN, PACKAGES = "trixie", "ca-certificates,python3-pip,python3-venv"
NAMESPACES = """
mount --bind "$ROOTFS" "$ROOTFS"
mount --rbind /proc "$ROOTFS/proc"
mount --rbind /dev "$ROOTFS/dev"
mount -t tmpfs -o "nodev,noexec,nosuid,size=64m" tmpfs "$ROOTFS/tmp"
for folder in app/var secrets; do mount --bind "$WRITABLE/$folder" "$ROOTFS/$folder"; done
mount -o remount,bind,ro "$ROOTFS"
exec chroot "$ROOTFS" setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups --no-new-privs \
    --bounding-set=-all --inh-caps=-all -- env -i --chdir=/app "$@"
"""


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout.strip()


def make_base(folder: Path) -> None:
    """Make the image that stands in for python:*-slim, unless it is there. It takes some minutes."""
    if subprocess.run(["buildah", "inspect", "--type=image", BASE], capture_output=True).returncode == 0:
        return
    base = folder / "base"
    run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", DEBIAN, str(base))
    container = run("buildah", "from", "scratch")
    run("buildah", "add", "--quiet", container, str(base), "/")
    shutil.rmtree(base)
    run("buildah", "commit", "--quiet", container, BASE)
    run("buildah", "rm", container)


def build() -> None:
    """Build the image. The machine's certificates are for networks whose proxy has a CA of its own."""
    certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"
    command = ["buildah", "build", "--isolation=chroot", "--format=docker", "--layers", f"--tag={IMAGE}"]
    run(*command, "--pull=never", f"--volume={certificates}", str(ROOT))


class Image:
    """Use as a context manager. `config` is what the Dockerfile says besides files, which are in `rootfs`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder  # with what the processes may write
        found: dict[str, Any] = json.loads(run("buildah", "inspect", "--type=image", IMAGE))
        self.config: dict[str, Any] = found["Docker"]["config"]

    def __enter__(self) -> "Image":
        self.container = run("buildah", "from", IMAGE)
        self.rootfs = Path(run("buildah", "mount", self.container))
        for name in ("app/var", "secrets"):
            (self.folder / name).mkdir(parents=True)
            # As with a new volume in Docker: it takes over owner and mode of the folder in the image.
            before = (self.rootfs / name).stat()
            run("chown", f"{before.st_uid}:{before.st_gid}", str(self.folder / name))
            (self.folder / name).chmod(before.st_mode & 0o7777)
        return self

    def __exit__(self, *_: object) -> None:
        run("buildah", "umount", self.container)
        run("buildah", "rm", self.container)

    def start(self, command: list[str], **environment: str) -> subprocess.Popen[str]:
        """Start a process of the image. Its id is that of the command itself, so signals reach it."""
        given = [*self.config["Env"], *(f"{name}={value}" for name, value in environment.items())]
        user = self.config["User"].partition(":")[0]
        names = {
            "ROOTFS": str(self.rootfs),
            "WRITABLE": str(self.folder),
            "USER_ID": user,
            "TMPFS": "size=64m",
        }
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-euc", NAMESPACES, "sh", *given, *command],
            env=names | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def output(self, command: list[str], **environment: str) -> str:
        process = self.start(command, **environment)
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
        return output

    def megabytes(self, *folders: str) -> int:
        return sum(int(run("du", "-sm", str(self.rootfs / folder)).split()[0]) for folder in folders)
