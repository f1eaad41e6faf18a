from allauth.account.views import password_set
from allauth.mfa.totp.views import activate_totp
from django.contrib.auth.decorators import login_required
from django.urls import include, path

from accounts import views
from accounts.reauthentication import require_reauthentication

urlpatterns = [
    # Instead of allauth's at the same addresses: a password or second factor confirms a deletion, so nobody
    # may get one without confirming.
    path("password/set/", login_required(require_reauthentication(password_set))),
    path("2fa/totp/activate/", login_required(require_reauthentication(activate_totp))),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("oidc/sso/login/", views.single_sign_on),
    path("", include("allauth.urls")),
]
