from django.apps import AppConfig


class AskmeConfig(AppConfig):
    name = "askme"
    verbose_name = "askme"

    def ready(self) -> None:
        from askme import checks  # noqa: F401  (registers them)
