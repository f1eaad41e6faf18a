"""allauth's forms with our own labels."""

from typing import Any

from allauth.account import forms
from django.utils.translation import gettext as _


class LoginForm(forms.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Email or username")
        self.fields["remember"].label = _("Stay logged in on this device")
