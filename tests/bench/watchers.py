"""Clients that note when they come to know of a task's change, each in a process of its own.

A change is told by the task's id and the manager's own time stamp of it (UpdatedAt), whoever sees it.
"""
import datetime
import http.client
import json
import multiprocessing
import signal
import threading
import time
from typing import NamedTuple

from stormd import Failure
from swarm_bed import Docker

READY_SECONDS = 30
POLL_SECONDS = 1.0
LOOK_SECONDS = 1.0


class Sight(NamedTuple):
    task: str
    changed: float   # the manager's stamp, whole microseconds
    seen: float      # the watcher's clock
    name: str        # of the service's task: "web.1"; for pollers the service's id


class Ended(Exception):
    pass


def stamp(text):
    """Seconds since 1970 of an RFC 3339 time; nanoseconds are cut to microseconds, as stormd shows them."""
    whole, _, rest = text.rstrip('Z').partition('.')
    seconds = datetime.datetime.strptime(whole, '%Y-%m-%dT%H:%M:%S').replace(tzinfo=datetime.timezone.utc).timestamp()
    return round(seconds + int((rest + '000000')[:6]) / 1e6, 6)


def stream(ready, keep, host, port):
    """Events of stormd as they come; read first, understood when it is over."""
    connection = http.client.HTTPConnection(host, port)
    connection.request('GET', '/v1/events?stream=true')
    answer = connection.getresponse()
    lines = []

    def result():
        sights = []
        for seen, line in lines:
            if not line.strip():
                continue
            event = json.loads(line)
            if event.get('resource_type') != 'swarm-task' or event['event_type'] == 'deleted' or event['stale']:
                continue
            if event['observed_at']:
                sights.append(Sight(event['entity_names'][0], stamp(event['observed_at']), seen,
                                    ' '.join(event['entity_names'])))
        return sights

    keep(result)
    answer.readline()   # the blank line that says that the stream stands
    ready()
    while True:
        line = answer.readline()
        seen = time.time()
        if not line:
            raise Failure('the event stream ended')
        lines.append((seen, line))


def poll(ready, keep, path):
    """GET /tasks, again a second after each answer."""
    docker = Docker(path)
    answers = []
    keep(lambda: [Sight(task['ID'], stamp(task['UpdatedAt']), seen, task.get('ServiceID', ''))
                  for seen, data in answers for task in json.loads(data)])
    ready()
    while True:
        data = docker.send('GET', '/tasks')
        answers.append((time.time(), data))
        time.sleep(POLL_SECONDS)


def poll_and_look(ready, keep, path):
    """As the original did: all four lists a second apart, and a stream that looks each second what is new."""
    docker = Docker(path)
    known = {}
    fresh = []
    sights = []
    lock = threading.Lock()
    keep(lambda: sights)

    def look():
        while True:
            with lock:
                batch, fresh[:] = fresh[:], []
            now = time.time()
            sights.extend(Sight(task, changed, now, service) for task, changed, service in batch)
            time.sleep(LOOK_SECONDS)

    threading.Thread(target=look, daemon=True).start()
    ready()
    while True:
        for lists in ('/swarm', '/nodes', '/services'):
            docker.get(lists)
        for task in docker.get('/tasks'):
            changed = stamp(task['UpdatedAt'])
            if known.get(task['ID']) != changed:
                known[task['ID']] = changed
                with lock:
                    fresh.append((task['ID'], changed, task.get('ServiceID', '')))
        time.sleep(POLL_SECONDS)


def _run(watch, pipe, arguments):
    kept = list

    def keep(result):
        nonlocal kept
        kept = result

    def end(*_):
        raise Ended

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        signal.signal(signal.SIGTERM, end)
        watch(lambda: pipe.send('ready'), keep, *arguments)
    except Ended:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pipe.send(kept())
    except Exception as fault:  # handed to the one who waits
        pipe.send(f'{watch.__name__}: {fault!r}')


class Watcher:
    def __init__(self, watch, *arguments):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=_run, args=(watch, other, arguments), daemon=True)
        self.process.start()
        word = self.pipe.recv() if self.pipe.poll(READY_SECONDS) else 'no answer'
        if word != 'ready':
            self.process.kill()
            raise Failure(f'a watcher does not start: {word}')

    def end(self):
        """First sights only: the earliest of each change."""
        self.process.terminate()
        sights = self.pipe.recv() if self.pipe.poll(READY_SECONDS) else 'no answer'
        self.process.join(READY_SECONDS)
        if isinstance(sights, str):
            raise Failure(f'a watcher failed: {sights}')
        first = {}
        for sight in sights:
            first.setdefault((sight.task, sight.changed), sight)
        return first
