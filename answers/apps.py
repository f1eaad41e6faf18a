from django.apps import AppConfig
from django.conf import settings

from answers import conf


class AnswersConfig(AppConfig):
    name = "answers"
    verbose_name = "Ask Me Anything"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        for name in dir(conf):
            if name.isupper() and not hasattr(settings, name):
                setattr(settings, name, getattr(conf, name))
