"""stormd alone: its start, many simulated resources, requests, groups over them, and durable writes."""
import json
import os
import tempfile
import time

from load import run_wrk, why_not
from stormd import FOLDERS, Failure, Stormd, cpu_seconds, memory_bytes, wait_until
from table import median, milliseconds, ratio

START_GOAL = 0.100
INGEST_SECONDS = 300
SETTLE_SECONDS = 120
SETTLED_LOOKS = 5      # so often the same memory, a second apart
GROUPS_PATH = '/v1/groups'
JOURNAL_BYTES, BLOCK_BYTES = 4 << 20, 4096
MANY_IDS = 5000        # that requests by id go round


def start_empty(build, table, times):
    seconds = []
    for _ in range(times):
        daemon = Stormd(build)
        try:
            began = time.perf_counter()
            daemon.start()
            daemon.get('/v1/')
            seconds.append(time.perf_counter() - began)
        finally:
            daemon.close()
    table.add('start-empty', 'exec to the first answer, a new store',
              f'{milliseconds(median(seconds))} ms (median of {times}; {milliseconds(min(seconds))} to '
              f'{milliseconds(max(seconds))})', '', '< 100 ms', median(seconds) < START_GOAL)


def executor(tasks):
    return f'{{name: cloud, plugin: simulated, config: {{tasks: {tasks}, static: true}}}}'


def settled_memory(daemon):
    """Once everything is written and the memory does not change any more."""
    wait_until('all rows written', SETTLE_SECONDS, lambda: daemon.metric('storm_rows_waiting') == 0)
    deadline = time.monotonic() + SETTLE_SECONDS
    last, same = None, 0
    while same < SETTLED_LOOKS and time.monotonic() < deadline:
        now = memory_bytes(daemon.pid)
        same = same + 1 if now == last else 0
        last = now
        time.sleep(1)
    return last


class Cloud:
    """A stormd with so many simulated tasks, all of them visible, and what it took to get there."""

    def __init__(self, build, tasks, ephemeral=False):
        self.daemon = Stormd(build, [executor(tasks)], ephemeral)
        try:
            began = time.perf_counter()
            self.daemon.start()
            self.total = wait_until('all resources', INGEST_SECONDS, self.count_when_all)
            self.seconds = time.perf_counter() - began
            self.cpu = cpu_seconds(self.daemon.pid)   # says more on a machine that others use too
        except BaseException:
            self.daemon.close()
            raise
        self.tasks = tasks

    def count_when_all(self):
        # The listing is over when the source is live; before, a count may be one of many on the way.
        agents = self.daemon.get('/v1/agents')
        live = agents and agents[0].get('source', {}).get('state') == 'live'
        return self.daemon.get('/v1/status')['resources']['total'] if live else None

    def close(self):
        self.daemon.close()


class Ingest:
    """Measures the filling of a store; keeps the daemon with SQLite for the operations after it."""

    def __init__(self, build, tasks):
        self.build, self.tasks = build, tasks
        self.cloud = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.cloud:
            self.cloud.close()

    def filled(self):
        if not self.cloud:
            self.cloud = Cloud(self.build, self.tasks)
        return self.cloud

    def report(self, table):
        empty = {}
        for ephemeral in (True, False):
            small = Cloud(self.build, 1, ephemeral)
            empty[ephemeral] = settled_memory(small.daemon)
            small.close()
        kept = self.filled()
        other = Cloud(self.build, self.tasks, ephemeral=True)
        try:
            self.report_one(table, other, empty[True], '--ephemeral', other.seconds)
        finally:
            other.close()
        self.report_one(table, kept, empty[False], 'sqlite', other.seconds)
        disk = sum(file.stat().st_size for file in kept.daemon.folder.glob('storm.db*'))
        table.add('ingest-100k', 'sqlite: on disk', f'{disk / kept.total:,.0f} bytes a resource')

    @staticmethod
    def report_one(table, cloud, empty, store, base):
        table.add('ingest-100k', f'{store}: exec until {cloud.total:,} resources are visible',
                  f'{cloud.seconds:.2f} s ({cloud.total / cloud.seconds:,.0f} a second), {cloud.cpu:.1f} s of CPU',
                  ratio(cloud.seconds, base))
        memory = settled_memory(cloud.daemon) - empty
        began = time.perf_counter()
        size = len(cloud.daemon.send('GET', '/v1/resources')[1])
        listed = time.perf_counter() - began
        peak = memory_bytes(cloud.daemon.pid, 'VmHWM')
        table.add('ingest-100k', f'{store}: memory of one resource',
                  f'{memory / cloud.total:,.0f} bytes (peak of the process: {peak / 2**20:,.0f} MiB)',
                  f'{memory / size:.2f}× its {size / cloud.total:,.0f} bytes of JSON')
        table.add('ingest-100k', f'{store}: GET /v1/resources, whole', f'{listed:.2f} s, {size / 2**20:,.0f} MiB '
                  f'({size / 2**20 / listed:,.0f} MiB/s)')


def get_by_id(table, cloud, seconds):
    reason = why_not()
    if reason:
        table.skip('get-by-id', reason)
        return
    daemon = cloud.daemon
    chosen = daemon.get(f'/v1/resources?fields=id&limit={MANY_IDS}')
    with tempfile.NamedTemporaryFile('w', suffix='.ids') as ids:
        ids.write('\n'.join(resource['id'] for resource in chosen) + '\n')
        ids.flush()
        for connections in (1, 8):
            floor = run_wrk(daemon.address, connections, seconds, 'path', '/healthz')
            load = run_wrk(daemon.address, connections, seconds, 'get', ids.name)
            plural = 's' if connections > 1 else ''
            table.add('get-by-id', f'{connections} connection{plural}, {cloud.total:,} resources',
                      f'{load.per_second:,.0f} a second; {load.p50 * 1000:.2f} / {load.p99 * 1000:.2f} ms (p50 / p99)',
                      f'{load.per_second / floor.per_second:.2f}× /healthz ({floor.per_second:,.0f})')


def group_members(table, cloud, times):
    """Slots run from 1 to 100 in each service, so each slot is a hundredth of all tasks."""
    daemon = cloud.daemon
    for one_in in (100, 10):
        name = f'bench-{one_in}'
        query = {'type': 'swarm-task', 'snapshot.Slot': {'$lte': 100 // one_in}}
        daemon.send('POST', GROUPS_PATH, {'name': name, 'query': query})
        path = f'{GROUPS_PATH}/{name}/members'

        def timed(method, where, body=None):
            began = time.perf_counter()
            data = daemon.send(method, where, body)[1]
            return time.perf_counter() - began, data

        ids = [timed('GET', path + '?fields=id') for _ in range(times)]
        whole = [timed('GET', path) for _ in range(times)]
        count = len(json.loads(ids[0][1]))
        if count != len(json.loads(whole[0][1])) or count == 0:
            raise Failure(f'{name}: {count} members by id, {len(json.loads(whole[0][1]))} whole')
        size = len(whole[0][1]) / 2**20
        puts = []
        for _ in range(times):
            timed('PUT', f'{GROUPS_PATH}/{name}', {'name': name, 'query': {'type': 'none'}})
            puts.append(timed('PUT', f'{GROUPS_PATH}/{name}', {'name': name, 'query': query})[0])
        after = len(daemon.get(path + '?fields=id'))
        if after != count:
            raise Failure(f'{name}: {after} members after PUT, {count} before')
        daemon.send('DELETE', f'{GROUPS_PATH}/{name}')
        base = median(seconds for seconds, _ in ids)
        what = f'{count:,} members of {cloud.total:,}'
        table.add('group-members', f'GET, ids only: {what}', f'{milliseconds(base)} ms')
        rest = median(seconds for seconds, _ in whole)
        table.add('group-members', f'GET, whole: {what}', f'{milliseconds(rest)} ms, {size:.1f} MiB', ratio(rest, base))
        put = median(puts)
        table.add('group-members', f'PUT of the group: {what}', f'{milliseconds(put)} ms', ratio(put, base))


def fdatasyncs_per_second(seconds):
    """What the disk gives to one writer of 4 KiB that overwrites a file, as a journal that is used again does."""
    with tempfile.NamedTemporaryFile(dir=FOLDERS) as file:
        os.write(file.fileno(), bytes(JOURNAL_BYTES))
        os.fdatasync(file.fileno())
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            os.pwrite(file.fileno(), bytes(BLOCK_BYTES), count * BLOCK_BYTES % JOURNAL_BYTES)
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.perf_counter() - began)


def commit(build, table, seconds):
    """Groups posted and acknowledged as durable; then the daemon is killed, and all of them must be there."""
    reason = why_not()
    if reason:
        table.skip('commit', reason)
        return
    with Stormd(build) as daemon:
        acknowledged = 0
        for clients in (1, 64):
            # Beside each: a disk that others use changes its speed within a minute.
            disk = fdatasyncs_per_second(seconds / 2)
            table.add('commit', f'the disk alone just before {clients}: 4 KiB, fdatasync',
                      f'{disk:,.0f} a second', '1×')
            load = run_wrk(daemon.address, clients, seconds, 'post', GROUPS_PATH, f'c{clients}')
            acknowledged += load.requests
            table.add('commit', f'POST of groups, {clients} client{"s" if clients > 1 else ""}',
                      f'{load.per_second:,.0f} a second; {milliseconds(load.p50)} / {milliseconds(load.p99)} ms '
                      '(p50 / p99)', f'{load.per_second / disk:.2f}×')
        daemon.stop(kill=True)
        daemon.start()
        answer, _ = daemon.send('GET', f'{GROUPS_PATH}?fields=id&limit=1')
        there = int(answer.getheader('Storm-Total'))
        table.add('commit', 'groups there after kill -9', f'{there:,} of {acknowledged:,} acknowledged', '',
                  'none lost', there >= acknowledged)
