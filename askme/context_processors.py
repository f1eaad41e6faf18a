"""What the admin's templates of this site show beside Django's own."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from answers.engine import model_check


def model_warnings(request: HttpRequest) -> dict[str, Any]:
    """Sentences for operators. Only the templates that show them cause the look into the cache."""
    return {"model_warnings": SimpleLazyObject(model_check.warnings)}
