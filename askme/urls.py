"""The URLs of the site: answers, accounts, admin and the health check."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from accounts.deletion import delete_account
from askme.language import language

admin.site.site_header = admin.site.site_title = "Ask Me Anything"
admin.site.index_title = "Administration"
# Operators log in like everybody else, with the same limits, single sign-on and second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler500 = "askme.overload.server_error"
urlpatterns = [
    path("", include("answers.pages.urls")),
    path("account/delete/", delete_account, name="delete_account"),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("language/", language, name="language"),
]
