"""deploy/requirements.txt, as `make lock` writes it: the versions of requirements.txt, with hashes."""

import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.sites import ROOT

HASH = r"--hash=sha256:[0-9a-f]{64}"


def requirements(name: str) -> dict[str, Requirement]:
    lines = re.findall(r"^[A-Za-z][^#\n\\]*", (ROOT / name).read_text(), re.MULTILINE)
    found = [Requirement(line.strip()) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def test_the_image_has_the_versions_that_the_tests_passed_with():
    wanted = requirements("constraints.txt") | requirements("requirements.txt")
    locked = requirements("deploy/requirements.txt")
    assert set(requirements("requirements.txt")) <= set(locked)
    pairs = {name: (str(found.specifier), str(wanted[name].specifier)) for name, found in locked.items()}
    different = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    assert different == {}, "run make lock"


def test_each_package_has_hashes_and_comes_from_nowhere_else():
    text = (ROOT / "deploy/requirements.txt").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 40
    for entry in entries:
        assert re.fullmatch(rf"[a-z0-9-]+==[^ ]+( ; [^\\]+)? (\\\n    {HASH} ?)+", entry + " "), entry
