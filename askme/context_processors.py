"""What this site's templates for the admin need, in addition to Django's context."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from answers.engine import model_check


def model_warnings(request: HttpRequest) -> dict[str, Any]:
    """Warnings for operators. The cache is read only if a template shows them."""
    return {"model_warnings": SimpleLazyObject(model_check.warnings)}
