"""Warnings about models on the operator's pages: for whom they are asked, and where they stand."""

import pytest
from django.core.cache import cache

from answers.engine import model_check
from tests.support.staff import operator as log_in_operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def warned(settings):
    settings.ASKME_DEMO, settings.ASKME_CHECK_MODELS, settings.ASKME_MODEL = False, True, "old"
    cache.set(model_check._key("warnings"), ["The model “old” & <b>others</b> end."])
    yield
    cache.clear()


@pytest.fixture
def operator(db):
    return log_in_operator()


def test_the_index_and_the_list_of_answers_show_them_as_text(warned, operator):
    for path in ("/admin/", "/admin/answers/answer/"):
        html = operator.get(path).content.decode()
        assert '<li class="warning">The model “old” &amp; &lt;b&gt;others&lt;/b&gt; end.</li>' in html
        assert "style=" not in html  # the policy allows no inline style


def test_they_are_about_the_settings_of_now(warned, operator, settings):
    settings.ASKME_MODEL = "new"
    assert "messagelist" not in operator.get("/admin/").content.decode()


def test_they_end_with_the_setting_and_in_the_demo(warned, operator, settings):
    settings.ASKME_CHECK_MODELS = False
    assert "messagelist" not in operator.get("/admin/").content.decode()
    settings.ASKME_CHECK_MODELS, settings.ASKME_DEMO = True, True
    assert "messagelist" not in operator.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("url", "is_wanted"),
    [
        ("", True),
        ("http://localhost:11434/v1", True),
        ("https://team.openai.azure.com/openai/v1", False),  # it lists what could be deployed
        ("https://team.openai.azure.us/openai/v1", False),
        ("https://azure.com.example.org/v1", True),
    ],
)
def test_azure_is_not_asked(settings, url, is_wanted):
    settings.ASKME_DEMO, settings.ASKME_CHECK_MODELS, settings.OPENAI_BASE_URL = False, True, url
    assert model_check.is_wanted() == is_wanted
