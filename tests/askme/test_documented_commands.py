"""Every command that a document lets an operator paste exists, with these options.

docs/operating.md says which were not tried, since there is no Docker engine and no cluster here. test_backup
runs those that back up and restore.
"""

import pytest
from django.core.management import CommandError

from tests.support.documented import check, documented_commands, section

COMMANDS = {
    *documented_commands(section("docs/operating.md")),
    *documented_commands(section("README.md", "Run it for a team")),
}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_documented_command_exists(command):
    check(command)


def test_commands_are_found_in_blocks_and_in_sentences():
    found = documented_commands(section("docs/operating.md"))
    assert "docker compose build" in found
    assert "sh deploy/backup.sh now" in found
    assert len(found) > 30


@pytest.mark.parametrize(
    "command",
    [
        "docker compose bild",
        "docker compose up -d --wait-for-it",
        "docker compose up -d wep",
        "docker compose exec web python manage.py creatsuperuser",
        "docker compose exec web python manage.py prune --wet-run",
        "docker compose exec postgres psqll",
        "docker compose exec web cat /secrets/key",
        "docker compose run --rm backup later",
        "docker compose run --rm secrets now",
        ".venv/bin/python manage.py backup --keep-days many",
        "kubectl apply -f deploy/kubernetes/wep.yml",
        "kubectl exec deployment/askme -- python manage.py nonsense",
        "make nonsense",
        "sh deploy/nonsense.sh",
        "nonsense",
    ],
)
def test_a_command_with_a_mistake_is_found(command):
    with pytest.raises((AssertionError, CommandError)):
        check(command)
