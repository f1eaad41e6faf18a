"""/metrics: who may read it, and that Prometheus, the dashboard, the alerts and the guide agree with it."""

import json
import re
import subprocess
import sys
import tomllib

import pytest
import requests
import yaml
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from askme import __version__
from tests.askme.test_alerts import promtool
from tests.askme.test_architecture import importers
from tests.support.api_server import ApiServer, answer, refuse
from tests.support.people import Person
from tests.support.services import wait_for
from tests.support.sites import ROOT, Site

TOKEN = "a token for tests: !\"#$%&'()".replace(" ", "-")
SECRET_QUESTION = "Is-my-neighbour-called-Zacharias?"
LABELS = {"model_name", "finished_reason", "error_code", "code", "reason", "currency", "le"}
VERSIONS = {"version", "django_version", "implementation", "major", "minor", "patchlevel", "generation"}
# What others than this process report.
FOREIGN = {"up"}


def scrape(url: str, **headers: str) -> requests.Response:
    return requests.get(f"{url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"} | headers, timeout=10)


def whole(url: str, **headers: str) -> requests.Response:
    """A scrape with the number of waiting questions, which a slow database may not tell in time."""

    def found() -> requests.Response | None:
        response = scrape(url, **headers)
        return response if "askme_num_requests_waiting" in response.text else None

    return wait_for(found, 20, "the number of waiting questions")


def samples(text: str) -> dict[tuple, float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def metrics_site(tmp_path_factory, redis_url):
    with ApiServer() as api:
        api.behaviour = answer(["Hello"], usage={"prompt_tokens": 3, "completion_tokens": 1})
        api.when("refused", refuse(401, "no"))
        folder = tmp_path_factory.mktemp("metrics")
        site = Site(folder, api, ASKME_METRICS_TOKEN=TOKEN, REDIS_URL=redis_url)
        try:
            yield site.start()
        finally:
            site.stop()


@pytest.fixture(scope="module")
def scraped(metrics_site):
    """A scrape of a process that has answered a question, and failed with another."""
    before = samples(whole(metrics_site.url).text)
    person = Person(metrics_site.url)
    page = person.connect()
    for question in (SECRET_QUESTION, "refused"):
        page.finish(page.ask(question))

    def both_are_counted():
        text = whole(metrics_site.url).text
        ends = sum(
            value
            for (name, *_), value in samples(text).items()
            if re.search(r"_(success|failure)_total", name)
        )
        return text if ends == 2 else ""

    text = wait_for(both_are_counted, 20, "both answers are counted")
    assert set(samples(text)) >= set(before)
    yield text
    person.close()


def expressions() -> list[str]:
    """All expressions of the dashboard and the alerts."""
    panels = json.loads((ROOT / "deploy" / "grafana.json").read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    groups = yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())["groups"]
    shown = [one.replace("$job", "askme").replace("$__rate_interval", "5m") for one in shown]
    return shown + [rule["expr"] for group in groups for rule in group["rules"]]


# -- Who may read it


@pytest.mark.parametrize(
    "header",
    [
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
        "Bearer ☃",
    ],
)
def test_without_the_token_nothing_is_told(metrics_site, header):
    response = scrape(metrics_site.url, Authorization=header.encode())
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "askme_" not in response.text


def test_with_the_token_it_answers_to_any_host_name_since_prometheus_uses_addresses(metrics_site):
    response = scrape(metrics_site.url, Host="10.0.0.3:8000")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers


def test_other_methods_and_other_paths(metrics_site):
    authorization = {"Authorization": f"Bearer {TOKEN}"}
    url = f"{metrics_site.url}/metrics"
    head = requests.head(url, headers=authorization, timeout=10)
    assert (head.status_code, head.text) == (200, "")
    assert requests.post(url, headers=authorization, timeout=10).status_code == 405
    for other in (f"{url}/", f"{url}x", f"{metrics_site.url}/admin/metrics"):
        assert "askme_" not in requests.get(other, headers=authorization, timeout=10).text


def test_without_the_setting_there_is_no_such_page(shared_site):
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}"}):
        assert requests.get(f"{shared_site.url}/metrics", headers=headers, timeout=10).status_code == 404


# -- What it says


@pytest.mark.promtool
def test_promtool_accepts_the_scrape(scraped):
    done = subprocess.run(["promtool", "check", "metrics"], input=scraped, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_scrape_is_the_same_in_the_format_that_prometheus_prefers(metrics_site, scraped):
    response = whole(metrics_site.url, Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    families = list(openmetrics.text_string_to_metric_families(response.text))
    found = {sample.name for family in families for sample in family.samples}
    assert {name for name, *_ in samples(scraped)} <= found


def test_what_happened_is_counted(scraped):
    found = samples(scraped)
    model = ("model_name", "test")
    assert found["askme_request_success_total", ("finished_reason", "stop"), model] == 1
    assert found["askme_request_failure_total", ("error_code", "not_configured"), model] == 1
    assert found["askme_questions_total",] == 2
    assert found["askme_prompt_tokens_total", model] == 3
    assert found["askme_time_to_first_token_seconds_count", model] == 1
    assert found["askme_e2e_request_latency_seconds_count", model] == 2
    assert found["askme_num_requests_waiting",] == 0
    assert found["askme_websockets",] == 1
    assert found["askme_redis_up",] == 1
    assert found["askme_batches_total",] >= 1
    assert found["askme_last_save_timestamp_seconds",] > found["process_start_time_seconds",]
    assert found["askme_build_info", ("django_version", _django()), ("version", __version__)] == 1


def _django() -> str:
    import django

    return django.__version__


def test_nothing_is_about_one_person_and_no_text_of_anybody_is_in_it(scraped):
    assert SECRET_QUESTION not in scraped
    for _, *labels in samples(scraped):
        assert {name for name, _ in labels} <= LABELS | VERSIONS, labels


def test_use_adds_no_series(metrics_site, scraped):
    names = set(samples(scraped))
    person = Person(metrics_site.url)
    page = person.connect()
    page.finish(page.ask("Another?"))
    page.say("question.ask", answer="nonsense")
    page.read_until("error")
    person.close()
    assert set(samples(whole(metrics_site.url).text)) == names


def test_a_scrape_works_while_the_database_is_away(make_site, postgres):
    site = make_site(DATABASE_URL=postgres.create_database("askme"), ASKME_METRICS_TOKEN=TOKEN).start()
    whole(site.url)
    postgres.stop()

    def counted():
        text = scrape(site.url).text
        return text if re.search(r'save_errors_total{reason="database"} [1-9]', text) else ""

    def without_number():  # it may have been found out a moment before
        text = counted()
        return text if "askme_num_requests_waiting" not in text else ""

    text = wait_for(without_number, 20, "the saver has failed, and the number is unknown")
    assert "askme_last_save_timestamp_seconds" in text
    postgres.start()
    whole(site.url)  # the number is back


# -- What relies on it


def test_the_dashboard_and_the_alerts_use_only_metrics_that_exist(scraped):
    existing = {name for name, *_ in samples(scraped)} | FOREIGN
    assert len(expressions()) > 50
    for expression in expressions():
        without_strings = re.sub(r'"[^"]*"', "", re.sub(r"by \([^)]*\)", "", expression))
        names = set(re.findall(r"\b(?:askme|process|python)_\w+|\bup\b", without_strings))
        assert names, expression
        assert names <= existing, expression


@pytest.mark.promtool
def test_prometheus_understands_every_expression(tmp_path):
    rules = [{"record": f"one:{number}", "expr": one} for number, one in enumerate(expressions())]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))
    promtool("check", "rules", tmp_path / "rules.yml")


def test_every_metric_is_in_the_dashboard_and_in_the_document(scraped):
    document = (ROOT / "docs" / "operating.md").read_text()
    described = set(re.findall(r"`(askme_\w+)`", document))
    families = {family.name for family in text_string_to_metric_families(scraped)}
    counters = {family.name for family in text_string_to_metric_families(scraped) if family.type == "counter"}
    ours = {f"{name}_total" if name in counters else name for name in families if name.startswith("askme_")}
    assert described == ours
    shown = "\n".join(expressions())
    unseen = {name for name in ours if name not in shown}
    assert unseen <= {"askme_answer_threads_busy"}


def files_of_the_guide() -> list[str]:
    """What the operator writes: the override of Compose's file, and Prometheus's configuration."""
    guide = (ROOT / "docs" / "operating.md").read_text().partition("## Monitor it")[2]
    return re.findall(r"```yaml\n(.*?)```", guide.partition("### What the numbers")[0], re.DOTALL)


def test_compose_accepts_the_file_of_the_guide_and_the_alerts_know_its_job(tmp_path):
    override, config = files_of_the_guide()
    [job] = yaml.safe_load(config)["scrape_configs"]
    assert all(f'job="{job["job_name"]}"' in one for one in expressions() if re.match(r"up\b", one))
    (tmp_path / "compose.yml").write_text(override)
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, tmp_path / "compose.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.promtool
def test_prometheus_accepts_the_file_of_the_guide(tmp_path):
    _, config = files_of_the_guide()
    (tmp_path / "prometheus.yml").write_text(config)
    promtool("check", "config", "--syntax-only", tmp_path / "prometheus.yml")


def test_the_version_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__


def test_answers_works_without_prometheus():
    """Other sites need the package only if they serve the metrics."""
    ours = {"answers/live/families.py", "answers/live/metrics.py"}
    assert importers("prometheus_client") == {*ours, "askme/metrics.py"}
    assert importers("answers.live.metrics") == {"askme/metrics.py"}
    assert importers("answers.live.families") == {"answers/live/metrics.py"}
