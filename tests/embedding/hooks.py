from dataclasses import replace

from django.core.mail import send_mail

from answers import Hooks


class SiteHooks(Hooks):
    def may_ask(self, user):
        return super().may_ask(user) and user.has_perm("answers.add_answer")

    def may_read(self, user, answer):
        return super().may_read(user, answer) or user.is_staff

    def prompt(self, answer, prompt):
        return replace(prompt, question=f"{prompt.question}\n\nAnswer for {answer.user.get_username()}.")

    def answer_finished(self, answer):
        if answer.status == "failed":
            text = f"{answer.question}\n\n{answer.error_detail}"
            send_mail("An answer failed", text, None, ["team@example.org"])
