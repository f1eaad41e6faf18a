"""Revoke a shared link, so that nobody can use it any more. Without --yes, show what it shares."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from answers.admin.auditing import record_command
from answers.models import Action, Share


class Command(BaseCommand):
    help = "Revoke a shared link. The answers stay. Without --yes, only show what the link shares."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("link", metavar="TOKEN_OR_URL", help="the link, or the token in it")
        parser.add_argument("--yes", action="store_true", help="revoke it")

    def handle(self, *args: Any, link: str, yes: bool, **options: Any) -> None:
        share = Share.objects.of_link(link).select_related("user").first()
        if share is None:
            raise CommandError("There is no such shared link.")
        answers = share.answers.order_by("asked_at", "pk")
        count = answers.count()
        first = answers.only("question").first()
        self.stdout.write(
            f"A thread shared by {share.user.get_username()} since {share.created_at:%Y-%m-%d},"
            f" {count:,} answer{'' if count == 1 else 's'}: {first.question[:80] if first else 'deleted'}"
        )
        if not yes:
            self.stdout.write("Nothing was revoked. Add --yes to revoke the link.")
            return
        what = f"shared link of thread {share.thread}"
        record_command(Action.DELETED, what, person=share.user.get_username(), number=1)
        share.delete()
        self.stdout.write("Revoked. Pages that show it notice within 30 seconds.")
