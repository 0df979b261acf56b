"""The goals: what is measured of ours, against which peer, how much better it should always be and is meant to be.

An advantage is how many times better than the peer: the peer's time through ours, our rate through the peer's, the peer's
bytes through ours. So "no more than 1.3 times nginx's time" is an advantage of at least 1 / 1.3.
"""
import collections

# `better`: what is better, 'low' (times, bytes) or 'high' (rates). `against`: (peer's figure, hold, aim), either may be None.
Goal = collections.namedtuple('Goal', 'number what ours better unit against')
# What is measured on its own: (field of ours, the most it may be to hold, to meet the aim).
Bound = collections.namedtuple('Bound', 'number what ours unit hold aim')


def goal(number, what, ours, better, unit, *against):
    return Goal(number, what, ours, better, unit, against)


GOALS = [
    goal('1', 'durable bulk load, indexes and groups live', 'load_per_s', 'high', '/s',
         ('postgres.load_per_s', 3, 5), ('sqlite.load_per_s', 1.5, None)),
    goal('2', 'load without a store, a second of CPU', 'load_ephemeral_per_cpu_s', 'high', '/s',
         ('ceiling.simdjson_dom_per_s', 0.25, 0.40)),
    goal('3', 'changes in durable batches', 'changes_per_s', 'high', '/s',
         ('postgres.changes_per_s', 5, 10), ('sqlite.changes_per_s', 3.5, None)),
    goal('4', 'one durable change, p50', 'one_change', 'low', 's',
         ('sqlite.one_change', 1, None), ('ceiling.fdatasync_ready_log', None, 1 / 1.3)),
    goal('5', 'durable changes, 64 in flight', 'changes_in_flight_per_s', 'high', '/s',
         ('etcd.puts_per_s', 3, None), ('redis.durable_sets_per_s', None, 2)),
    goal('6', 'by id in the process, whole', 'by_id_inside', 'low', 's', ('sqlite.by_id', 1, 2.15)),
    goal('7', 'ids of a live group of 1 in 100', 'group_ids', 'low', 's',
         ('columns.ids.group_10k', 10, 70), ('sqlite.ids.group_10k', 5, None)),
    goal('8', 'count of that group', 'group_count', 'low', 's', ('postgres.count.group_10k', 1000, 97000)),
    goal('9', 'whole documents of that group', 'group_docs', 'low', 's',
         ('postgres.docs.group_10k', 20, None), ('sqlite.docs.group_10k', 1 / 1.5, 2)),
    goal('10a', 'prefix query, 1 in 10,000', 'prefix_ids.group_100', 'low', 's',
         ('postgres.ids.group_100', 10, None), ('sqlite.ids.group_100', 1, 5)),
    goal('10b', 'prefix query, 1 in 1,000', 'prefix_ids.group_1k', 'low', 's',
         ('postgres.ids.group_1k', 10, None), ('sqlite.ids.group_1k', 1, 5)),
    goal('10c', 'prefix query, 1 in 100', 'prefix_ids.group_10k', 'low', 's',
         ('postgres.ids.group_10k', 10, None), ('sqlite.ids.group_10k', 1, 5)),
    goal('11', 'unanchored regex over images, count', 'count.adhoc_regex', 'low', 's',
         ('columns.count.adhoc_regex', 20, None), ('ceiling.re2_images_s', 10, None),
         ('ceiling.dictionary_images_s', None, 0.5)),
    goal('12', 'regex over names, count', 'count.names', 'low', 's', ('ceiling.re2_names_s', 0.5, 0.8)),
    goal('13', 'number in the snapshot, path never used', 'count.first', 'low', 's',
         ('sqlite.count.snapshot_index_range', 5, None), ('postgres.count.snapshot_index_range', 10, None),
         ('ceiling.simdjson_number_s', None, 0.5)),
    goal('14', 'the same path again', 'count.again', 'low', 's', ('sqlite.count.snapshot_index_range', 100, 541)),
    goal('15', 'count over two fields of few values', 'count.count_running', 'low', 's',
         ('columns.count.count_running', 20, 168)),
    goal('16', 'groups of one change', 'inside.groups_us', 'low', 'µs',
         ('inside.naive_us', 20, None), ('inside.naive_fast_us', None, 100)),
    goal('17', 'the same with ten times as many groups', 'inside.groups_us_many', 'low', 'µs',
         ('inside.groups_us', 1 / 3, 1 / 1.5)),
    goal('18', 'durable change to subscriber at 5,000/s, p99', 'told_at_5000.p99', 'low', 's',
         ('etcd.told_at_5000.p99', 1 / 0.7, None)),
    goal('18', 'the same, p50', 'told_at_5000', 'low', 's', ('etcd.told_at_5000', None, 2)),
    Bound('18', 'the same, p99 by itself', 'told_at_5000.p99', 's', 0.005, 0.002),
    goal('19', 'highest durable rate with p99 below 10 ms', 'told_rate', 'high', '/s', ('etcd.told_rate', 2, 4)),
    goal('20', 'REST, one resource, of a second of its core', 'rest_one_per_cpu_s', 'high', '/s',
         ('nginx.one_per_cpu_s', 0.7, 1)),
    goal('21', 'REST, list of some hundred, of a second of its core', 'rest_list_per_cpu_s', 'high', '/s',
         ('nginx.list_per_cpu_s', 0.25, 0.6)),
    goal('22', 'REST, one resource, 1 connection, p50', 'rest_one', 'low', 's', ('nginx.one', 1 / 1.3, 1)),
    goal('23', 'memory of the process, groups and indexes in', 'memory_bytes', 'low', 'B',
         ('data.json_bytes', 2, 1 / 0.3), ('redis.memory_bytes', 1 / 0.46, None)),
    goal('24', 'disk of the store', 'disk_bytes', 'low', 'B', ('sqlite.file_bytes', 1 / 0.4, 4)),
    goal('25', 'restart until a query is answered', 'restart', 'low', 's',
         ('sqlite.count.snapshot_range', 1 / 3, 1)),
    Bound('27', 'watchers (10,000), one change, all told', 'all_told', 's', 0.250, 0.100),
]

NOT_HERE = {'26': 'new task visible after Docker\'s event: tests/bench/storm_bench swarm-push, on a real swarm'}

# What may not collapse, in the small form: (ours, better, peer, least advantage), all far below what is usual. Loading is
# compared by time of the processor, for others on the machine slow one side down more than the other.
FAST = [
    ('inside.groups_us', 'low', 'inside.naive_us', 1),
    ('load_per_cpu_s', 'high', 'sqlite.load_per_cpu_s', 0.02),
    ('count.adhoc_regex', 'low', 'sqlite.count.adhoc_regex', 3),
    ('count.count_running', 'low', 'sqlite.count.count_running', 1),
    ('count.again', 'low', 'sqlite.count.snapshot_index_range', 0.1),
    ('prefix_ids.group_10k', 'low', 'sqlite.ids.group_10k', 0.005),   # one goes over HTTP, the other does not
    ('memory_bytes', 'low', 'data.json_bytes', 0.15),
]


def value_of(figures, name):
    """'told.p99' is the field p99 of the figure told, where there is no figure of that very name."""
    if name in figures:
        return figures[name]['value']
    base, _, field = name.rpartition('.')
    return figures.get(base, {}).get(field)


def advantage(figures, ours, better, peer):
    """Nothing when one of them was not measured."""
    mine, other = value_of(figures, ours), value_of(figures, peer)
    if mine is None or other is None or mine <= 0 or other <= 0:
        return None
    return mine / other if better == 'high' else other / mine
