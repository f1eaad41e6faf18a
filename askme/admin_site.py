"""The site's admin: Django's own, but all that is changed in it is in the audit too."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class Site(AdminSite):
    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        # Not at the top: `answers.admin` registers its models with this site while it is imported.
        from answers.admin.auditing import Audited

        admin_class = admin_class or ModelAdmin
        if not issubclass(admin_class, Audited):
            names = {"__module__": admin_class.__module__}
            admin_class = type(admin_class.__name__, (Audited, admin_class), names)
        super().register(model_or_iterable, admin_class, **options)


class AdminConfig(DjangoAdminConfig):
    default_site = "askme.admin_site.Site"
