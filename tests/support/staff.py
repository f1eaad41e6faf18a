"""Members of the staff with certain rights, logged in."""

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from accounts.models import User


def staff(*rights: str) -> Client:
    """Somebody who has these permissions, such as `view_answer`."""
    user = User.objects.create_user(f"staff-{User.objects.count()}", is_staff=True)
    found = list(Permission.objects.filter(codename__in=rights))
    assert {one.codename for one in found} == set(rights)
    user.user_permissions.set(found)
    return _logged_in(user)


def operator() -> Client:
    return _logged_in(User.objects.create_superuser("operator"))


def _logged_in(user: User) -> Client:
    """Its pages need the same statements each time: what only the first one reads has been read."""
    client = Client()
    client.force_login(user)
    client.get("/admin/")  # the first page of a new session notes whose it is
    ContentType.objects.get_for_models(*apps.get_models())  # other tests clear their cache
    return client
