"""People who fill in the site's forms: with an account, with JavaScript or without it."""

import re
import uuid
from html import unescape

import requests

from answers.models import Status
from tests.support.people import Person

PASSWORD = "correct horse battery"


class Visitor(Person):
    """A person with an account, who fills in its forms."""

    def submit(self, path, **fields):
        form = self.http.get(self.url + path).text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1]
        reply = self.http.post(self.url + path, fields | {"csrfmiddlewaretoken": token})
        assert reply.status_code == 200, reply.text
        return reply

    def sign_up(self, email="alice@example.org"):
        return self.submit("/accounts/signup/", email=email, password1=PASSWORD)

    def log_in(self, login="alice@example.org"):
        return self.submit("/accounts/login/", login=login, password=PASSWORD)

    def log_in_at_the_provider(self):
        """Follow the link on the login page."""
        [link] = re.findall(
            r'href="(/accounts/oidc/[^"]+)"', self.http.get(f"{self.url}/accounts/login/").text
        )
        return self.http.get(self.url + link.replace("&amp;", "&"))

    def reads(self, answer):
        return self.http.get(f"{self.url}/a/{answer}/").status_code == 200


class Somebody(Visitor):
    """A person who tries every address, whatever its reply is."""

    def get(self, path: str, **options):
        return self.http.get(self.url + path, allow_redirects=False, **options)

    def send(self, method: str, path: str, form: dict[str, str] | None = None):
        """Send a request with the CSRF token of the page."""
        headers = {"X-CSRFToken": self.http.cookies["csrftoken"]}
        address = self.url + path
        return self.http.request(method, address, data=form, headers=headers, allow_redirects=False)

    def asks(self, question: str = "Why?", **fields: str | None) -> str:
        """Ask, wait until the answer is complete, and return its id."""
        answer, socket = str(uuid.uuid4()), self.connect()
        socket.say("question.ask", answer=answer, question=question, **fields)
        assert socket.finish(answer)["status"] == "complete"
        socket.close()
        return answer

    def row(self, answer: str) -> dict:
        """Return everything that is stored of this answer."""
        answers = self.get("/history/answers.json").json()["answers"]
        return next(one for one in answers if one["id"] == answer)

    def shares(self, answer: str) -> str:
        self.send("POST", f"/a/{answer}/share/")
        return re.search(r"/s/([\w-]{32})/", self.get(f"/a/{answer}/share/").text)[1]


class NoscriptPerson(Person):
    """A person without JavaScript, who sends the forms of the pages."""

    def __init__(self, url: str, **headers: str) -> None:
        super().__init__(url, **headers)
        self.page = self.http.get(url)

    def form(self, mark: str = 'id="form"') -> dict[str, str]:
        """Return the hidden fields of this form on the page."""
        form = re.findall(rf"<form[^>]* {mark}.*?</form>", self.page.text, re.DOTALL)[0]
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))

    def send(self, path: str, form: dict[str, str], **options) -> requests.Response:
        self.page = self.http.post(self.url + path, form, timeout=20, **options)
        return self.page

    def ask(self, question: str, **fields: str) -> requests.Response:
        return self.send("/ask/", self.form() | {"question": question} | fields)

    def stop(self, answer: str) -> requests.Response:
        path = f"/a/{answer}/stop/"
        return self.send(path, self.form(f'class="stop" method="post" action="{path}"'))

    def reload(self) -> str:
        self.page = self.http.get(self.page.url)
        return self.page.text

    @property
    def box(self) -> str:
        """Return the text in the question box."""
        [text] = re.findall(r'<textarea id="question-box"[^>]*>(.*?)</textarea>', self.page.text, re.DOTALL)
        return unescape(text).removeprefix("\n")

    @property
    def problem(self) -> str:
        [sentence] = re.findall(r'role="alert".*?<p[^>]*>(.*?)</p>', self.page.text, re.DOTALL)
        return unescape(sentence)

    @property
    def statuses(self) -> list[str]:
        return [one for one in re.findall(r'data-status="(\w+)"', self.page.text) if one in Status.values]


def id_of(page: requests.Response) -> str:
    """Return the id of the answer whose page this is."""
    return re.fullmatch(r"http://[^/]+/a/([\w-]{36})/", page.url)[1]


def share(person: Person, answer: str, **fields: str) -> str:
    """Share an answer's thread and return the token."""
    address = f"{person.url}/a/{answer}/share/"
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', person.http.get(address).text)
    page = person.http.post(address, {"csrfmiddlewaretoken": token} | fields).text
    return (re.findall(r"/s/([\w-]{32})/", page) or [""])[0]
