"""Every address of the admin, found in its URLs, with objects that exist."""

from collections.abc import Iterator
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin
from django.db.models import Model
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils.http import urlencode

# The values of arguments that are not the key of an object.
ARGUMENTS: dict[str, list[str]] = {"choice": ["csv", "jsonl", "rated"]}
KEYS = {"object_id", "id", "pk"}
GENERAL = ["", "password_change/", "jsi18n/", "autocomplete/"]  # below /admin/


def addresses() -> Iterator[str]:
    """Those of all models, with one object of each."""
    for path in GENERAL:
        yield f"/admin/{path}"
    for label in sorted({model._meta.app_label for model in admin.site._registry}):
        yield f"/admin/{label}/"
    for model, model_admin in admin.site._registry.items():
        for pattern in model_admin.get_urls():
            yield from _of_pattern(model, pattern)


def _of_pattern(model: type[Model], pattern: Any) -> Iterator[str]:
    if not isinstance(pattern, URLPattern) or not pattern.name:
        return  # Django's redirect from /<id>/
    names = list(pattern.pattern.converters)
    if not names:
        yield reverse(f"admin:{pattern.name}")
    for name in names:
        assert len(names) == 1, f"{pattern.name} has several arguments: add them to {__name__}"
        if name in KEYS:
            objects = model._default_manager.order_by("pk")[:3]
            values = [getattr(one, "token", one.pk) for one in objects]
        else:
            values = ARGUMENTS[name]
        for value in values:
            yield reverse(f"admin:{pattern.name}", kwargs={name: value})


def read(client: Client, address: str, method: str = "get", **data: Any) -> str:
    """What somebody receives: headers, texts and files, after redirects."""
    response: Any = getattr(client, method)(address, data, follow=True)
    headers = urlencode(dict(response.items()))
    return headers + _body(response)


def _body(response: HttpResponseBase) -> str:
    if not response.streaming:
        return response.content.decode()  # type: ignore[attr-defined]
    if not response.is_async:  # type: ignore[attr-defined]
        return b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]

    @async_to_sync
    async def collect() -> bytes:
        return b"".join([part async for part in response.streaming_content])  # type: ignore[attr-defined]

    return collect().decode()
