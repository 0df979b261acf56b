#!/usr/bin/env python3
"""stormd and stormctl beside a real swarm: the session of the first README, scaling up and down, what must never be
seen, and a restart. usage: session_test.py BIN_FOLDER (of stormd and stormctl)"""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / 'bench'), str(HERE.parent / 'scenarios')]
from server import Failure, Server  # noqa: E402
from swarm_bed import SwarmBed  # noqa: E402

SKIPPED = 77
SETTLE_SECONDS = 90
COMMAND_SECONDS = 60
EXAMPLE = HERE.parent.parent / 'examples' / 'hello-world.yml'
DOCKER_LISTS = ('/nodes', '/services', '/tasks')


def why_not():
    reason = SwarmBed.why_not()
    if reason:
        return reason
    bridge = f'stormq{os.getpid()}'
    for probe in (['unshare', '--net', '--mount', '--pid', '--fork', 'true'],
                  ['ip', 'link', 'add', bridge, 'type', 'bridge']):
        if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
            return f'`{" ".join(probe)}` fails here'
    subprocess.run(['ip', 'link', 'del', bridge], check=False)
    return None


def check(condition, message):
    if not condition:
        raise Failure(message)


class Session:
    def __init__(self, server, bed):
        self.server, self.bed = server, bed
        self.said = []   # everything that stormctl printed

    def configure(self, executors):
        (self.server.folder / 'storm.yaml').write_text(
            'listen: ["127.0.0.1:0"]\nlog: {level: trace}\n'
            f'storage: {{plugin: sqlite, config: {{path: "{self.server.folder}/storm.db"}}}}\n'
            f'executors: [{executors}]\n', encoding='utf-8')

    def stormctl(self, *words):
        done = subprocess.run(['stormctl', *words], env=self.server.environment(), capture_output=True, text=True,
                              timeout=COMMAND_SECONDS, check=False)
        check(done.returncode == 0, f'stormctl {" ".join(words)} ended with {done.returncode}: {done.stderr}')
        self.said.append(done.stdout + done.stderr)
        return done.stdout

    def shows(self, words, expected):
        """The output is the expected text; <name> in it stands for a word. Answers the words by name."""
        output = self.stormctl(*words)
        found = re.fullmatch(re.sub(r'<(\w+)>', r'(?P<\1>\\S+)', re.escape(expected)), output)
        check(found, f'stormctl {" ".join(words)} printed\n{output}instead of\n{expected}')
        return found.groupdict()

    def get(self, path):
        connection = self.server.connection(COMMAND_SECONDS)
        try:
            connection.request('GET', path)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        check(answer.status == 200, f'GET {path} was answered {answer.status}: {text}')
        return text

    def resources(self):
        return json.loads(self.get('/v1/resources'))

    def running_tasks(self):
        return sum((resource['type'], resource['status']) == ('swarm-task', 'running') for resource in self.resources())

    def docker_list(self, path):
        """What the daemon answers, by the version of its API that is its own."""
        answer = subprocess.run(['curl', '--silent', '--fail', '--unix-socket', self.bed.socket, f'http://docker{path}'],
                                capture_output=True, timeout=COMMAND_SECONDS, check=True)
        return json.loads(answer.stdout)

    def differences(self):
        """Between the snapshots in the model and what Docker answers."""
        listed = {item['ID']: item for path in DOCKER_LISTS for item in self.docker_list(path)}
        known = {resource['names'][0]: resource for resource in self.resources() if resource['type'] != 'swarm-cluster'}
        found = [f'{name} is missing' for name in listed.keys() - known.keys()]
        found += [f'{name} is too much' for name in known.keys() - listed.keys()]
        for name in listed.keys() & known.keys():
            if known[name]['snapshot'] != listed[name]:
                found.append(f'{name} differs: {known[name]["snapshot"]} is not {listed[name]}')
            if known[name]['stale']:
                found.append(f'{name} is stale')
        return '\n'.join(found)

    def running_members(self):
        members = json.loads(self.get('/v1/groups/hello-world/members'))
        return {member['id'] for member in members if member['status'] == 'running'}


def settle(what, last):
    """Until `last` answers nothing that would be wrong."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while wrong := last():
        check(time.monotonic() < deadline, f'{what}: {wrong}')
        time.sleep(0.1)


class Follower:
    """What `stormctl watch` of the group prints."""

    def __init__(self, session):
        self.lines = []
        self.process = subprocess.Popen(['stormctl', 'watch', '--group', 'hello-world'], env=session.server.environment(),
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True)
        self.reader.start()

    def count(self, word):
        return sum(f' {word} ' in line for line in list(self.lines))

    def close(self):
        self.process.terminate()
        self.process.wait(COMMAND_SECONDS)
        self.reader.join(COMMAND_SECONDS)


def wait_for_members(session, count):
    def wrong():
        there = session.running_members()
        return f'{len(there)} members run instead of {count}' if len(there) != count else ''
    settle(f'{count} members', wrong)
    return session.running_members()


def play_first_session(session):
    """As the first README printed it; only ids differ, and nodes are shown too."""
    table = session.stormctl('resources', 'ls').splitlines()
    check(re.fullmatch('ID {27}TYPE {12}NAMES +STATUS +HEALTH', table[0]), f'the head of resources ls is {table[0]!r}')
    rows = [re.split(' {3,}', line) for line in table[1:]]
    check(all(re.fullmatch('res-[0-9A-Za-z]{22}', row[0]) for row in rows), f'no ids in {rows}')
    check(sorted({row[1] for row in rows}) == ['swarm-cluster', 'swarm-node', 'swarm-service', 'swarm-task'],
          f'other types are in {rows}')
    service = session.docker_list('/services')[0]['ID']
    check([row[2:] for row in rows if row[1] == 'swarm-service'] == [[f'{service}, hello-world', 'running', 'unknown']],
          f'the service {service} is not in {rows}')
    cluster = session.docker_list('/swarm')['ID']
    check([row[2] for row in rows if row[1] == 'swarm-cluster'] == [cluster], f'the cluster {cluster} is not in {rows}')
    for row in rows:
        check(len(row[2]) <= 50, f'{row[2]!r} has more than 50 characters')

    for _ in range(2):   # the second time nothing changes
        session.stormctl('import', '-f', str(EXAMPLE))
    group = session.shows(['group', 'ls'], 'ID                             NAME\n<group>   hello-world\n')['group']
    session.shows(['group', 'get', 'hello-world'], f"""id: {group}
name: hello-world
query:
  image:
    $regex: '^library/hello-world:'
  type: swarm-task
services: []
include: []
exclude: []
""")
    app = session.shows(['apps', 'ls'], 'ID                           NAME\n<app>   hello-world\n')['app']
    session.shows(['application', 'get', 'hello-world'], f"""id: {app}
name: hello-world
components:
- {group}
links: []
expose: []
""")


def scale_up_and_down(session):
    follower = Follower(session)
    try:
        before = wait_for_members(session, 1)
        settle('the watch', lambda: '' if session.get('/metrics').count('storm_watchers 1') else 'nobody watches yet')
        session.bed.run('docker', 'service', 'scale', '--detach', 'hello-world=3')
        scaled = wait_for_members(session, 3)
        check(before <= scaled, f'{before} was replaced by {scaled}')
        settle('joined', lambda: '' if follower.count('joined') >= 2 else f'{follower.lines} has no two that joined')
        session.bed.run('docker', 'service', 'scale', '--detach', 'hello-world=1')
        left = wait_for_members(session, 1)
        check(left < scaled, f'{left} are not of {scaled}')
        settle('left', lambda: '' if follower.count('left') + follower.count('updated') >= 2 else f'{follower.lines}')
        told = {event['entity_id'] for event in map(json.loads, session.stormctl(
            'events', '--start', '1', '--count', '10000', '-o', 'ndjson').splitlines())}
        check(scaled <= told, f'no events of {scaled - told}')
    finally:
        follower.close()
    return follower.lines


def make_secrets(session):
    """Words that nobody may see, and one that everybody may, to show that the search finds it."""
    folder = session.server.folder / 'hidden'
    subprocess.run([HERE / 'make_secrets', session.bed.socket, folder], check=True, timeout=COMMAND_SECONDS)
    hidden = [(folder / name).read_text().strip()[::-1] for name in ('password', 'auth', 'secret')]
    password, shown = os.urandom(16).hex(), os.urandom(16).hex()
    session.bed.run('docker', 'service', 'create', '--detach', '--no-resolve-image', '--name', 'env', '--env',
                    f'DB_PASS={password}', '--env', f'SHOWN={shown}', 'busybox:1')
    for path in folder.iterdir():
        path.unlink()
    return hidden + [password], shown


def check_nothing_is_seen(session, hidden, shown, more):
    """In answers, events, outputs, the log and the files of the store."""
    texts = {'resources': session.get('/v1/resources'), 'events': session.get('/v1/events?count=10000'),
             'groups': session.get('/v1/groups'), 'agents': session.get('/v1/agents'), 'metrics': session.get('/metrics'),
             'the log': session.server.log_text(), 'stormctl': '\n'.join(session.said), **more}
    for file in session.server.folder.glob('storm.db*'):
        texts[file.name] = file.read_bytes().decode('latin-1')
    check(shown in texts['resources'], 'not even what may be seen is found')
    for place, text in texts.items():
        for word in hidden + ['SWMTKN', 'PRIVATE KEY']:
            check(word not in text, f'a secret is in {place}')


def play(bin_folder):
    with SwarmBed() as bed, contextlib.closing(Server(bin_folder, 3)) as server:
        session = Session(server, bed)
        bed.run('image', 'hello-world:latest')
        bed.run('docker', 'service', 'create', '--detach', '--no-resolve-image', '--name', 'hello-world', 'hello-world')
        session.configure(bed.executor('auto'))
        server.start('')
        settle('what Docker answers', lambda: session.differences() if session.docker_list('/tasks') else 'no tasks')
        play_first_session(session)
        watched = scale_up_and_down(session)
        settle('what Docker answers', session.differences)

        hidden, shown = make_secrets(session)
        settle('all services', lambda: '' if session.running_tasks() == 5 else session.stormctl('resources', 'ls'))
        check_nothing_is_seen(session, hidden, shown, {'the watch': ''.join(watched)})

        # What the store keeps, packed, is read back by a stormd without any cloud.
        known = {resource['id'] for resource in session.resources()}
        server.stop()
        session.configure('')
        server.start('')
        kept = {resource['id'] for resource in session.resources()}
        check(kept == known, f'{kept ^ known} changed over a restart')
        check_nothing_is_seen(session, hidden, shown, {})
        server.stop()


def main():
    reason = why_not()
    if reason:
        print(f'SKIPPED, no test of a real swarm was run: {reason}')
        return SKIPPED
    try:
        play(sys.argv[1])
    except Failure as failure:
        print(f'FAILED  {failure}')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
