"""How settings are read from the environment, and the secret key that is made without one."""

from askme import values
from askme.environment import Environment


def test_the_parts_of_a_list_are_stripped(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "ask.example , .example.org")
    assert Environment().parsed("ALLOWED_HOSTS", [], values.hosts) == ["ask.example", ".example.org"]


def test_a_secret_key_is_made_once_and_only_its_user_can_read_it(tmp_path, monkeypatch):
    from askme.settings import site as settings

    monkeypatch.setattr(settings, "VAR_DIR", tmp_path / "var")
    key = settings.embedded_secret_key()
    assert len(key) >= 50
    assert settings.embedded_secret_key() == key
    assert (tmp_path / "var" / "secret-key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700  # the database is there too
