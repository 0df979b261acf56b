"""What is measured of stormd: a whole process, fed by a file of resources and asked over loopback."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.parse

from stormd import FOLDERS, Failure, Stormd, cpu_seconds, memory_bytes, wait_until
from yardstick_peers import ask, highest_rate, http_figures, run_part

LOAD_SECONDS = 3600
SETTLE_SECONDS = 600
SETTLED_LOOKS = 3           # so often about the same memory, a second apart
OWN_RESOURCES = 500         # made over REST, to be changed over REST
IMPORT_CONNECTIONS = 16
IN_FLIGHT = 64
TOLD_ENOUGH = 0.9             # of what was sent, within the probe's patience
HTTP_CONNECTIONS = 16
LIVE = ('group_100', 'group_1k', 'group_10k')   # probes that are groups too


def resources_path(query, **more):
    return '/v1/resources?' + urllib.parse.urlencode({'q': json.dumps(query, separators=(',', ':')), **more})


class Ours:
    """One stormd over the data; `figures` grows with each step. Use as a context."""

    def __init__(self, build, data, say, seconds):
        self.build, self.data, self.say, self.seconds = build, data, say, seconds
        self.probe = build / 'bin' / 'probe'
        self.queries = {probe['name']: probe for probe in json.loads((data / 'queries.json').read_text())['probes']}
        self.count = json.loads((data / 'meta.json').read_text())['n']
        self.figures = {'data.json_bytes': {'value': (data / 'docs.jsonl').stat().st_size}}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='yardstick-ours-', dir=FOLDERS))
        self.inventory = self.folder / 'inventory.jsonl'
        self.daemon = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.daemon:
            self.daemon.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def set(self, name, value, **more):
        self.figures[name] = {'value': value, **more}

    def take(self, name, figure):
        self.figures[name] = figure

    def executor(self, path):
        return f'{{name: inventory, plugin: jsonl, config: {{path: "{path}"}}}}'

    def is_listed(self, daemon):
        def look():
            agents = daemon.get('/v1/agents')
            state = agents and agents[0].get('source', {})
            if state and state.get('state') == 'degraded':
                raise Failure(f'bad lines: {state.get("summary")}')
            return bool(state and state.get('state') == 'live')
        return look

    def load_without_store(self):
        with Stormd(self.build, [self.executor(self.data / 'docs.jsonl')], ephemeral=True) as daemon:
            began = time.perf_counter()
            wait_until('all resources', LOAD_SECONDS, self.is_listed(daemon))
            took, used = time.perf_counter() - began, cpu_seconds(daemon.pid)
        self.set('load_ephemeral_per_cpu_s', self.count / used, per_second=self.count / took)

    def start_with_groups(self):
        self.daemon = Stormd(self.build, [self.executor(self.inventory)]).start()
        bodies = [line.rstrip('\n') for line in open(self.data / 'groups.jsonl', encoding='utf-8')]
        bodies += [json.dumps({'name': f'yard-{name}', 'query': self.queries[name]['query']}) for name in LIVE]
        bodies.append(json.dumps({'name': 'yard-own', 'query': {'type': 'yard-thing'}}))
        figure = ask(self.probe, self.daemon.address, [f'POST /v1/groups {body}' for body in bodies], '--once',
                     '--connections', IMPORT_CONNECTIONS)
        self.set('groups_per_s', figure['per_second'])

    def load(self):
        """From the moment that the file is there until everything is shown and written."""
        part = self.folder / 'part'
        shutil.copyfile(self.data / 'docs.jsonl', part)
        began, used = time.perf_counter(), cpu_seconds(self.daemon.pid)
        os.rename(part, self.inventory)
        wait_until('all resources', LOAD_SECONDS, self.is_listed(self.daemon))
        shown = time.perf_counter() - began
        wait_until('all rows', LOAD_SECONDS, lambda: self.daemon.metric('storm_rows_waiting') == 0)
        took = time.perf_counter() - began
        self.set('load_per_s', self.count / took, shown_per_s=self.count / shown,
                 cpu_s=cpu_seconds(self.daemon.pid) - used)
        self.set('load_per_cpu_s', self.count / self.figures['load_per_s']['cpu_s'])
        total = self.total('/v1/resources?fields=id&limit=1')
        if total != self.count:
            raise Failure(f'{total} resources are shown, not {self.count}')

    def size(self):
        last, same = 0, 0
        deadline = time.monotonic() + SETTLE_SECONDS
        while same < SETTLED_LOOKS and time.monotonic() < deadline:
            time.sleep(1)
            now = memory_bytes(self.daemon.pid)
            same = same + 1 if abs(now - last) < now * 0.002 else 0
            last = now
        self.set('memory_bytes', last, peak=memory_bytes(self.daemon.pid, 'VmHWM'))
        self.set('disk_bytes', sum(file.stat().st_size for file in self.daemon.folder.glob('storm.db*')))

    def total(self, path):
        answer, _ = self.daemon.send('GET', path)
        return int(answer.getheader('Storm-Total'))

    def timed(self, name, path, matches=None, once=False):
        """Answers are checked: by their total, which the generator knows."""
        options = ['--once'] if once else ['--seconds', self.seconds]
        figure = ask(self.probe, self.daemon.address, [f'GET {path}'], *options)
        if matches is not None and figure['total'] != matches:
            raise Failure(f'{name}: {figure["total"]} matches, not {matches}')
        self.take(name, figure)

    def read(self):
        first = self.queries['snapshot_index_range']
        count = {'fields': 'id', 'limit': 1}
        self.attempt(self.timed, 'count.first', resources_path(first['query'], **count), first['matches'], once=True)
        self.attempt(self.timed, 'count.again', resources_path(first['query'], **count), first['matches'])
        live = self.queries['group_10k']['matches']
        members = '/v1/groups/yard-group_10k/members'
        self.attempt(self.timed, 'group_ids', f'{members}?fields=id', live)
        self.attempt(self.timed, 'group_count', f'{members}?fields=id&limit=1', live)
        self.attempt(self.timed, 'group_docs', members, live)
        for name in LIVE:
            probe = self.queries[name]
            self.attempt(self.timed, f'prefix_ids.{name}', resources_path(probe['query'], fields='id'), probe['matches'])
        for name in ('adhoc_regex', 'snapshot_range', 'count_running', 'in_images', 'or_error_unhealthy'):
            probe = self.queries[name]
            self.attempt(self.timed, f'count.{name}', resources_path(probe['query'], **count), probe['matches'])

    def read_names(self, ceiling):
        self.attempt(self.timed, 'count.names', resources_path({'names': {'$regex': ceiling['regex']}}, fields='id', limit=1),
                     ceiling['matches'])

    def attempt(self, function, name, *arguments, **more):
        """One that fails does not keep the others from being measured."""
        try:
            function(name, *arguments, **more)
        except Failure as fault:
            self.say(f'FAILED {name}: {fault}')

    def bodies(self):
        """What nginx is to serve: one resource of a middling size, and a list of some hundred."""
        ids = json.loads((self.data / 'queries.json').read_text())['ids'][-50:]
        answers = sorted((len(self.daemon.send('GET', f'/v1/resources/{one}')[1]), one) for one in ids)
        one = f'/v1/resources/{answers[len(answers) // 2][1]}'
        listing = '/v1/groups/yard-group_100/members'
        return {'one': one, 'list': listing}, {name: self.daemon.send('GET', path)[1]
                                               for name, path in (('one', one), ('list', listing))}

    def serve(self, paths, bodies):
        for name, path in paths.items():
            self.figures[f'rest_{name}'], self.figures[f'rest_{name}_per_cpu_s'] = http_figures(
                self.probe, self.daemon.address, path, self.daemon.pid, self.seconds, HTTP_CONNECTIONS, len(bodies[name]))

    def write(self):
        """Resources of its own, each put anew with another snapshot of the data's size."""
        snapshots = []
        with open(self.data / 'docs.jsonl', encoding='utf-8') as docs:
            for number, line in enumerate(docs):
                if number >= self.count // 2:
                    snapshots.append(json.loads(line)['snapshot'])
                if len(snapshots) == OWN_RESOURCES:
                    break
        def body(index, turn):
            return json.dumps({'type': 'yard-thing', 'names': [f'yard-{index}'], 'image': 'library/yard:1',
                               'status': ('running', 'stopped')[turn % 2], 'snapshot': snapshots[(index + turn) % len(snapshots)]},
                              separators=(',', ':'))
        own = range(len(snapshots))
        address = self.daemon.address
        ask(self.probe, address, [f'POST /v1/resources {body(index, 0)}' for index in own], '--once',
            '--connections', IMPORT_CONNECTIONS)
        puts = [f'PUT /v1/resources/yard-{index} {body(index, turn)}' for turn in (1, 2, 3, 4) for index in own]
        self.take('one_change', ask(self.probe, address, puts, '--seconds', self.seconds))
        many = ask(self.probe, address, puts, '--seconds', self.seconds, '--connections', IN_FLIGHT)
        self.set('changes_in_flight_per_s', many['per_second'], p99=many['p99'])

    def tell(self, rates):
        """From when a durable change was due to be sent until the group's watcher has it."""
        # By id: the name changes each time.
        ids = [one['id'] for one in self.daemon.get('/v1/groups/yard-own/members?fields=id')]
        stream = '/v1/watch?group=yard-own'
        with tempfile.NamedTemporaryFile('w', suffix='.requests') as file:
            for one in ids:
                file.write(f'PATCH /v1/resources/{one} {{"names":["probe-{{k}}-"]}}\n')
            file.flush()
            for rate in rates:
                figures = run_part(self.probe, 'watch', self.daemon.address, file.name, stream, '--rate', rate, '--seconds', 4,
                                   '--connections', IN_FLIGHT)
                if figures['answered']['refused']:
                    raise Failure(f'told_at_{rate}: {figures["answered"]["refused"]} refused')
                if figures['told']['told'] == 0:
                    raise Failure(f'told_at_{rate}: nothing was told')
                self.take(f'told_at_{rate}', figures['told'])
                if figures['told']['told'] < figures['told']['sent'] * TOLD_ENOUGH:
                    break   # it fell behind, and will more at a higher rate
        self.set('told_rate', highest_rate(self.figures, 'told_at_', rates))

    def tell_many(self, watchers):
        one = self.daemon.get('/v1/groups/yard-own/members?fields=id&limit=1')[0]['id']
        with tempfile.NamedTemporaryFile('w', suffix='.requests') as file:
            file.write(f'PATCH /v1/resources/{one} {{"names":["probe-{{k}}-"]}}\n')
            file.flush()
            self.figures.update(run_part(self.probe, 'watchers', self.daemon.address, file.name, '/v1/watch?group=yard-own',
                                         '--connections', watchers, '--seconds', 5))

    def change(self):
        """All changes appended at once, and a last one that shows when they are through."""
        changes = sum(1 for _ in open(self.data / 'updates.jsonl', 'rb'))
        part = self.folder / 'part'
        last = b'{"id":"yard-last","type":"yard-last"}\n'
        shutil.copyfile(self.data / 'updates.jsonl', part)
        began = time.perf_counter()
        with open(self.inventory, 'ab') as inventory, open(part, 'rb') as updates:
            shutil.copyfileobj(updates, inventory, 1 << 20)
            inventory.write(last)
        seen = '/v1/resources?' + urllib.parse.urlencode({'q': '{"type":"yard-last"}', 'fields': 'id', 'limit': 1})
        wait_until('the last change', LOAD_SECONDS, lambda: self.total(seen) == 1)
        shown = time.perf_counter() - began
        wait_until('all rows', LOAD_SECONDS, lambda: self.daemon.metric('storm_rows_waiting') == 0)
        self.set('changes_per_s', changes / (time.perf_counter() - began), shown_per_s=changes / shown)

    def restart(self):
        """From exec until a group of the data has its members again."""
        expected = self.total('/v1/groups/yard-group_1k/members?fields=id&limit=1')
        self.daemon.stop()
        began = time.perf_counter()
        self.daemon.start()
        found = self.total('/v1/groups/yard-group_1k/members?fields=id&limit=1')
        self.set('restart', time.perf_counter() - began)
        if found != expected:
            raise Failure(f'{found} members after a restart, {expected} before')


def inside(build, data, updates, more_groups, naive):
    """The in-process figures; those in microseconds of one change stay so."""

    answer = subprocess.run([build / 'bin' / 'group_bench', data, '--updates', str(updates), '--more-groups', str(more_groups),
                             '--naive', str(naive), '--json'], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise Failure(f'group_bench: {answer.stderr.strip()[-400:]}')
    read = json.loads(answer.stdout.splitlines()[-1])
    figures = {f'inside.{name}': {'value': value} for name, value in read.items()}
    figures['by_id_inside'] = {'value': read['by_id_us'] / 1e6}
    return figures
