"""How soon a change of a real swarm is known, by each way at the same time, and what watching costs at rest."""
import contextlib
import json
import random
import threading
import time
import urllib.parse

import watchers
from stormd import Failure, Stormd, cpu_seconds, wait_until
from swarm_bed import SwarmBed
from table import median, percentile, ratio, spread
from watchers import Watcher

SYNC_SECONDS = 60
VISIBLE_SECONDS = 10
VISIBLE_STEP_SECONDS = 0.002
PUSH_P50_GOAL, PUSH_P99_GOAL = 0.010, 0.060
EVENTS_P50_GOAL = 0.100
REST_CPU_GOAL = 0.01   # of one core
REST_TASKS = 1000
SEED = 2026            # of the pauses between changes


class Visibility:
    """Asks over REST until a task can be found; one thread for each stormd."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.seconds = []
        self.thread = None
        self.fault = None

    def watch(self, name, began):
        self.thread = threading.Thread(target=self.ask, args=(name, began), daemon=True)
        self.thread.start()

    def ask(self, name, began):
        path = '/v1/resources?fields=id&q=' + urllib.parse.quote(json.dumps({'type': 'swarm-task', 'names': name}))
        try:
            while not self.daemon.get(path):
                if time.time() - began > VISIBLE_SECONDS:
                    raise Failure(f'{name} is not visible within {VISIBLE_SECONDS} s')
                time.sleep(VISIBLE_STEP_SECONDS)
            self.seconds.append(time.time() - began)
        except (Failure, OSError) as fault:
            self.fault = fault

    def finish(self):
        self.thread.join()
        if self.fault:
            raise self.fault


class Follow:
    """One run of rounds, seen by every watcher; each way's first sights of each change."""

    # operation, what is said of it, stormd's `push` (or no stormd)
    WAYS = (('swarm-push', 'tier 1: the manager\'s own stream', 'required'),
            ('swarm-events', 'tier 2: /events and lists', 'off'),
            ('poll-1s', 'GET /tasks each second', None),
            ('original', 'four lists each second, a stream that looks each second', None))

    def __init__(self, build, rounds):
        self.sights = {}
        self.created = {}      # service: (its name, when its creation was asked for)
        self.visible = {}
        self.dice = random.Random(SEED)
        with contextlib.ExitStack() as stack:
            bed = stack.enter_context(SwarmBed())
            daemons = {operation: stack.enter_context(Stormd(build, [bed.executor(push)]))
                       for operation, _, push in self.WAYS if push}
            for operation, daemon in daemons.items():
                wait_until(f'{operation}: the first listing', SYNC_SECONDS,
                           lambda daemon=daemon: daemon.find({'type': 'swarm-node'}))
            tiers = {operation: daemon.metric('storm_swarm_tier') for operation, daemon in daemons.items()}
            if tiers != {'swarm-push': 1, 'swarm-events': 2}:
                raise Failure(f'other tiers than wanted: {tiers}')
            following = {operation: Watcher(watchers.stream, daemon.host, daemon.port)
                         for operation, daemon in daemons.items()}
            following['poll-1s'] = Watcher(watchers.poll, bed.socket)
            following['original'] = Watcher(watchers.poll_and_look, bed.socket)
            asking = {operation: Visibility(daemon) for operation, daemon in daemons.items()}
            self.began = time.time()
            for number in range(rounds):
                self.round(bed, f'web{number}', asking.values())
            time.sleep(2.5)    # the slowest way needs two periods for the last change
            tiers_after = {operation: daemon.metric('storm_swarm_tier') for operation, daemon in daemons.items()}
            if tiers_after != tiers:
                raise Failure(f'a tier changed on the way: {tiers_after}')
            for operation, watcher in following.items():
                first = watcher.end()
                self.sights[operation] = {key: sight for key, sight in first.items() if sight.changed >= self.began}
            self.visible = {operation: each.seconds for operation, each in asking.items()}

    def pause(self):
        time.sleep(self.dice.uniform(0.3, 1.3))

    def round(self, bed, name, asking):
        began = time.time()
        for each in asking:
            each.watch(name + '.1', began)
        service = bed.create(name, 2)
        self.created[service] = (name, began)
        for each in asking:
            each.finish()
        bed.wait_for_running(service, 2)
        self.pause()
        bed.scale(service, 5)
        bed.wait_for_running(service, 5)
        self.pause()
        bed.kill_container(bed.running(service)[0])
        self.pause()
        bed.wait_for_running(service, 5)
        bed.scale(service, 1)
        self.pause()
        bed.remove(service)
        self.pause()

    def latencies(self, operation):
        return [sight.seen - sight.changed for sight in self.sights[operation].values()]

    def report(self, table, operation):
        base = median(self.latencies('swarm-push'))
        everything = set().union(*self.sights.values())
        seconds = self.latencies(operation)
        what = dict((way[0], way[1]) for way in self.WAYS)[operation]
        p50, p99 = percentile(seconds, 0.5), percentile(seconds, 0.99)
        goal, met = '', None
        if operation == 'swarm-push':
            goal, met = 'p50 < 10 ms, p99 < 60 ms', p50 < PUSH_P50_GOAL and p99 < PUSH_P99_GOAL
        elif operation == 'swarm-events':
            goal, met = 'p50 < 100 ms', p50 < EVENTS_P50_GOAL
        table.add(operation, what, f'{spread(seconds)} (p50 / p90 / p99, {len(seconds)} changes)', ratio(p50, base),
                  goal, met)
        unseen = len(everything) - len(self.sights[operation])
        table.add(operation, 'states of tasks that it never saw',
                  f'{unseen} of {len(everything)} ({100 * unseen / len(everything):.0f} %)')

    def report_creation(self, table):
        base = None
        for operation, what, push in self.WAYS:
            seconds = self.until_first_task(operation)
            base = base or median(seconds)
            table.add('create-to-visible', f'{operation}: task in ' + ('the event stream' if push else 'sight'),
                      f'{spread(seconds)} ({len(seconds)} services)', ratio(median(seconds), base))
            if push:
                asked = self.visible[operation]
                table.add('create-to-visible', f'{operation}: task by GET /v1/resources?q=',
                          f'{spread(asked)} ({len(asked)} services)', ratio(median(asked), base))

    def until_first_task(self, operation):
        """For each service: from the request that creates it until its first task is seen."""
        seconds = []
        sights = self.sights[operation].values()
        for service, (name, began) in self.created.items():
            mine = [sight.seen for sight in sights if sight.name == service or f'{name}.1' in sight.name.split()]
            if not mine:
                raise Failure(f'{operation} never saw a task of {name}')
            seconds.append(min(mine) - began)
        return seconds


def rest_cost(build, table, seconds):
    """What 1,000 tasks that do not change cost in each process, for each way to watch them."""
    with SwarmBed() as bed:
        bed.create('waiting', REST_TASKS, ['node.labels.there == nowhere'])
        wait_until('all tasks', SYNC_SECONDS, lambda: len(bed.docker.get('/tasks')) == REST_TASKS)

        def share(stormd_pid=None):
            time.sleep(2)      # what the start costs is not rest
            pids = [bed.pid] + ([stormd_pid] if stormd_pid else [])
            began, before = time.monotonic(), [cpu_seconds(pid) for pid in pids]
            time.sleep(seconds)
            passed = time.monotonic() - began
            return [(cpu_seconds(pid) - used) / passed for pid, used in zip(pids, before)]

        idle = share()[0]
        table.add('rest-cost', 'nobody watches: dockerd', f'{idle:.2%} of a core')
        for what, push, goal in (('tier 1', 'required', True), ('tier 2', 'off', False)):
            with Stormd(build, [bed.executor(push)]) as daemon:
                wait_until('all tasks in stormd', SYNC_SECONDS,
                           lambda daemon=daemon: len(daemon.find({'type': 'swarm-task'})) == REST_TASKS)
                dockerd, own = share(daemon.pid)
            promise = '< 1 % of a core' if goal else ''
            table.add('rest-cost', f'{what}: stormd', f'{own:.2%} of a core', '', promise,
                      own < REST_CPU_GOAL if goal else None)
            more = dockerd - idle
            table.add('rest-cost', f'{what}: dockerd', f'{dockerd:.2%} of a core ({100 * more:+.2f} points)',
                      ratio(dockerd, idle), promise, more < REST_CPU_GOAL if goal else None)
        watcher = Watcher(watchers.poll, bed.socket)
        dockerd = share()[0]
        watcher.end()
        table.add('rest-cost', 'GET /tasks each second: dockerd',
                  f'{dockerd:.2%} of a core ({100 * (dockerd - idle):+.2f} points)', ratio(dockerd, idle))


def swarm_skipped(table, operations):
    why = SwarmBed.why_not()
    if why:
        for operation in operations:
            table.skip(operation, why)
    return bool(why)
