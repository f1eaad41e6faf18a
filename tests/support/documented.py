"""The commands that documents let people paste, and whether they exist with these options."""

import re
import shlex
import tempfile
from functools import cache
from itertools import pairwise
from pathlib import Path

from django.core.management import get_commands, load_command_class

from askme.secrets import NAMES
from tests.support.compose import all_services, compose
from tests.support.services import Postgres
from tests.support.sites import ROOT

# Programs of every machine, or of whoever uses them. Nothing here can check what they are told to do.
OTHER_PROGRAMS = {"cat", "cp", "curl", "git", "ls", "mkdir", "mv", "openssl", "rm", "sudo", "systemctl"}
INLINE = re.compile(r"`((?:docker compose|kubectl|make|sh|\S*python manage\.py) [^`]+)`")
# Of Compose's commands, but not of exec and run.
OPTIONS_WITH_VALUE = {"--scale", "--timeout", "--wait-timeout", "--tail", "--since"}


def section(document: str, title: str = "") -> str:
    """Return the text below this heading, with its subsections. Without `title`, return all of it."""
    text = (ROOT / document).read_text()
    if not title:
        return text
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{document} has no section {title!r}"
    return re.split(rf"^#{{1,{len(found[1])}}} ", found[2], flags=re.MULTILINE)[0]


def blocks(text: str) -> list[list[str]]:
    """Return the commands of each block that is nothing else, without their comments."""
    found = re.findall(r"^```(.*?)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [_commands(block.replace("\\\n", " ")) for language, block in found if not language]


def _commands(block: str) -> list[str]:
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in block.splitlines())
    return [line for line in lines if line]


def documented_commands(text: str) -> list[str]:
    """Return the commands of all blocks, and those in sentences, each once."""
    found = [command for block in blocks(text) for command in block] + INLINE.findall(text)
    return sorted(set(found))


def check(command: str) -> None:
    """Raise AssertionError or CommandError unless what it calls exists and takes these arguments."""
    words = [word for word in shlex.split(re.split(" [<>] ", command)[0]) if not re.match(r"[A-Z_]+=", word)]
    match words:
        case ["docker", "compose", *arguments]:
            _check_compose(arguments)
        case ["kubectl", *arguments]:
            _check_kubectl(arguments)
        case [python, "manage.py", *arguments] if python.endswith("python"):
            _check_manage(arguments)
        case ["make", target, *_]:
            assert re.search(rf"^{target}:.*##", (ROOT / "Makefile").read_text(), re.MULTILINE), command
        case ["sh", path, *_]:
            assert (ROOT / path).is_file(), command
        case [program, *_]:
            assert program in OTHER_PROGRAMS, f"nothing checks {command!r}"


@cache
def _services() -> frozenset[str]:
    with tempfile.TemporaryDirectory() as folder:
        ours = all_services(Path(folder))
    examples = re.findall(r"^```yaml\nservices:\n  (\w+):", section("docs/operating.md"), re.MULTILINE)
    return frozenset(ours) | frozenset(examples)


def _check_compose(arguments: list[str]) -> None:
    end = len(arguments)
    if arguments[0] in ("exec", "run"):  # what follows the service is for the container
        end = next(index for index, word in enumerate(arguments) if word in _services())
        _check_in_container(arguments[end], arguments[end + 1 :], arguments[:end])
    elif arguments[0] != "cp":
        pairs = pairwise(arguments)
        named = [
            word for before, word in pairs if not word.startswith("-") and before not in OPTIONS_WITH_VALUE
        ]
        assert set(named) <= _services(), arguments
    with tempfile.TemporaryDirectory() as folder:
        # It reads all options before it shows its help.
        done = compose(Path(folder), shlex.join([*arguments[:end], "--help"]), {})
    assert done.returncode == 0, f"{arguments}: {done.stderr}"


def _check_in_container(service: str, arguments: list[str], options: list[str]) -> None:
    if "--entrypoint" in options:
        return
    match service, arguments:
        case "web", ["python", "manage.py", *rest]:
            _check_manage(rest)
        case "web", ["cat", path]:
            assert path.removeprefix("/secrets/") in NAMES
        case "postgres", [program, *_]:
            assert (Postgres.programs_in_package() / program).is_file(), program
        case "caddy", ["caddy", "reload", "--config", "/etc/caddy/Caddyfile"]:
            pass  # tests/deployment reloads it
        case "caddy", ["caddy", "reload", "--config", path]:
            assert (ROOT / "deploy" / path.removeprefix("/etc/caddy/")).is_file()
        case "backup", ["now"] | ["restore"] | ["restore", _]:
            pass
        case _, rest:
            assert rest == [], f"nothing checks {rest} in {service}"


def _check_manage(arguments: list[str]) -> None:
    if not arguments:  # the beginning of all such commands
        return
    name, *rest = arguments
    applications = get_commands()
    assert name in applications, f"manage.py {name} does not exist"
    if rest:  # or a sentence only names it
        load_command_class(applications[name], name).create_parser("manage.py", name).parse_args(rest)


def _check_kubectl(arguments: list[str]) -> None:
    """No cluster and no kubectl: only that the files and the commands in the pod exist."""
    files = [word for before, word in pairwise(arguments) if before == "-f"]
    assert all((ROOT / file).is_file() for file in files), arguments
    if "--" in arguments:
        inner = arguments[arguments.index("--") + 1 :]
        assert inner[:2] == ["python", "manage.py"]
        _check_manage(inner[2:])
