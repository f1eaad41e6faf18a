"""Members of the staff with certain rights, logged in."""

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User


def staff(*rights: str) -> Client:
    """Somebody who has these permissions, such as `view_answer`."""
    user = User.objects.create_user(f"staff-{User.objects.count()}", is_staff=True)
    found = list(Permission.objects.filter(codename__in=rights))
    assert {one.codename for one in found} == set(rights)
    user.user_permissions.set(found)
    client = Client()
    client.force_login(user)
    client.get("/admin/")  # the first page of a new session notes whose it is
    return client


def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    client.get("/admin/")
    return client
