from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# Operators log in as everybody does: with the same limits, single sign-on and second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("answers.urls")),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
]
