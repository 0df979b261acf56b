"""Kills stormd with SIGKILL while clients write, and looks whether everything acknowledged is there afterwards."""
import http.client
import json
import random
import threading
import time

from server import Failure

WRITERS = 4
REQUEST_SECONDS = 30
KILL_AFTER_SECONDS = (0.02, 0.25)   # since the first acknowledged write of the round
FIRST_WRITE_SECONDS = 30


class Ledger:
    """What was acknowledged: by id the name that must be there, or None for what must be gone."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {}
        self.in_doubt = set()   # a change without an answer: both outcomes are right
        self.writes = 0

    def note(self, entity, name):
        with self.lock:
            self.acknowledged[entity] = name
            self.in_doubt.discard(entity)
            self.writes += 1

    def doubt(self, entity):
        with self.lock:
            self.in_doubt.add(entity)


def ask(connection, method, path, body=None):
    connection.request(method, path, body=json.dumps(body) if body is not None else None,
                       headers={'Content-Type': 'application/json'})
    reply = connection.getresponse()
    data = reply.read()
    return reply.status, json.loads(data) if data else None


def write_until_death(server, ledger, tag, faults):
    """Makes groups, renames some and deletes some, as fast as it goes."""
    connection = server.connection(REQUEST_SECONDS)
    number, mine = 0, []
    try:
        while True:
            number += 1
            name = f'{tag}-{number}'
            status, group = ask(connection, 'POST', '/v1/groups', {'name': name, 'query': {'type': name}})
            if status != 201:
                faults.append(f'POST was answered {status}: {group}')
                return
            ledger.note(group['id'], name)
            mine.append(group['id'])
            if number % 3 == 0:
                entity = random.choice(mine)
                ledger.doubt(entity)
                status, group = ask(connection, 'PATCH', f'/v1/groups/{entity}', {'name': name + '-renamed'})
                if status != 200:
                    faults.append(f'PATCH was answered {status}: {group}')
                    return
                ledger.note(entity, name + '-renamed')
            if number % 5 == 0:
                entity = mine.pop(random.randrange(len(mine)))
                ledger.doubt(entity)
                status, answer = ask(connection, 'DELETE', f'/v1/groups/{entity}')
                if status != 204:
                    faults.append(f'DELETE was answered {status}: {answer}')
                    return
                ledger.note(entity, None)
    except (OSError, http.client.HTTPException, ValueError):
        return  # stormd is gone, as it should
    finally:
        connection.close()


def compare(server, ledger, number):
    connection = server.connection(REQUEST_SECONDS)
    try:
        status, groups = ask(connection, 'GET', '/v1/groups')
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f'round {number}: the groups could not be read: {error!r}') from None
    finally:
        connection.close()
    if status != 200:
        raise Failure(f'round {number}: GET /v1/groups was answered {status}')
    there = {group['id']: group['name'] for group in groups}
    for entity, name in ledger.acknowledged.items():
        if entity not in ledger.in_doubt and there.get(entity) != name:
            raise Failure(f'round {number}: {entity} was acknowledged as {name!r} and is {there.get(entity)!r}')
    # From here on what is in doubt is what is there.
    for entity in ledger.in_doubt:
        ledger.acknowledged[entity] = there.get(entity)
    ledger.in_doubt.clear()


def kill_under_writes(server, rounds):
    ledger, started = Ledger(), time.monotonic()
    for number in range(1, rounds + 1):
        faults = []
        before = ledger.writes
        writers = [threading.Thread(target=write_until_death, args=(server, ledger, f'r{number}w{writer}', faults))
                   for writer in range(WRITERS)]
        for writer in writers:
            writer.start()
        deadline = time.monotonic() + FIRST_WRITE_SECONDS
        while ledger.writes == before and not faults and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(random.uniform(*KILL_AFTER_SECONDS))
        server.kill()
        for writer in writers:
            writer.join()
        if faults:
            raise Failure(f'round {number}: {faults[0]}')
        if ledger.writes == before:
            raise Failure(f'round {number}: nothing was acknowledged, so nothing was tested')
        server.start()
        compare(server, ledger, number)
    present = sum(name is not None for name in ledger.acknowledged.values())
    print(f'killed {rounds} times; {ledger.writes} acknowledged writes, {present} groups there as acknowledged; '
          f'{time.monotonic() - started:.1f} s')
