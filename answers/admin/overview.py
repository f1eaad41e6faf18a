"""A page of the admin that stands in the place of a list of rows, and changes nothing.

So it is in the index under the name of its model, and Django's permission to view the model applies.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from answers.admin.read_only import ReadOnly
from answers.admin.warnings import operator_warnings


class OverviewAdmin(ReadOnly):
    template: str
    title: str

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        """What the template needs in addition to the admin's own context and the warnings."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.changelist_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [path("", page, name=name)]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": self.title,
            "opts": self.opts,
            "media": self.media,
            "operator_warnings": operator_warnings(),
            **self.page_context(request),
        }
        return TemplateResponse(request, self.template, context | (extra_context or {}))
