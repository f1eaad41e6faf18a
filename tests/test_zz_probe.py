import time, pytest, psutil
from tests.test_neighbours import *
from tests.test_neighbours import finished_long_answer, raw

def rss(site): return psutil.Process(site.processes[0].pid).memory_info().rss/2**20

def test_two_hundred_never_reading(site, meet):
    person = meet(site.url); id = finished_long_answer(person)
    before = rss(site)
    pages = [raw(site, person) for _ in range(200)]
    print("\nXXX 200 open", rss(site)-before)
    for p in pages: p.say("answer.follow", answer=id, position=0)
    top = 0
    for _ in range(40):
        time.sleep(.25); top = max(top, rss(site)-before)
    print("XXX 200 stuck", top, rss(site)-before)
    for p in pages: p.close()
    time.sleep(12)
    print("XXX after", rss(site)-before)

def test_twenty_kb(site, meet):
    person = meet(site.url); id = finished_long_answer(person)
    page = raw(site, person)
    page.say("answer.follow", answer=id, position=0)
    t=time.monotonic(); n=0
    while not any(e["type"]=="answer.finished" for e in page.events):
        k = page.read(2048)
        if not k: break
        n += k
        time.sleep(0.1)
    print("XXX slow: bytes", n, "seconds", time.monotonic()-t, "texts", sum(e["type"]=="answer.text" for e in page.events), "closed", page.is_closed)
    page.close()
