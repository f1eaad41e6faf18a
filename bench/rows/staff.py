"""A member of the staff with all permissions, whose browser the rows are measured with."""

from collections.abc import Callable

from django.test import Client

from accounts.models import User


class Staff:
    def __init__(self) -> None:
        self.client = Client()
        user, _ = User.objects.get_or_create(username="staff", is_staff=True, is_superuser=True)
        self.client.force_login(user)
        self.client.get("/admin/")

    def get(self, address: str, **query: object) -> Callable[[], object]:
        """An operation: open this page."""

        def run() -> None:
            assert self.client.get(address, query).status_code == 200, address

        return run
