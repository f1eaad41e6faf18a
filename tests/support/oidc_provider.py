"""A minimal OpenID Connect provider. It shows no page, logs in the person that the test names, and checks
what a real one would. It uses no package, because existing ones depend on `click`, which slows Autobahn down.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "askme", "the client's secret"


class Pause:
    """A provider that does not reply at one address until the test lets it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.reached, self.over = threading.Event(), threading.Event()

    def wait(self, path: str) -> None:
        if path == self.path:
            self.reached.set()
            self.over.wait(20)


class OidcProvider(ThreadingHTTPServer):
    """`person` holds the claims of the next login, and `errors` what a real provider would have refused.

    `entered_at` is when the person last entered their password there. With `prompt=login` they enter it
    again, unless the provider `ignores_prompt`. It says when that was, unless `sends_auth_time` is false.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server_address[1]}"
        self.person: dict = {"sub": "1", "email": "alice@team.example", "email_verified": True}
        self.requests: dict[str, dict] = {}  # the parameters of the authorization request, by code
        self.prompts: list[str] = []  # the `prompt` of each authorization request
        self.max_ages: list[str] = []  # and its `max_age`
        self.entered_at: object = int(time.time())
        self.ignores_prompt, self.sends_auth_time = False, True
        self.errors: list[str] = []
        self.pause = Pause("")
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ASKME_OIDC_ISSUER": self.issuer,
            "ASKME_OIDC_CLIENT_ID": CLIENT_ID,
            "ASKME_OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "ASKME_OIDC_NAME": "Team login",
        }

    def __enter__(self) -> "OidcProvider":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: OidcProvider

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.pause.wait(parts.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        issuer = self.server.issuer
        match parts.path:
            case "/.well-known/openid-configuration":
                names = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
                names |= {"userinfo_endpoint": "userinfo", "jwks_uri": "jwks"}
                self.reply({"issuer": issuer} | {name: f"{issuer}/{path}" for name, path in names.items()})
            case "/authorize":
                self.check(query.get("client_id") == CLIENT_ID, "client_id")
                self.check("openid" in query.get("scope", ""), "scope")
                self.check(query.get("code_challenge_method") == "S256", "PKCE")
                code = secrets.token_urlsafe()
                self.server.requests[code] = query
                self.server.prompts.append(query.get("prompt", ""))
                self.server.max_ages.append(query.get("max_age", ""))
                if query.get("prompt") == "login" and not self.server.ignores_prompt:
                    self.server.entered_at = int(time.time())
                self.send_response(302)
                answer = urlencode({"code": code, "state": query["state"]})
                self.send_header("Location", f"{query['redirect_uri']}?{answer}")
                self.end_headers()
            case "/userinfo":
                self.check(self.headers["Authorization"] == "Bearer access", "access token")
                self.reply(self.server.person)
            case "/jwks":
                key = jwt.algorithms.RSAAlgorithm.to_jwk(self.server.key.public_key(), as_dict=True)
                self.reply({"keys": [key | {"kid": "1", "use": "sig", "alg": "RS256"}]})

    def do_POST(self) -> None:
        self.server.pause.wait(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        request = self.server.requests.pop(form["code"])
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        is_client = (
            form.get("client_secret") == CLIENT_SECRET or self.headers["Authorization"] == f"Basic {basic}"
        )
        self.check(is_client, "client_secret")
        self.check(form["redirect_uri"] == request["redirect_uri"], "redirect_uri")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        self.check(challenge.decode().rstrip("=") == request["code_challenge"], "code_verifier")
        claims = {"iss": self.server.issuer, "aud": CLIENT_ID, "iat": 1, "exp": 2**31} | self.server.person
        if self.server.sends_auth_time:
            claims["auth_time"] = self.server.entered_at
        id_token = jwt.encode(claims, self.server.key, "RS256", {"kid": "1"})
        self.reply({"access_token": "access", "token_type": "Bearer", "id_token": id_token})

    def check(self, is_right: bool, what: str) -> None:
        if not is_right:
            self.server.errors.append(what)

    def reply(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
