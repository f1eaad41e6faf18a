import logging

import requests
from allauth.socialaccount.providers.openid_connect.views import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.adapters import INVITATION
from accounts.models import Invitation

log = logging.getLogger(__name__)


@require_safe
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Remember the invitation and continue to the form. It is used when the account is created."""
    found = Invitation.objects.for_token(token)
    if found is None:
        return render(request, "account/invitation_unusable.html", status=404)
    request.session[INVITATION] = found.pk
    return redirect("account_signup")


@require_safe
@never_cache
def single_sign_on(request: HttpRequest) -> HttpResponse:
    """Redirect to the provider. allauth asks it for its URLs first, and raises if it does not respond."""
    try:
        return login(request, "sso")  # type: ignore[no-any-return]
    except requests.RequestException as error:
        log.error("single sign-on failed because the provider does not respond: %s", error)
        return render(request, "socialaccount/authentication_error.html", status=503)
