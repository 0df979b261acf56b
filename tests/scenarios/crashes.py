"""Kills stormd with SIGKILL while clients write, and looks whether everything acknowledged is there afterwards.

Groups, resources and jobs are written, beside an executor if the scenario has one."""
import http.client
import json
import random
import threading
import time
import urllib.parse

from server import Failure

REQUEST_SECONDS = 30
KILL_AFTER_SECONDS = (0.02, 0.25)   # since the first acknowledged write of each writer in the round
FIRST_WRITE_SECONDS = 30
RELIST_SECONDS = 30                 # until what an executor told is not stale any more
GONE = None


class Ledger:
    """What was acknowledged: by path the members that must be there, or GONE."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {}
        self.in_doubt = set()   # a change without an answer: both outcomes are right
        self.writes = 0
        self.revision = 0       # the highest that anybody was told

    def note(self, path, members):
        with self.lock:
            self.acknowledged[path] = members
            self.in_doubt.discard(path)
            self.writes += 1

    def doubt(self, path):
        with self.lock:
            self.in_doubt.add(path)

    def saw(self, revision):
        with self.lock:
            self.revision = max(self.revision, revision)


def ask(connection, method, path, body=None):
    connection.request(method, path, body=json.dumps(body) if body is not None else None,
                       headers={'Content-Type': 'application/json'})
    reply = connection.getresponse()
    data = reply.read()
    return reply.status, json.loads(data) if data else None, int(reply.headers.get('Storm-Revision', 0))


class Refused(Exception):
    pass


class Writer(threading.Thread):
    """Writes as fast as it goes, until stormd is gone."""

    def __init__(self, server, ledger, tag):
        super().__init__()
        self.server, self.ledger, self.tag = server, ledger, tag
        self.connection = None
        self.writes = 0
        self.fault = None
        self.mine = []

    def run(self):
        self.connection = self.server.connection(REQUEST_SECONDS)
        try:
            self.prepare()
            while True:
                self.step(self.writes)
        except Refused as refused:
            self.fault = str(refused)
        except (OSError, http.client.HTTPException, ValueError):
            pass  # stormd is gone, as it should
        finally:
            self.connection.close()

    def prepare(self):
        pass

    def step(self, number):
        raise NotImplementedError

    def ask(self, method, path, body, wanted):
        status, answer, revision = ask(self.connection, method, path, body)
        if status != wanted:
            raise Refused(f'{method} {path} was answered {status}: {answer}')
        self.ledger.saw(revision)
        return answer

    def create(self, collection, body, members):
        answer = self.ask('POST', f'/v1/{collection}', body, 201)
        path = f'/v1/{collection}/{answer["id"]}'
        self.note(path, members)
        return path

    def change(self, path, method, steps, body, wanted, members):
        self.ledger.doubt(path)
        self.ask(method, path + steps, body, wanted)
        self.note(path, members)

    def note(self, path, members):
        self.ledger.note(path, members)
        self.writes += 1

    def make_change_and_delete(self, number, collection, body, change):
        """Changes each third and deletes each fifth of them."""
        self.mine.append(self.create(collection, body, body))
        if number % 3 == 0:
            path = random.choice(self.mine)
            self.change(path, 'PATCH', '', change, 200, change)
        if number % 5 == 0:
            path = self.mine.pop(random.randrange(len(self.mine)))
            self.change(path, 'DELETE', '', None, 204, GONE)


class GroupWriter(Writer):
    def step(self, number):
        name = f'{self.tag}-{number}'
        self.make_change_and_delete(number, 'groups', {'name': name, 'query': {'type': name}},
                                    {'name': name + '-renamed'})


class ResourceWriter(Writer):
    def step(self, number):
        name = f'{self.tag}-{number}'
        self.make_change_and_delete(number, 'resources', {'type': 'ledger', 'names': [name], 'status': 'starting'},
                                    {'names': [name, name + '-alias'], 'status': 'running'})


class JobWriter(Writer):
    """Gives out jobs to an agent of its own, which takes and ends them."""

    def prepare(self):
        self.ask('POST', '/v1/agents', {'type': 'ledger', 'name': self.tag}, 201)

    def step(self, number):
        job = {'type': 'ledger', 'content': f'{self.tag}-{number}'}
        path = self.create('jobs', job, job | {'status': 'pending'})
        if number % 4 == 0:
            return
        self.change(path, 'POST', '/handle', {'owner': self.tag}, 204, job | {'status': 'running'})
        action, status = ('fail', 'error') if number % 3 == 0 else ('complete', 'done')
        self.change(path, 'POST', '/' + action, {'result': number}, 204, job | {'status': status, 'result': number})


WRITERS = (GroupWriter, GroupWriter, ResourceWriter, JobWriter)
READ = {'groups': {}, 'resources': {'type': 'ledger'}, 'jobs': {}}


def read_all(server, number):
    """What is there, by path, and the revision."""
    there, revision = {}, 0
    connection = server.connection(REQUEST_SECONDS)
    try:
        for collection, query in READ.items():
            path = f'/v1/{collection}?' + urllib.parse.urlencode({'q': json.dumps(query)})
            status, answer, revision = ask(connection, 'GET', path)
            if status != 200:
                raise Failure(f'round {number}: GET {path} was answered {status}')
            there.update({f'/v1/{collection}/{entity["id"]}': entity for entity in answer})
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f'round {number}: what is there could not be read: {error!r}') from None
    finally:
        connection.close()
    return there, revision


def compare(server, ledger, number):
    there, revision = read_all(server, number)
    if revision < ledger.revision:
        raise Failure(f'round {number}: revision {ledger.revision} was told, and now it is {revision}')
    for path, members in ledger.acknowledged.items():
        if path in ledger.in_doubt:
            continue
        entity = there.get(path)
        if members is GONE:
            found = entity
        else:
            found = {name: entity.get(name) for name in members} if entity else None
        if found != members:
            raise Failure(f'round {number}: {path} was acknowledged as {members} and is {found}')
    # From here on what is in doubt is what is there. What runs is left out: its agent falls silent.
    for path in ledger.in_doubt:
        members = ledger.acknowledged[path]
        entity = there.get(path)
        ledger.acknowledged[path] = {name: entity.get(name) for name in members} if entity else GONE
    ledger.in_doubt.clear()
    for path in [path for path, members in ledger.acknowledged.items() if members and members.get('status') == 'running'
                 and path.startswith('/v1/jobs/')]:
        del ledger.acknowledged[path]


def wait_for_executors(server, number):
    """Every agent of the configuration lists its cloud again, and nothing of it stays in doubt."""
    deadline = time.monotonic() + RELIST_SECONDS * server.slowness
    stale = '/v1/resources?' + urllib.parse.urlencode({'q': '{"stale": true}'})
    while True:
        connection = server.connection(REQUEST_SECONDS)
        ready, _, _ = ask(connection, 'GET', '/readyz')
        _, doubtful, _ = ask(connection, 'GET', stale)
        connection.close()
        if ready == 200 and not doubtful:
            return
        if time.monotonic() > deadline:
            raise Failure(f'round {number}: readyz is {ready}, {len(doubtful)} resources are still stale')
        time.sleep(0.02)


def kill_under_writes(server, rounds):
    ledger, started = Ledger(), time.monotonic()
    for number in range(1, rounds + 1):
        writers = [kind(server, ledger, f'r{number}w{place}') for place, kind in enumerate(WRITERS)]
        for writer in writers:
            writer.start()
        deadline = time.monotonic() + FIRST_WRITE_SECONDS
        while not all(writer.writes or writer.fault for writer in writers) and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(random.uniform(*KILL_AFTER_SECONDS))
        server.kill()
        for writer in writers:
            writer.join()
        for writer in writers:
            if writer.fault:
                raise Failure(f'round {number}: {writer.fault}')
            if not writer.writes:
                raise Failure(f'round {number}: nothing was acknowledged to {type(writer).__name__}, so nothing was '
                              'tested')
        server.start()
        compare(server, ledger, number)
        wait_for_executors(server, number)
    present = sum(members is not GONE for members in ledger.acknowledged.values())
    print(f'killed {rounds} times; {ledger.writes} acknowledged writes, {present} entities there as acknowledged; '
          f'{time.monotonic() - started:.1f} s')
