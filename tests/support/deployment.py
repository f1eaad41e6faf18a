"""The services of docker-compose.yml, run as plain processes.

There is no Docker engine. A folder stands in for the image, a real Redis and PostgreSQL for those services,
and a name server for Docker's. Each container has a loopback address of its own, and is published on a port
of 127.0.0.1. Commands, environments, users and times come from docker-compose.yml and the Dockerfile. Only
addresses are replaced. This needs Linux, where all of 127.0.0.0/8 is loopback.
"""

import itertools
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

from tests.support.compose import PROGRAMS, dockerfile, services
from tests.support.image import as_user, image_environment
from tests.support.name_server import NameServer
from tests.support.network import Proxy
from tests.support.services import free_port, wait_for

START_SECONDS = 60
SLOTS = 4  # ports that containers may be published on: two that run, and two that replace them
WRITE_LOG = Path(__file__).with_name("write_log")

_numbers = itertools.count(1)


def free_address() -> str:
    """Return an address of 127.0.0.0/8 that no other container has, also not one of another test process."""
    number = next(_numbers)
    return f"127.{1 + os.getpid() // 250 % 250}.{os.getpid() % 250}.{number}"


class Container:
    """One container of the service `web`."""

    def __init__(self, deployment: "Deployment", slot: int, environment: dict[str, str]) -> None:
        self.deployment = deployment
        self.address, self.slot = free_address(), slot
        self.environment = deployment.environment_of("web") | environment
        self.temporary = deployment.temporary_folder()
        self.log = deployment.folder / f"web-{self.address}.log"
        self.published = Proxy(deployment.port, host=self.address, port=slot)
        command = self._replaced(deployment.web_command)
        with self.log.open("wb") as log:
            self.process = deployment.run(command, self.environment, self.temporary, stdout=log, stderr=log)
        self.published.__enter__()

    def _replaced(self, command: list[str]) -> list[str]:
        port = str(self.deployment.port)
        words = (word.replace("127.0.0.1", self.address).replace("8000", port) for word in command)
        return [self.address if word == "0.0.0.0" else word for word in words]

    def listens(self) -> bool:
        """Cheaper than the health check, which starts a process."""
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex((self.address, self.deployment.port)) == 0

    def is_healthy(self) -> bool:
        """Run the health check in the container."""
        command, options = self._replaced(self.deployment.health_check), {"stderr": subprocess.DEVNULL}
        check = self.deployment.run(command, self.environment, self.temporary, **options)
        return check.wait(START_SECONDS) == 0

    def begin_stop(self) -> None:
        """What `docker stop` does first. The name and the published port stay until the process has ended."""
        self.process.terminate()

    def finish_stop(self) -> int:
        """Return the exit code. Kill a process that does not end within the grace period, and fail."""
        try:
            return self.process.wait(self.deployment.grace_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(
                f"web did not end within stop_grace_period:\n{self.log.read_text()}"
            ) from None
        finally:
            self.deployment.forget(self)
            self.published.__exit__()

    def attempted_writes(self) -> list[str]:
        """Return where the process tried to write outside its temporary folder."""
        lines = (self.temporary / "writes.log").read_text().splitlines()
        paths = [(line, Path(line.partition(" ")[2])) for line in lines]
        allowed = {self.temporary, Path("/dev/null")}
        return [line for line, path in paths if not allowed & {path, *path.parents}]


class Deployment:
    """Use as a context manager. `variables` are the content of `.env`."""

    def __init__(
        self, folder: Path, image: Path, database_url: str, redis_url: str, **variables: str
    ) -> None:
        self.folder, self.image, self.redis_url = folder, image, redis_url
        self.environment = {"DATABASE_URL": database_url}  # for tests that read the database
        self.services = services(folder, COMPOSE_PROFILES="tls", **variables)
        self.user = int(dockerfile("USER").partition(":")[0])
        self.secrets = self.temporary_folder()  # instead of the volume
        self.port = free_port()  # instead of 8000, which the developer's own server may have
        self.names = NameServer()
        self.containers: list[Container] = []
        self.slots = [free_port() for _ in range(SLOTS)]
        web = self.services["web"]
        self.grace_seconds = float(web["stop_grace_period"].removesuffix("s"))
        assert web["command"] is None
        self.web_command: list[str] = json.loads(dockerfile("CMD(?= ..daphne)"))
        self.health_check: list[str] = json.loads(dockerfile("CMD(?= ..python)"))

    def __enter__(self) -> Self:
        self.names.__enter__()
        for service in ("secrets", "migrate"):
            command = [self._replaced(word) for word in self.services[service]["command"]]
            done = self.run(
                command, self.environment_of(service), self.temporary_folder(), stdout=subprocess.DEVNULL
            )
            assert done.wait(60) == 0, f"{service} ended with {done.returncode}"
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(self.containers)
        self.names.__exit__()

    @property
    def urls(self) -> list[str]:
        """The published address of each container of `web`."""
        return [f"http://localhost:{container.slot}" for container in self.containers]

    def environment_of(self, service: str) -> dict[str, str]:
        variables = self.services[service]["environment"].items()
        return image_environment() | {name: self._replaced(value) for name, value in variables}

    def _replaced(self, word: str) -> str:
        _, _, database = self.environment["DATABASE_URL"].partition("@")
        word = word.replace("postgres:5432/askme", database).replace("redis://redis:6379/0", self.redis_url)
        return word.replace("/secrets", str(self.secrets))

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text()

    def temporary_folder(self) -> Path:
        """Make a folder that stands in for the tmpfs of one container."""
        folder = Path(tempfile.mkdtemp(prefix="tmpfs-", dir=self.folder))
        if os.geteuid() == 0:
            os.chown(folder, self.user, self.user)
        return folder

    def run(
        self, command: list[str], environment: dict[str, str], temporary: Path, **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start a process of the image, in its tree and as its user. `temporary` is where it may write."""
        own = {
            "PATH": f"{PROGRAMS}:{os.defpath}",
            "HOME": "/nonexistent",
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(WRITE_LOG),
            "WRITE_LOG": f"{temporary}/writes.log",
        }
        return subprocess.Popen(as_user(self.user, command), cwd=self.image, env=environment | own, **options)

    def start(self, containers: int = 1, **environment: str) -> list[Container]:
        """What `docker compose up --scale --wait` does: return once the new containers are healthy.

        `environment` replaces variables of them."""
        taken = {container.slot for container in self.containers}
        slots = [slot for slot in self.slots if slot not in taken][:containers]
        started = [Container(self, slot, environment) for slot in slots]
        self.containers += started
        self._tell_names()
        try:
            for container in started:
                wait_for(container.listens, START_SECONDS, f"{container.address} listens")
                wait_for(container.is_healthy, START_SECONDS, f"the health check of {container.address}")
        except BaseException:
            self.stop(started)
            raise
        return started

    def stop(self, containers: list[Container]) -> list[int]:
        """What `docker stop` does. Return the exit codes."""
        for container in containers:
            container.begin_stop()
        return [container.finish_stop() for container in list(containers)]

    def forget(self, container: Container) -> None:
        self.containers.remove(container)
        self._tell_names()

    def _tell_names(self) -> None:
        self.names.addresses = {"web": [container.address for container in self.containers]}
