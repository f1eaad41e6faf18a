from django.contrib.auth.decorators import login_required
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, render

import answers
from answers.models import Answer


@login_required
def ask(request, pk=None):
    answer = get_object_or_404(Answer, pk=pk, user=request.user) if pk else None
    return render(request, "ask.html", {"answer": answer})


@login_required
async def stream(request):
    user = await request.auser()
    accepted = await answers.ask(user, request.GET["q"])

    async def text():
        async for event in await answers.follow(user, accepted):
            yield event.get("text", "")

    return StreamingHttpResponse(text(), content_type="text/plain; charset=utf-8")
