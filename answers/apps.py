from django.apps import AppConfig


class AnswersConfig(AppConfig):
    name = "answers"
    verbose_name = "Ask Me Anything"

    def ready(self) -> None:
        from answers import checks  # noqa: F401  (registers them)
