from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"  # "Accounts" is the name of allauth's app

    def ready(self) -> None:
        from accounts import reauthentication  # noqa: F401  (receives a signal)
