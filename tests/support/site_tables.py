"""Every address and every frame of the site, and who may use it."""

import uuid
from typing import NamedTuple


class View(NamedTuple):
    """The statuses of GET and POST at an address of Alice's: for her, for Bob, and for a visitor without an
    account on a site where only people with an account may ask."""

    address: str
    alice: tuple[int, int]
    bob: tuple[int, int]
    visitor: tuple[int, int]
    form: dict[str, str] = {}

    @property
    def is_alices(self) -> bool:
        return self.address.startswith("/a/{answer}/")

    @property
    def takes_a_form(self) -> bool:
        return self.alice[1] != 405


ANYBODYS = [(200, 405)] * 3
OWN = (404, 404), (404, 404)
VIEWS = {
    "home": View("/", *ANYBODYS),
    "ask": View("/ask/", (200, 303), (200, 303), (200, 403), {"question": "Why?"}),
    "answer": View("/a/{answer}/", (200, 405), (404, 405), (404, 405)),
    "stop": View("/a/{answer}/stop/", (303, 303), *OWN),
    "rate": View("/a/{answer}/rate/", (302, 302), *OWN, {"rating": "1"}),
    "share": View("/a/{answer}/share/", (200, 302), *OWN),
    "delete_answer": View("/a/{answer}/delete/", (200, 302), *OWN),
    "delete_thread": View("/a/{answer}/thread/delete/", (200, 302), *OWN),
    "thread_json": View("/a/{answer}/thread.json", (200, 405), (404, 405), (404, 405)),
    "thread_markdown": View("/a/{answer}/thread.md", (200, 405), (404, 405), (404, 405)),
    "answer_text": View("/a/{answer}/text/", (200, 405), (404, 405), (404, 405)),
    "shared": View("/s/{share}/", *ANYBODYS),
    "shared_text": View("/s/{share}/{answer}/text/", *ANYBODYS),
    "history": View("/history/", *ANYBODYS),
    "export_json": View("/history/answers.json", *ANYBODYS),
    "export_markdown": View("/history/answers.md", *ANYBODYS),
    "auto_delete": View("/history/auto-delete/", (200, 302), (200, 302), (302, 302), {"days": "7"}),
    "delete_history": View("/history/delete/", *[(200, 302)] * 3),
    "delete_account": View(
        "/account/delete/", *[(302, 302)] * 3
    ),  # to the password check; a visitor has nothing to delete
    "invitation": View("/accounts/invitation/{invitation}/", *[(302, 405)] * 3),
    "single_sign_on": View("/accounts/oidc/sso/login/", *[(404, 405)] * 3),  # there is no provider
    "language": View("/language/", *[(200, 302)] * 3, {"language": "en"}),
}
# The pages of accounts are allauth's: those for people without an account, and those that need a login.
OPEN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_email_verification_sent",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_email",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "openid_connect_login",
    "openid_connect_callback",
}
OF_AN_ACCOUNT = {
    "account_reauthenticate",
    "account_email",
    "account_change_password",
    "account_set_password",
    "account_confirm_login_code",
    "mfa_index",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "socialaccount_signup",
    "socialaccount_connections",
    "usersessions_list",
}
NO_ANSWER = str(uuid.UUID(int=0))  # no answer has this id
FRAMES = {
    "question.ask": {"answer": NO_ANSWER, "question": "Why?"},
    "answer.follow": {"answer": NO_ANSWER},
    "answer.stop": {"answer": NO_ANSWER},
}
