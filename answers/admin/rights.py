"""What a member of the staff may do with answers. Each right is separate.

`view_answer` shows rows and figures, without any text. `read_answer` shows the texts too. A name is shown to
those who may see people, and to those who read what they wrote.
"""

from django.contrib.auth import get_user_model
from django.http import HttpRequest


def may_read(request: HttpRequest) -> bool:
    """Questions, answers, reasoning, comments, and the API's own words, which may quote a question."""
    return _may(request, "answers.read_answer")


def may_stop(request: HttpRequest) -> bool:
    return _may(request, "answers.stop_answer")


def may_export(request: HttpRequest) -> bool:
    return _may(request, "answers.export_answer")


def may_see_people(request: HttpRequest) -> bool:
    """Their pages in the admin."""
    options = get_user_model()._meta
    names = (f"{options.app_label}.{action}_{options.model_name}" for action in ("view", "change"))
    return any(_may(request, name) for name in names)


def may_see_names(request: HttpRequest) -> bool:
    return may_see_people(request) or may_read(request)


def _may(request: HttpRequest, permission: str) -> bool:
    return request.user.is_active and request.user.has_perm(permission)
