"""The workflows in .github: what they may do, and that they run what developers run."""

import re

import pytest
import yaml

from tests.support.sites import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
JOBS = [
    pytest.param(job, id=f"{path.stem}-{name}")
    for path in WORKFLOWS
    for name, job in yaml.safe_load(path.read_text())["jobs"].items()
]


def commands(job: dict) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_rights_of_its_own_and_runs_no_strangers_code_with_ours(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    events = workflow[True]  # the key is `on`, which YAML 1.1 reads as a boolean
    assert set(events) <= {"push", "pull_request", "schedule"}  # not pull_request_target


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(path):
    lines = [line.strip() for line in path.read_text().splitlines() if "uses:" in line]
    assert lines
    for line in lines:
        assert re.fullmatch(r"- uses: actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("job", JOBS)
def test_a_job_can_only_read_the_code_and_keeps_no_token(job):
    assert job["permissions"] == {"contents": "read"}
    assert job["timeout-minutes"] <= 120
    checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert [step["with"] for step in checkouts] == [{"persist-credentials": False}]
    assert "github." not in commands(job)  # such as the title of a pull request, which anybody writes
    assert "secrets." not in commands(job)


def test_ci_runs_the_commands_that_developers_run():
    [tests] = [one.values[0] for one in JOBS if one.id == "ci-tests"]
    run = {one["command"] for one in tests["strategy"]["matrix"]["include"]}
    assert run == {"make check", "make test", "make test-alerts", "make test DJANGO=6.1"}
    assert "${{ matrix.command }}" in commands(tests)


def test_ci_installs_the_packages_of_the_ci_script():
    ours = re.search(r"^packages=\((.*)\)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)[1].split()
    [tests] = [one.values[0] for one in JOBS if one.id == "ci-tests"]
    assert set(ours) <= set(commands(tests).split())


def test_every_make_target_of_a_workflow_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = re.findall(r"\bmake ([a-z-]+)$", "\n".join(commands(one.values[0]) for one in JOBS), re.MULTILINE)
    assert {"audit", "sbom"} <= set(used) <= targets


def test_new_versions_wait_before_they_are_proposed():
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    ecosystems = {update["package-ecosystem"] for update in updates}
    assert ecosystems == {"pip", "docker", "docker-compose", "github-actions"}
    assert all(update["cooldown"]["default-days"] >= 7 for update in updates)
