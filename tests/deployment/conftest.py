"""One deployment for all tests of this folder: two web containers, and both proxies in front of them.

Each test must leave at least two healthy web containers behind. Questions need texts of their own, because
the API is shared too.
"""

import base64
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.api_server import ApiServer
from tests.support.deployment import Deployment
from tests.support.image import build_image
from tests.support.proxies import Caddy, Nginx, TlsProxy, known_hosts
from tests.support.services import Postgres, free_port

# Caddy serves the site under its own name, nginx under the other one that it always accepts.
CADDY_URL, NGINX_URL = "https://ask.example.org", "https://localhost"
# What a proxy sends, for people who use a published port without one.
BEHIND_TLS = {"X-Forwarded-Proto": "https", "Origin": NGINX_URL}
VARIABLES = {
    "POSTGRES_PASSWORD": Postgres.password,
    "ASKME_URL": CADDY_URL,
    "OPENAI_API_KEY": "sk-test",
    "ASKME_MODEL": "test",
    "ASKME_CHECK_MODELS": "false",
    "ASKME_RUNNING_PER_USER": "0",  # tests ask more than people
    "ASKME_QUESTIONS_PER_MINUTE": "0",
}


@dataclass
class Topology:
    deployment: Deployment
    api: ApiServer
    caddy: TlsProxy
    nginx: TlsProxy
    folder: Path  # with ca.pem and site.pem


@pytest.fixture(scope="session")
def image() -> Iterator[Path]:
    """Not in pytest's folder, which only this user can read."""
    folder = Path(tempfile.mkdtemp(prefix="askme-image-"))
    build_image(folder)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def topology(image: Path, postgres_server: Postgres, redis_url: str) -> Iterator[Topology]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="askme-topology-")))
        folder.chmod(0o755)
        certificate = _certificate(folder)
        api = stack.enter_context(ApiServer())
        database_url = postgres_server.create_database(f"topology-{free_port()}")
        variables = VARIABLES | {"OPENAI_BASE_URL": api.base_url}
        deployment = stack.enter_context(Deployment(folder, image, database_url, redis_url, **variables))
        # Longer than `test_rolling` takes on a busy machine, from the signal to the end of its answers.
        deployment.start(2, ASKME_DRAIN_SECONDS="100")
        caddy = stack.enter_context(Caddy(folder / "caddy", deployment, certificate))
        nginx = stack.enter_context(Nginx(folder / "nginx", deployment, certificate))
        yield Topology(deployment, api, caddy, nginx, folder)


@pytest.fixture(autouse=True)
def _hosts(topology: Topology, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let clients in this process find both names, and trust their certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(topology.folder / "ca.pem"))
    ports = {"ask.example.org": topology.caddy.https_port, "localhost": topology.nginx.https_port}
    with known_hosts(ports):
        yield


@pytest.fixture(scope="module")
def browser_arguments(topology: Topology) -> list[str]:
    """The same for Chromium. It trusts this key and no other."""
    certificate = x509.load_pem_x509_certificates((topology.folder / "site.pem").read_bytes())[0]
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    addresses = {"ask.example.org": topology.caddy.https_port, "localhost": topology.nginx.https_port}
    rules = ", ".join(f"MAP {name} 127.0.0.1:{port}" for name, port in addresses.items())
    return [f"--host-resolver-rules={rules}", f"--ignore-certificate-errors-spki-list={digest}"]


def _certificate(folder: Path) -> Path:
    """Issue a certificate of both names, as the file site.pem; ca.pem is its issuer."""
    authority, path = trustme.CA(), folder / "site.pem"
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("ask.example.org", "localhost").private_key_and_cert_chain_pem.write_to_path(
        str(path)
    )
    os.chmod(path, 0o600)
    return path
