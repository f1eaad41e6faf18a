"""E-mail goes to the server that EMAIL_URL names, with its user and password, on every version of Django."""

import base64
import socketserver
import threading

import pytest

from askme.server_urls import mail_config
from tests.support.sites import Site


class Receiver(socketserver.StreamRequestHandler):
    """As much of SMTP as one e-mail needs; what the client says is kept in `server.lines`."""

    def handle(self):
        self.wfile.write(b"220 mail.example\r\n")
        while (line := self.rfile.readline().decode().rstrip()).upper() != "QUIT":
            self.server.lines.append(line)
            verb = line[:4].upper()
            if verb == "DATA":
                self.wfile.write(b"354 Go on\r\n")
                while (line := self.rfile.readline().decode().rstrip()) != ".":
                    self.server.lines.append(line)
            replies = {"EHLO": b"250-mail.example\r\n250 AUTH PLAIN\r\n", "AUTH": b"235 Welcome\r\n"}
            self.wfile.write(replies.get(verb, b"250 OK\r\n"))
        self.wfile.write(b"221 Bye\r\n")


@pytest.fixture
def mail_server():
    with socketserver.TCPServer(("127.0.0.1", 0), Receiver) as server:
        server.lines = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def send(folder, url):
    site = Site(folder, EMAIL_URL=url, DEFAULT_FROM_EMAIL="ask@example.org")
    return site.manage("sendtestemail", "alice@example.org", timeout=30)


def test_by_smtp_with_user_and_password(mail_server, tmp_path):
    done = send(tmp_path, f"smtp://bob:p%40ss@127.0.0.1:{mail_server.server_address[1]}")
    assert (done.returncode, done.stderr) == (0, "")
    login = base64.b64encode(b"\0bob\0p@ss").decode()
    assert f"AUTH PLAIN {login}" in mail_server.lines
    assert "From: ask@example.org" in mail_server.lines
    assert "To: alice@example.org" in mail_server.lines


def test_into_files(tmp_path):
    done = send(tmp_path, f"filemail:///{tmp_path}/mails")
    assert (done.returncode, done.stderr) == (0, "")
    [mail] = (tmp_path / "mails").iterdir()
    assert "To: alice@example.org" in mail.read_text()


def test_without_an_address_to_the_log(tmp_path):
    done = send(tmp_path, "")
    assert (done.returncode, done.stderr) == (0, "")
    assert "To: alice@example.org" in done.stdout


@pytest.mark.parametrize(("scheme", "port"), [("smtp", 25), ("smtp+tls", 587), ("smtp+ssl", 465)])
def test_without_a_port_the_usual_one_is_used(scheme, port):
    assert mail_config(f"{scheme}://mail.example")["EMAIL_PORT"] == port
    assert mail_config(f"{scheme}://mail.example:2525")["EMAIL_PORT"] == 2525
