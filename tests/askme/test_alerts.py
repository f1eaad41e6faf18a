"""deploy/alerts.yml: each alert fires when it should, and nothing fires on a site that works well.

Prometheus's own promtool evaluates the rules, over five hours that take milliseconds.
"""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from tests.support.sites import ROOT

RULES = ROOT / "deploy" / "alerts.yml"
ALERTS = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]

# A minute each. `0+60x300`: from 0, 60 more in each of 240 minutes; `_`: no value.
HEALTHY = {
    'up{job="askme", instance="a"}': "1x300",
    'process_start_time_seconds{job="askme", instance="a"}': "5x300",
    'process_open_fds{job="askme", instance="a"}': "100x300",
    'process_max_fds{job="askme", instance="a"}': "1024x300",
    'askme_build_info{version="1", instance="a"}': "1x300",
    'askme_build_info{version="1", instance="b"}': "1x300",
    'askme_request_success_total{model_name="m", finished_reason="stop"}': "0+60x300",
    'askme_request_success_total{model_name="m", finished_reason="abort"}': "0+9x300",
    'askme_request_failure_total{model_name="m", error_code="timeout"}': "0+1x300",
    'askme_request_failure_total{model_name="m", error_code="filtered"}': "0+30x300",
    'askme_request_failure_total{model_name="m", error_code="not_configured"}': "3x300",
    'askme_request_failure_total{model_name="m", error_code="interrupted"}': "3x300",
    'askme_questions_refused_total{code="busy"}': "7x300",
    'askme_questions_refused_total{code="too_many_questions"}': "0+9x300",
    'askme_oldest_waiting_seconds{instance="a"}': "3x300",
    'askme_time_to_first_token_seconds_bucket{model_name="m", le="10.0"}': "0+60x300",
    'askme_time_to_first_token_seconds_bucket{model_name="m", le="+Inf"}': "0+61x300",
    'askme_event_loop_lag_seconds_bucket{instance="a", le="0.005"}': "0+119x300",
    'askme_event_loop_lag_seconds_bucket{instance="a", le="5.0"}': "0+120x300",
    'askme_event_loop_lag_seconds_bucket{instance="a", le="+Inf"}': "0+120x300",
    'askme_last_save_timestamp_seconds{instance="a"}': "0+60x300",
    'askme_save_errors_total{reason="database"}': "5x300",
    'askme_save_errors_total{reason="internal"}': "1x300",
    'askme_redis_up{instance="a"}': "1x300",
    'askme_last_prune_timestamp_seconds{instance="a"}': "0+60x300",
    'askme_last_prune_timestamp_seconds{instance="b"}': "0x300",  # its thread has not looked since
}

# A minute at which the alert does not fire yet, one at which it does, and what is different after an hour.
TROUBLES = {
    "AskmeDown": (61, 70, {'up{job="askme", instance="a"}': "1x59 _x180"}),
    "AskmeProcessDoesNotRespond": (
        63,
        66,
        {'up{job="askme", instance="a"}': "1x59 0x180", 'up{job="askme", instance="b"}': "1x300"},
    ),
    "AskmeRestartsOften": (
        61,
        64,
        {'process_start_time_seconds{job="askme", instance="a"}': "5x60 6 7 8x180"},
    ),
    "AskmeNotConfigured": (
        59,
        62,
        {'askme_request_failure_total{model_name="m", error_code="not_configured"}': "3x60 4x180"},
    ),
    "AskmeAnswersFail": (
        65,
        75,
        {'askme_request_failure_total{model_name="m", error_code="timeout"}': "0+1x60 60+40x180"},
    ),
    "AskmeQuestionsRefused": (59, 62, {'askme_questions_refused_total{code="busy"}': "7x60 8x180"}),
    "AskmeQuestionsWait": (61, 64, {'askme_oldest_waiting_seconds{instance="a"}': "3x60 61+60x180"}),
    "AskmeFirstTextSlow": (
        68,
        80,
        {
            'askme_time_to_first_token_seconds_bucket{model_name="m", le="10.0"}': "0+60x60 3600+10x180",
            'askme_time_to_first_token_seconds_bucket{model_name="m", le="40.0"}': "0+61x300",
        },
    ),
    "AskmeNotSaving": (60, 63, {'askme_last_save_timestamp_seconds{instance="a"}': "0+60x60 3600x180"}),
    "AskmeSavesFail": (59, 62, {'askme_save_errors_total{reason="internal"}': "1x60 2x180"}),
    "AskmeAnswersInterrupted": (
        59,
        62,
        {'askme_request_failure_total{model_name="m", error_code="interrupted"}': "3x60 4x180"},
    ),
    "AskmeRedisAway": (61, 64, {'askme_redis_up{instance="a"}': "1x60 0x180"}),
    "AskmeEventLoopLate": (
        68,
        80,
        {'askme_event_loop_lag_seconds_bucket{instance="a", le="0.005"}': "0+119x60 7140+50x180"},
    ),
    "AskmeFilesRunOut": (64, 67, {'process_open_fds{job="askme", instance="a"}': "100x60 900x180"}),
    "AskmeNotPruned": (
        239,
        245,
        {'askme_last_prune_timestamp_seconds{instance="a"}': "0x300"},
    ),
    "AskmeVersionsDiffer": (115, 122, {'askme_build_info{version="2", instance="c"}': "_x59 1x180"}),
}


def promtool(*arguments: object) -> str:
    program = shutil.which("promtool")
    assert program, "promtool is not installed: on Debian or Ubuntu, apt-get install prometheus"
    command = [program, *(str(argument) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def trial(name: str, series: dict[str, str], firing: dict[int, list[str]]) -> dict:
    """Which alerts fire after how many minutes."""
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": f"{minute}m",
                "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in alerts],
            }
            for minute, alerts in firing.items()
        ],
    }


def run(tmp_path, *trials: dict) -> None:
    file = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": list(trials)}
    (tmp_path / "trials.yml").write_text(json.dumps(file))
    promtool("test", "rules", tmp_path / "trials.yml")


@pytest.mark.promtool
def test_promtool_accepts_the_rules():
    assert f"SUCCESS: {len(ALERTS)} rules found" in promtool("check", "rules", RULES)


@pytest.mark.promtool
def test_a_site_that_works_well_causes_no_alert(tmp_path):
    run(tmp_path, trial("healthy", HEALTHY, {minute: [] for minute in range(5, 300, 15)}))


@pytest.mark.promtool
def test_each_alert_fires_alone_when_its_trouble_begins(tmp_path):
    assert set(TROUBLES) == set(ALERTS)
    run(
        tmp_path,
        *(
            trial(alert, HEALTHY | change, {before: [], after: [alert]})
            for alert, (before, after, change) in TROUBLES.items()
        ),
    )


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_says_what_to_do(alert):
    [rule] = [
        one
        for group in yaml.safe_load(RULES.read_text())["groups"]
        for one in group["rules"]
        if one["alert"] == alert
    ]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"].endswith((".", ")."))
    assert len(rule["annotations"]["description"]) > 40
    documented = (ROOT / "docs" / "operating.md").read_text()
    assert re.search(rf"^\| `{alert}` \|", documented, re.MULTILINE), f"{alert} is not in docs/operating.md"
