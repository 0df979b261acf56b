#!/usr/bin/env python3
"""stormctl where it stays: `-w` and `events -f`, on a pipe and on a terminal, and over a lost
connection. usage: watch_test.py STORMCTL"""

import json
import os
import pty
import re
import selectors
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
from fake_stormd import FakeStormd  # noqa: E402

STORMCTL = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "stormctl"
DEADLINE = 15


class Follower:
    """A running stormctl; reads its output until something is in it."""

    def __init__(self, server, *words, terminal=False):
        environment = {**os.environ, "STORMD_HOST": server.address, "LANG": "C.UTF-8",
                       "TERM": "xterm"}
        out = subprocess.PIPE
        if terminal:
            self.fd, out = pty.openpty()
        self.process = subprocess.Popen([STORMCTL, *words], stdout=out, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, env=environment)
        if terminal:
            os.close(out)
        else:
            self.fd = self.process.stdout.fileno()
        self.terminal = terminal
        self.text = ""

    def read_until(self, pattern):
        selector = selectors.DefaultSelector()
        selector.register(self.fd, selectors.EVENT_READ)
        end = time.monotonic() + DEADLINE
        while not re.search(pattern, self.text):
            left = end - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise AssertionError(f"no {pattern!r} in {self.text!r}")
            chunk = os.read(self.fd, 65536)
            if not chunk:
                raise AssertionError(f"ended without {pattern!r}: {self.text!r} "
                                     f"{self.process.stderr.read()!r}")
            self.text += chunk.decode()
        selector.close()
        return self.text

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        if self.terminal:
            os.close(self.fd)
        else:
            self.process.stdout.close()


def selectable(fd, seconds):
    selector = selectors.DefaultSelector()
    selector.register(fd, selectors.EVENT_READ)
    try:
        return bool(selector.select(seconds))
    finally:
        selector.close()


class WatchTest(unittest.TestCase):
    def setUp(self):
        self.server = FakeStormd()
        self.addCleanup(self.server.close)
        self.server.add("resources", {"id": "res-0000000000000000000web", "type": "swarm-task",
                                      "names": ["web.1"], "status": "starting",
                                      "health": "unknown"})

    def follow(self, *words, terminal=False):
        """Starts stormctl and waits until it has an open stream."""
        before = len(self.server.streams)
        follower = Follower(self.server, *words, terminal=terminal)
        self.addCleanup(follower.close)
        self.wait_for(lambda: len(self.server.streams) > before)
        return follower

    def wait_for(self, condition):
        end = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), end, "waited in vain")
            time.sleep(0.005)

    def synced(self, follower, **fields):
        """Until a change made now is told: the first list has then been read."""
        for number in range(1000):
            self.server.add("resources", {"type": "probe", "names": [f"probe-{number}"], **fields})
            end = time.monotonic() + 0.2
            while time.monotonic() < end:
                if selectable(follower.fd, 0.05):
                    follower.read_until("probe")
                    return
        self.fail("never in step")

    def test_a_pipe_gets_one_line_per_change(self):
        follower = self.follow("resources", "ls", "-w")
        self.synced(follower)
        self.server.change("resources", "web.1", status="running", health="healthy")
        follower.read_until(r"Z updated resource/web\.1 status: starting -> running, "
                            r"health: unknown -> healthy\n")
        self.server.add("resources", {"type": "swarm-task", "names": ["web.2"]})
        follower.read_until(r"Z created resource/web\.2\n")
        self.server.delete("resources", "web.2")
        follower.read_until(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ deleted resource/web\.2\n")

    def test_a_pipe_is_told_first_what_is_there_if_that_is_wanted(self):
        self.server.add("resources", {"type": "swarm-task", "names": ["0kc5twgnj7", "web.2"]})
        follower = self.follow("resources", "ls", "-w", "--initial")
        text = follower.read_until(r"initial resource/web\.2\n")
        self.assertRegex(text, r"Z initial resource/web\.1\n")
        self.server.change("resources", "web.2", status="running")
        follower.read_until(r"Z updated resource/web\.2 status: unknown -> running\n")

    def test_a_filter_makes_things_join_and_leave(self):
        self.server.add("resources", {"type": "probe", "names": ["other"], "status": "running"})
        follower = self.follow("resources", "ls", "-w", "-q",
                               '{"$or": [{"status": "running"}, {"type": "probe"}]}')
        self.synced(follower)
        self.server.change("resources", "web.1", status="running")
        follower.read_until(r"joined resource/web\.1\n")
        self.server.change("resources", "web.1", status="stopped")
        follower.read_until(r"left resource/web\.1\n")

    def test_values_of_views_are_followed(self):
        view = self.server.add("views", {"name": "machines", "value": 0})
        for words, shown in ((["views", "ls", "-w"], r"Z updated view/machines value: \d+ -> {}\n"),
                             (["view", "get", "machines", "-w", "-o", "ndjson"],
                              r'"updated","view":.*"value":{}')):
            follower = self.follow(*words)
            # Nothing is told of the view itself: its value changes with the resources.
            for number in range(1, 1000):
                with self.server.changed:
                    view["value"] = number
                    self.server.add("resources", {"type": "vm", "names": [f"vm-{number}"]})
                if number > 1 and selectable(follower.fd, 0.5):
                    break
            follower.read_until(shown.format(view["value"]))

    def test_members_follow_a_changed_query(self):
        self.server.add("groups", {"name": "tasks", "query": {"type": "probe"}})
        follower = self.follow("group", "members", "tasks", "-w")
        self.synced(follower)
        self.server.change("groups", "tasks", query={"type": "swarm-task"})
        follower.read_until(r"joined resource/web\.1\n(.*\n)*.*left resource/probe-0\n")

    def test_members_that_join_change_and_leave(self):
        self.server.add("groups", {"name": "up", "query": {"status": {"$in": ["running", "probe"]}}})
        follower = self.follow("group", "members", "up", "-w")
        self.synced(follower, status="probe")
        self.server.change("resources", "web.1", status="running")
        follower.read_until(r"joined resource/web\.1\n")
        self.server.change("resources", "web.1", health="healthy")
        follower.read_until(r"updated resource/web\.1 health: unknown -> healthy\n")
        self.server.change("resources", "web.1", status="stopped")
        follower.read_until(r"left resource/web\.1\n")

    def test_filtered_members_are_asked_for_again(self):
        self.server.add("groups", {"name": "tasks", "query": {"type": "swarm-task"}})
        follower = self.follow("group", "members", "tasks", "-w", "--health", "unhealthy")
        self.synced(follower, type="swarm-task", health="unhealthy")
        self.server.change("resources", "web.1", status="running")
        self.server.change("resources", "web.1", health="unhealthy")
        follower.read_until(r"Z joined resource/web\.1\n")
        self.server.change("resources", "web.1", health="healthy")
        text = follower.read_until(r"Z left resource/web\.1\n")
        self.assertEqual(text.count("web.1"), 2)

    def test_a_watch_tells_each_change_once_over_lost_connections(self):
        self.server.add("groups", {"name": "new", "query": {"type": "t"}})
        follower = self.follow("watch", "--group", "new", "--count", "30")
        for number in range(30):
            self.server.add("resources", {"type": "t", "names": [f"n{number}"]})
            if number % 10 == 9:
                self.server.break_streams()
                self.wait_for(lambda: self.server.streams or number == 29)
        text = follower.read_until(r"joined resource/n29 group/new\n")
        self.assertEqual([line.split()[2] for line in text.splitlines()],
                         [f"resource/n{number}" for number in range(30)])
        self.assertEqual(follower.process.wait(DEADLINE), 0)

    def test_a_watch_as_json_has_the_cursor(self):
        self.server.add("groups", {"name": "up", "query": {"status": "running"}})
        follower = self.follow("watch", "--group", "group/up", "-o", "json", "--count", "1")
        self.server.change("resources", "web.1", status="running")
        message = json.loads(follower.read_until(r"\n"))
        self.assertEqual((message["type"], message["resource"]["status"]), ("joined", "running"))
        self.assertTrue(message["cursor"].startswith("c"))

    def test_json_lines_carry_the_whole_document(self):
        follower = self.follow("resources", "ls", "-w", "-o", "ndjson")
        self.synced(follower)
        self.server.change("resources", "web.1", status="error")
        text = follower.read_until(r'"updated".*\n')
        line = json.loads([line for line in text.splitlines() if '"updated"' in line][0])
        self.assertEqual(line["resource"]["status"], "error")

    def test_a_broken_stream_goes_on_where_it_was(self):
        follower = self.follow("events", "-f", "-o", "ndjson", "--start", "1")
        follower.read_until(r'"id":1,')
        for number in range(50):
            self.server.add("resources", {"type": "t", "names": [f"n{number}"]})
            if number % 10 == 9:
                self.server.break_streams()
                self.wait_for(lambda: self.server.streams)
        text = follower.read_until(r'"id":51,.*\n')
        ids = [json.loads(line)["id"] for line in text.splitlines()]
        self.assertEqual(ids, list(range(1, 52)))

    def test_what_happens_before_a_stream_has_told_anything_is_not_lost_with_it(self):
        for words, lists in ((["events", "-f"], 0), (["resources", "ls", "-w"], 1)):
            follower = self.follow(*words)
            self.wait_for(lambda: self.server.lists_read >= lists)
            with self.server.changed:
                self.server.break_streams()
                self.server.add("resources", {"type": "t", "names": [f"of-{words[0]}"]})
            follower.read_until(f"created .*of-{words[0]}\\n")

    def test_a_server_that_counts_anew_is_followed(self):
        follower = self.follow("events", "-f")
        for number in range(5):
            self.server.add("resources", {"type": "t", "names": [f"n{number}"]})
        follower.read_until(r"n4\n")
        self.server.start_anew()
        self.wait_for(lambda: self.server.streams)
        follower.read_until(r"gap: the events from 1 to 6 are not kept\n")
        self.server.add("resources", {"type": "t", "names": ["later"]})
        follower.read_until(r"1 +created +resource +res-\S+ +unknown +later\n")

    def test_a_watch_catches_up_after_a_gap(self):
        follower = self.follow("resources", "ls", "-w")
        self.synced(follower)
        with self.server.changed:
            self.server.delete("resources", "web.1")
            self.server.start_anew()
        follower.read_until(r"left resource/web\.1\n")

    def test_events_stop_after_the_count(self):
        follower = self.follow("events", "-f", "--count", "2")
        self.server.change("resources", "web.1", status="running")
        self.server.delete("resources", "web.1")
        follower.read_until(r"2 +updated +resource +res-0000000000000000000web +running +web\.1\n"
                            r"3 +deleted .*\n")
        self.assertEqual(follower.process.wait(DEADLINE), 0)

    def test_nobody_reads_any_more(self):
        follower = self.follow("events", "-f")
        follower.process.stdout.close()
        end = time.monotonic() + DEADLINE
        while follower.process.poll() is None:
            self.assertLess(time.monotonic(), end)
            self.server.change("resources", "web.1", status="running")
            time.sleep(0.01)
        self.assertEqual(follower.process.stderr.read(), b"")

    def test_a_terminal_is_redrawn_in_place(self):
        follower = self.follow("resources", "ls", "-w", "--no-color", terminal=True)
        follower.read_until(r"web\.1 +starting")
        self.server.change("resources", "web.1", status="running")
        text = follower.read_until(r"web\.1 +running")
        self.assertIn("\x1b[2A", text)


if __name__ == "__main__":
    unittest.main()
