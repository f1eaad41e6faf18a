"""An HTTP proxy, as companies have them: CONNECT for HTTPS, whole URLs for HTTP, a password if wanted."""

import base64
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from tests.support.network import Forwarder

CONNECT_SECONDS = 10


class HttpProxy(Forwarder):
    """Use as a context manager. Every host name leads to 127.0.0.1."""

    def __init__(self, *, password: str = "", status: int = 200, mute: bool = False) -> None:
        self.requests: list[str] = []  # first lines, such as "CONNECT 127.0.0.1:443 HTTP/1.1"
        self.asked = threading.Event()  # the first of them has arrived
        self.closed = threading.Event()  # a client has closed its connection
        self._password = password  # "user:password"
        self._status = status  # of every reply to CONNECT
        self._mute = mute  # accept connections and never reply
        super().__init__()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.add(client)
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        """Serve one connection. With HTTP, all its requests go to the server of the first."""
        with suppress(OSError, ValueError):
            head = b""
            while b"\r\n\r\n" not in head:
                part = client.recv(65_536)
                if not part:
                    return
                head += part
            first, _, rest = head.partition(b"\r\n")
            self.requests.append(first.decode())
            self.asked.set()
            method, target, _ = first.decode().split(" ")
            if self._mute:
                while client.recv(65_536):
                    pass
            elif self._password and self._credentials() not in head:
                self._refuse(client, "407 Proxy Authentication Required")
            elif self._status != 200:
                self._refuse(client, f"{self._status} No")
            else:
                is_tunnel = method == "CONNECT"
                port = int(target.rpartition(":")[2]) if is_tunnel else urlsplit(target).port
                server = socket.create_connection(("127.0.0.1", port), CONNECT_SECONDS)
                server.settimeout(None)
                self._open.add(server)
                if is_tunnel:
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    server.sendall(_with_path(first) + b"\r\n" + rest)
                self._start(self._pump, server, client)
                self._pump(client, server, rewrite=not is_tunnel)
        self.closed.set()
        client.close()

    def _credentials(self) -> bytes:
        return b"Basic " + base64.b64encode(self._password.encode())

    def _refuse(self, client: socket.socket, status: str) -> None:
        client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    def _pump(self, source: socket.socket, sink: socket.socket, *, rewrite: bool = False) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if rewrite and b" http://" in data.partition(b"\r\n")[0]:  # a further request
                    first, _, rest = data.partition(b"\r\n")
                    self.requests.append(first.decode())
                    data = _with_path(first) + b"\r\n" + rest
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def _with_path(first_line: bytes) -> bytes:
    method, target, version = first_line.decode().split(" ")
    return f"{method} {urlsplit(target).path} {version}".encode()
