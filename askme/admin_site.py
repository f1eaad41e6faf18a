"""The site's admin: Django's own, but all that is changed in it is in the audit too."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig

# Whoever sees or changes these gets into other people's accounts, or gives rights to themselves: email
# addresses, groups, second factors, the keys of sessions.
SUPERUSERS_ONLY = {"account", "auth", "mfa", "socialaccount", "usersessions"}


class OfSuperusers(ModelAdmin):  # type: ignore[type-arg]
    def has_module_permission(self, request: Any) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    has_change_permission = has_delete_permission = has_view_permission

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return self.has_module_permission(request)


class Site(AdminSite):
    def get_urls(self) -> list[Any]:
        """Without the redirects to the page of any object, which ask for no permission."""
        return [one for one in super().get_urls() if getattr(one, "name", "") != "view_on_site"]

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        # Not at the top: `answers.admin` registers its models with this site while it is imported.
        from answers.admin.auditing import Audited

        admin_class = admin_class or ModelAdmin
        is_one = isinstance(model_or_iterable, type)
        models: list[Any] = [model_or_iterable] if is_one else list(model_or_iterable)
        guards = [OfSuperusers] if SUPERUSERS_ONLY & {one._meta.app_label for one in models} else []
        if not issubclass(admin_class, Audited):
            names = {"__module__": admin_class.__module__}
            admin_class = type(admin_class.__name__, (Audited, *guards, admin_class), names)
        super().register(models, admin_class, **options)


class AdminConfig(DjangoAdminConfig):
    default_site = "askme.admin_site.Site"
