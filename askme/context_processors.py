"""What this site's templates need, in addition to Django's context."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from answers.admin.warnings import operator_warnings as current_warnings
from answers.engine import model_check


def model_warnings(request: HttpRequest) -> dict[str, Any]:
    """Warnings for operators. The cache is read only if a template shows them."""
    return {"model_warnings": SimpleLazyObject(model_check.warnings)}


def operator_warnings(request: HttpRequest) -> dict[str, Any]:
    """All that operators should know at once, models included. Checked only if a template shows it."""
    return {"operator_warnings": SimpleLazyObject(current_warnings)}


def notice(request: HttpRequest) -> dict[str, Any]:
    """What people are told about who keeps and reads what they ask (templates/answers/notice.html)."""
    return {
        "notice": settings.ASKME_NOTICE,
        "notice_url": settings.ASKME_NOTICE_URL,
        "keep_days": settings.ASKME_KEEP_DAYS,
    }
