#!/usr/bin/env python3
"""What a service manager hears of stormd: when it is ready, reads its configuration again, stops, and lives.
usage: notify_test.py STORMD"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

STORMD = os.path.abspath(sys.argv.pop(1))
SECONDS = 30 * int(os.environ.get('STORM_TEST_SLOWNESS', '1'))


class NotifyTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix='storm-notify-')
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.config = self.folder / 'storm.yaml'
        self.config.write_text('listen: ["127.0.0.1:0"]\n', encoding='utf-8')
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind(str(self.folder / 'notify'))
        self.manager.settimeout(SECONDS)

    def start(self, **more):
        environment = {'PATH': os.environ['PATH'], 'HOME': str(self.folder), 'NOTIFY_SOCKET': str(self.folder / 'notify'),
                       **more}
        stormd = subprocess.Popen([STORMD, '--ephemeral', '-c', str(self.config)], env=environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

        def end():
            stormd.kill()
            stormd.wait()
            stormd.stdout.close()
        self.addCleanup(end)
        return stormd

    def next(self):
        """The next message that is no ping, as a map."""
        while True:
            message = dict(line.split('=', 1) for line in self.manager.recv(4096).decode().splitlines())
            if 'WATCHDOG' not in message:
                return message

    def test_ready_comes_when_requests_are_served_and_stopping_before_the_end(self):
        stormd = self.start()
        ready = self.next()
        url = stormd.stdout.readline().removeprefix('Listening at: ').strip()
        self.assertEqual(ready, {'READY': '1', 'STATUS': f'Listening at {url}'})
        stormd.terminate()
        self.assertEqual(self.next(), {'STOPPING': '1', 'STATUS': 'Stopping'})
        self.assertEqual(stormd.wait(SECONDS), 0)

    def test_a_reload_is_announced_with_its_time_and_ends_with_ready(self):
        stormd = self.start()
        ready = self.next()
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        stormd.send_signal(signal.SIGHUP)
        reloading = self.next()
        self.assertEqual(reloading['RELOADING'], '1')
        self.assertGreaterEqual(int(reloading['MONOTONIC_USEC']), before)
        self.assertLessEqual(int(reloading['MONOTONIC_USEC']), time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
        self.assertEqual(self.next(), ready)

    def test_a_configuration_with_a_fault_is_told_in_the_status(self):
        stormd = self.start()
        self.next()
        self.config.write_text('lissten: []\n', encoding='utf-8')
        stormd.send_signal(signal.SIGHUP)
        self.assertIn('RELOADING', self.next())
        goes_on = self.next()
        self.assertEqual(goes_on['READY'], '1')
        self.assertRegex(goes_on['STATUS'], r'^Goes on as it was: .*lissten')

    def test_it_pings_while_it_lives_and_not_while_it_is_stopped(self):
        stormd = self.start(WATCHDOG_USEC='100000')
        self.next()
        for _ in range(5):
            self.assertEqual(self.manager.recv(4096), b'WATCHDOG=1')
        stormd.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, stormd.pid, os.WSTOPPED)
        self.manager.setblocking(False)
        with self.assertRaises(BlockingIOError):   # what was sent before the stop
            while self.manager.recv(4096):
                pass
        stormd.send_signal(signal.SIGCONT)
        self.manager.settimeout(SECONDS)
        self.assertEqual(self.manager.recv(4096), b'WATCHDOG=1')


if __name__ == '__main__':
    unittest.main()
