"""Delete a person with all their answers. Without --yes, show what would be deleted."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from accounts.models import User
from accounts.removal import possessions, remove
from answers.admin.auditing import record_command
from answers.models import Action


class Command(BaseCommand):
    help = (
        "Delete a person with all their answers, shared links and sessions. Answers that are running are"
        " stopped. Without --yes, only show what would be deleted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", metavar="NAME_OR_EMAIL", help="a username or an email address")
        parser.add_argument("--yes", action="store_true", help="delete")

    def handle(self, *args: Any, person: str, yes: bool, **options: Any) -> None:
        user = _find(person)
        self.stdout.write(f"{_describe(user)}: {possessions([user])}.")
        if not yes:
            self.stdout.write("Nothing was deleted. Add --yes to delete all of it.")
            return
        name = user.get_username()
        record_command(Action.DELETED, f"user {name}", person=name, number=1)
        remove(user)
        self.stdout.write("Deleted.")


def _find(person: str) -> User:
    theirs = Q(email__iexact=person) | Q(emailaddress__email__iexact=person)
    users = list(User.objects.filter(Q(username__iexact=person) | theirs).distinct())
    if not users:
        raise CommandError(f"Nobody has the username or email address “{person}”.")
    if len(users) > 1:
        names = "; ".join(_describe(user) for user in users)
        raise CommandError(
            f"“{person}” matches {len(users)} people: {names}. Delete one of them in the admin."
        )
    return users[0]


def _describe(user: User) -> str:
    seen = f"last login {user.last_login:%Y-%m-%d}" if user.last_login else "never logged in"
    email = f" ({user.email})" if user.email else ""
    return f"{user.username}{email}, since {user.date_joined:%Y-%m-%d}, {seen}"
