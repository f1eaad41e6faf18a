"""Accounts: the settings of django-allauth."""

from askme.settings.site import (
    ASKME_HTTPS,
    ASKME_OIDC_CLIENT_ID,
    ASKME_OIDC_CLIENT_SECRET,
    ASKME_OIDC_ISSUER,
    ASKME_OIDC_NAME,
    ASKME_PROXIES,
    ASKME_VERIFY_EMAIL,
    EMAIL_URL,
)

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",  # guests are logged in with the first
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL, LOGIN_REDIRECT_URL = "account_login", "home"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}  # accounts from `make admin` may have no address
ACCOUNT_FORMS = {"login": "accounts.forms.LoginForm"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if ASKME_VERIFY_EMAIL else "none"
# With a code, which is entered in the browser that signed up, since that has the guest's answers.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = ASKME_VERIFY_EMAIL
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = ASKME_VERIFY_EMAIL
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = bool(EMAIL_URL)  # about a new password, address or second factor
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if ASKME_HTTPS else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = ASKME_PROXIES  # for the address in rate limits
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Ask Me Anything"
# Without email nobody could verify an address, which allauth otherwise requires before a second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = not ASKME_VERIFY_EMAIL
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
# With a link, since our Content-Security-Policy (`form-action`) lets no form redirect to the provider. The
# cost: another site can start a login. But the person still logs in to their own account at the provider.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": ASKME_OIDC_NAME,
                "client_id": ASKME_OIDC_CLIENT_ID,
                "secret": ASKME_OIDC_CLIENT_SECRET,
                "settings": {"server_url": ASKME_OIDC_ISSUER},
            }
        ]
        if ASKME_OIDC_ISSUER
        else [],
    }
}
