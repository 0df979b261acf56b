#!/usr/bin/env python3
"""/v1/watch of a real stormd, over all its forms and over restarts: watch_test.py --bin FOLDER"""
import argparse
import json
import os
import sys
import threading
import unittest

sys.dont_write_bytecode = True
from server import Server  # noqa: E402
from watch_client import Refused, Watch, said  # noqa: E402

OPTIONS = argparse.Namespace(bin='build/dev/bin')
SLOWNESS = float(os.environ.get('STORM_TEST_SLOWNESS', '1'))
JOIN_SECONDS = 60


class WatchTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(OPTIONS.bin, SLOWNESS)
        self.addCleanup(self.server.close)
        self.server.start()

    def request(self, method, path, body=None, status=(200, 201, 204)):
        connection = self.server.connection(30)
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        self.assertIn(answer.status, status, text)
        return json.loads(text) if text else None

    def watch(self, form='sse', **parameters):
        watch = Watch((self.server.host, self.server.port), form, slowness=SLOWNESS, **parameters)
        self.addCleanup(watch.close)
        return watch

    def vm(self, name, **fields):
        self.request('POST', '/v1/resources', {'type': 'vm', 'names': [name], **fields})

    def change(self, name, **fields):
        self.request('PATCH', f'/v1/resources/{name}', fields)

    def test_every_form_tells_the_same(self):
        self.request('POST', '/v1/groups', {'name': 'up', 'query': {'status': 'running'}})
        watches = [self.watch(form, group='up') for form in ('sse', 'ndjson', 'websocket')]
        for watch in watches:
            self.assertEqual(watch.next(bookmarks=True)['type'], 'bookmark')
        self.vm('a')
        self.change('a', status='running')
        self.change('a', health='healthy')
        self.request('DELETE', '/v1/resources/a')
        stories = [[watch.next() for _ in range(3)] for watch in watches]
        self.assertEqual(stories[0], stories[1])
        self.assertEqual(stories[0], stories[2])
        self.assertEqual([said(message) for message in stories[0]], ['joined a', 'updated a', 'left a'])
        self.assertEqual(stories[0][1]['changed'], [{'path': 'health', 'old': 'unknown', 'new': 'healthy'}])

    def test_a_restart_loses_nothing_and_repeats_nothing(self):
        self.request('POST', '/v1/groups', {'name': 'up', 'query': {'status': 'running'}})
        for name in 'abc':
            self.vm(name)
        watch = self.watch(group='up', initial='true')
        self.assertEqual(said(watch.next()), 'synced')
        self.change('a', status='running')
        self.assertEqual(said(watch.next()), 'joined a')
        seen = watch.last_id
        watch.close()
        self.change('b', status='running')
        self.server.stop()
        self.server.start()
        self.change('a', status='stopped')
        self.server.stop()
        self.server.start()
        later = self.watch(group='up', initial='true', headers=['Last-Event-ID: ' + seen])
        self.assertEqual(said(later.next()), 'joined b')
        self.assertEqual(said(later.next()), 'left a')
        self.change('c', status='running')
        self.assertEqual(said(later.next()), 'joined c')

    def test_a_query_over_a_restart_is_told_to_list_again(self):
        watch = self.watch('ndjson', q='{"status": "running"}')
        cursor = watch.next(bookmarks=True)['cursor']
        self.vm('a', status='running')
        self.vm('b', status='running')
        self.assertEqual(said(watch.next()), 'joined a')
        self.server.stop()
        self.server.start()
        later = self.watch('ndjson', q='{"status": "running"}', since=cursor)
        self.assertEqual(said(later.next()), 'reset')
        self.vm('c', status='running')
        self.assertEqual(said(later.next()), 'joined c')

    def test_forged_cursors_are_refused_by_name(self):
        cursor = self.watch().next(bookmarks=True)['cursor']
        forged = ('0' if cursor[-1] != '0' else '1').join([cursor[:-1], ''])
        for text in (forged, 'x', cursor + cursor, '\u2603', '%00'):
            with self.assertRaises(Refused) as refused:
                self.watch(since=text)
            self.assertEqual(refused.exception.status, 400)
        with self.assertRaises(Refused) as refused:
            self.watch(since=forged)
        self.assertIn(forged, refused.exception.body)

    def test_subscriptions_of_a_websocket_come_and_go(self):
        self.request('POST', '/v1/groups', {'name': 'up', 'query': {'status': 'running'}})
        self.vm('a', status='running')
        watch = self.watch('websocket')
        self.assertEqual(watch.next(bookmarks=True)['type'], 'bookmark')
        watch.say({'subscribe': {'group': 'up', 'initial': True}, 'id': 'x'})
        messages = [watch.next() for _ in range(3)]
        self.assertEqual([said(message) for message in messages], ['subscribed', 'initial a', 'synced'])
        self.assertEqual({message['selector'] for message in messages}, {'x'})
        cursor = messages[2]['cursor']
        watch.say({'subscribe': {'q': {'health': 'unhealthy'}}, 'id': 'ill'})
        self.assertEqual(said(watch.next()), 'subscribed')
        self.change('a', health='unhealthy')
        both = [watch.next(), watch.next()]
        self.assertEqual([(said(message), message['selector']) for message in both],
                         [('updated a', 'x'), ('joined a', 'ill')])
        self.assertEqual(both[0]['revision'], both[1]['revision'])
        watch.say({'unsubscribe': 'x'})
        self.assertEqual(said(watch.next()), 'unsubscribed')
        self.change('a', health='healthy')
        self.assertEqual((said(message := watch.next()), message['selector']), ('left a', 'ill'))
        watch.say({'subscribe': {'group': 'up', 'since': cursor}, 'id': 'again'})
        self.assertEqual([said(watch.next()) for _ in range(4)],
                         ['subscribed', 'updated a', 'updated a', 'synced'])

    def test_what_is_wrong_with_a_subscription_is_told(self):
        watch = self.watch('websocket')
        watch.next(bookmarks=True)
        for wish, pointer in (({'subscribe': {'group': 'nobody'}, 'id': 'a'}, '/subscribe/group'),
                              ({'subscribe': {'q': {'a': {'$regx': 1}}}, 'id': 'a'}, '/subscribe/q/a/$regx'),
                              ({'subscribe': {'since': 'x'}, 'id': 'a'}, '/subscribe/since')):
            watch.say(wish)
            error = watch.next()
            self.assertEqual(error['type'], 'error')
            self.assertEqual(error['errors'][0]['pointer'], pointer)
        for text in ('no JSON', '{}', '[1]', '{"unsubscribe": "nobody"}', '{"subscribe": {}}'):
            watch.say(text)
            self.assertEqual(watch.next()['type'], 'error')
        self.vm('a')
        self.assertEqual(said(watch.next()), 'created a')

    def test_writers_at_once_are_told_in_one_order(self):
        watches = [self.watch('ndjson', type='vm') for _ in range(5)]

        def write(writer):
            for number in range(40):
                self.vm(f'{writer}-{number}')

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
        for thread in threads:
            thread.start()
        stories = [[watch.next() for _ in range(160)] for watch in watches]
        for thread in threads:
            thread.join(JOIN_SECONDS)
        revisions = [message['revision'] for message in stories[0]]
        self.assertEqual(revisions, sorted(set(revisions)))
        for story in stories[1:]:
            self.assertEqual(story, stories[0])

    def test_the_server_ends_its_watches_when_it_stops(self):
        watches = [self.watch(form) for form in ('sse', 'ndjson', 'websocket')]
        for watch in watches:
            watch.next(bookmarks=True)
        self.server.stop()
        for watch in watches:
            with self.assertRaises(EOFError):
                watch.next(bookmarks=True)


if __name__ == '__main__':
    PARSER = argparse.ArgumentParser()
    PARSER.add_argument('--bin', required=True)
    OPTIONS, REST = PARSER.parse_known_args()
    unittest.main(argv=[sys.argv[0], *REST], warnings='ignore')
