"""The services of docker-compose.yml: the user, the tree and the health check of their processes."""

import os
import subprocess
import uuid
from pathlib import Path

from tests.deployment.conftest import BEHIND_TLS, CADDY_URL
from tests.support.api_server import stall
from tests.support.forms import Visitor
from tests.support.network import Proxy
from tests.support.services import wait_for


def test_an_answer_of_one_container_can_be_followed_and_stopped_through_another(topology, meet):
    question = f"Where? {uuid.uuid4()}"
    topology.api.when(question, stall(["x\0y ", "é🎈 "]))
    here, there = topology.deployment.urls[:2]
    person = meet(here, **BEHIND_TLS)
    near, far = person.connect(), person.connect(there)
    id = near.ask(question)
    near.read_text(id, "é🎈 ")
    far.follow(id)
    far.read_text(id, "é🎈 ")
    far.stop(id)
    assert near.finish(id)["status"] == far.finish(id)["status"] == "stopped"
    assert near.texts == far.texts == {id: "x\ufffdy é🎈 "}


def test_the_health_check_fails_while_the_database_is_gone(topology, postgres_server):
    # Whatever host names the operator configures, the health check must pass.
    deployment = topology.deployment
    with Proxy(postgres_server.port) as way:
        url = deployment.environment_of("web")["DATABASE_URL"].replace(
            str(postgres_server.port), str(way.port)
        )
        [container] = deployment.start(DATABASE_URL=url, ALLOWED_HOSTS=".ask.example,ask.example.org")
        way.refuse()
        way.cut()
        wait_for(lambda: not container.is_healthy(), 60, "the health check fails")
        way.accept()
        wait_for(container.is_healthy, 60, "the health check succeeds again")
        assert deployment.stop([container]) == [0]


def test_web_runs_as_a_user_without_privileges(topology):
    for container in topology.deployment.containers:
        lines = Path(f"/proc/{container.process.pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines)
        user = topology.deployment.user if os.geteuid() == 0 else os.geteuid()
        assert set(status["Uid"].split()) == {str(user)}
        if os.geteuid() == 0:
            assert status["NoNewPrivs"] == "1"
            dac_read_search = 1 << 2  # see `as_user`
            assert int(status["CapEff"], 16) | dac_read_search == dac_read_search


def test_the_site_writes_only_into_tmp(topology, image):
    """It is used, with what may need files: an export, a large form, a command."""
    deployment = topology.deployment
    person = Visitor(CADDY_URL, Referer=f"{CADDY_URL}/")
    person.sign_up(f"{uuid.uuid4()}@example.org")
    page = person.connect()
    assert page.finish(page.ask("Where do you write?"))["status"] == "complete"
    assert person.http.get(f"{CADDY_URL}/history/answers.json").json()["answers"]
    form = {"language": "de", "next": "/" + "x" * 500_000}
    assert person.http.post(f"{CADDY_URL}/language/", form).status_code == 403  # it was read: it has no token
    person.close()
    [container, *_] = deployment.containers
    command = ["python", "manage.py", "usage", "--json"]
    usage = deployment.run(command, container.environment, container.temporary, stdout=subprocess.DEVNULL)
    assert usage.wait(60) == 0
    assert [write for one in deployment.containers for write in one.attempted_writes()] == []


def test_the_tree_cannot_be_written(topology, image):
    for folder in ("", "answers/", "staticfiles/"):
        code = f"open({folder + 'new'!r}, 'w')"
        temporary = topology.deployment.temporary_folder()
        tried = topology.deployment.run(["python", "-c", code], {}, temporary, stderr=subprocess.PIPE)
        assert b"PermissionError" in tried.communicate(timeout=20)[1]
        assert not (image / folder / "new").exists()


def test_the_image_has_no_secret_and_no_database(image):
    names = {path.name for path in image.iterdir()}
    assert names - {"__pycache__"} == {
        "accounts",
        "completions",
        "answers",
        "askme",
        "locale",
        "templates",
        "manage.py",
        "staticfiles",
    }
