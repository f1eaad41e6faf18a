"""Who speaks on a socket, and what that person may: each question to the store asks anew.

A socket may stay open for hours, and its person be logged out, deactivated or expired meanwhile. The query is
the authorisation: every look-up starts from the person's own answers, and what is another's looks like what
does not exist.
"""

from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from answers import guests, limits
from answers.address import NOWHERE
from answers.completions import Prompt, Turn
from answers.context import earlier_turns
from answers.events import Ask, Refused
from answers.models import Answer, Asked, Share, User
from answers.running import RunningAnswer
from answers.store import in_store

LOGIN_REQUIRED = gettext_noop("Please log in to ask a question. What you typed is kept.")


class Speaker:
    def __init__(self, session_key: str) -> None:
        self.session_key = session_key
        self.user_id: int | None = None  # as of the last look

    @in_store
    def user(self, answer: UUID | None) -> User | None:
        return self._seen(guests.user_of(self.session_key), answer)

    @in_store
    def save(self, ask: Ask, address: str) -> RunningAnswer | None:
        """Save the question's row, and return what is to be run; nothing if the same frame came before."""
        try:
            answer, earlier = self._save(ask, address)
        except IntegrityError:  # another process has just saved it
            answer, earlier = self._save(ask, address)
        self.user_id = answer.user_id  # not before it is committed: a refused guest is not kept
        if earlier is None:
            return None
        prompt = Prompt(answer.question, earlier, ask.model or "")
        return RunningAnswer(answer.pk, answer.user_id, prompt, answer.model_label)

    # This is what each question costs before it is answered, in the one thread that all people share: seven
    # statements, each for something, and up to two more if it follows another.
    @transaction.atomic
    def _save(self, ask: Ask, address: str) -> tuple[Answer, tuple[Turn, ...] | None]:
        """The row, and the turns before it; none at all if the row was there."""
        user = self._still(guests.user_or_guest(self.session_key), ask.answer)
        if guests.must_log_in(user):
            raise Refused("login_required", _(LOGIN_REQUIRED), answer=ask.answer)
        if user is None:
            raise _no_session(ask.answer)
        if (known := Answer.objects.filter(pk=ask.answer).first()) is not None:
            if known.user_id != user.pk:
                raise not_found(ask.answer)
            return known, None
        address = address if user.is_guest else NOWHERE
        limits.check(user, address, ask.answer)
        try:
            answer = Answer.objects.ask(
                user,
                ask.answer,
                ask.question,
                follows=ask.follows,
                revises=ask.revises,
                model_label=settings.ASKME_MODELS.get(ask.model or "", ""),
            )
        except Answer.DoesNotExist:
            raise not_found(ask.answer) from None
        Asked.objects.create(user=user, address=address)
        return answer, earlier_turns(answer)

    @in_store
    def owns(self, answer: UUID) -> bool:
        user = self._seen(guests.user_of(self.session_key), answer)
        if user is None and not guests.is_live(self.session_key):
            raise _no_session(answer)
        return user is not None and user.answers.filter(pk=answer).exists()

    @in_store
    def request_stop(self, answer: UUID) -> bool:
        user = self._seen(guests.user_of(self.session_key), answer)
        return user is not None and Answer.objects.request_stop(user, answer)

    def _seen(self, user: User | None, answer: UUID | None) -> User | None:
        """Who speaks now."""
        self._still(user, answer)
        self.user_id = user.pk if user else None
        return user

    def _still(self, user: User | None, answer: UUID | None) -> User | None:
        """Raises `Refused` if it was somebody and is nobody any more."""
        if user is None and self.user_id is not None:
            raise _no_session(answer)
        return user

    async def user_id_or_known(self, answer: UUID) -> int | None:
        """Who speaks; while the database is away, who spoke last: nobody else can have taken their place."""
        try:
            user = await self.user(answer)
        except DatabaseError:
            return self.user_id
        return user.pk if user else None


@in_store
def shows(share: str, answer: UUID) -> bool:
    """Whether the link with this token shows the answer, to anybody."""
    found = Share.objects.valid(share).first()
    return found is not None and found.answers.filter(pk=answer).exists()


def _no_session(answer: UUID | None) -> Refused:
    sentence = _("Your session has ended. Please reload the page; your question is kept.")
    return Refused("no_session", sentence, answer=answer)


def not_found(answer: UUID) -> Refused:
    """The same for what does not exist and what is another's: nobody learns which."""
    return Refused("not_found", _("There is no such answer, or it is not yours."), answer=answer)
