"""A stormd small enough to read: the part of its REST API that stormctl uses, kept in memory.

It stands in where a test needs what a real server does not do on demand: fixed ids, failures at a
chosen request, a connection that breaks in the middle of a stream.
"""

import hashlib
import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIXES = {"resources": "res-", "groups": "group-", "apps": "app-", "agents": "agent-",
            "procedures": "proc-", "jobs": "job-", "subscriptions": "sub-", "views": "view-"}
ENTITIES = {"resources": "resource", "groups": "group", "apps": "application", "agents": "agent",
            "procedures": "procedure", "jobs": "job", "subscriptions": "subscription",
            "views": "view"}
DEFAULTS = {
    "groups": {"name": None, "query": {}, "services": [], "include": [], "exclude": []},
    "apps": {"name": None, "components": [], "links": [], "expose": []},
    "procedures": {"type": None, "name": None, "content": "", "options": {}, "params": {}},
    "resources": {"type": None, "names": [], "owner": None, "parent": None, "cluster": None,
                  "host": None, "image": None, "status": "unknown", "health": "unknown",
                  "snapshot": {}},
    "agents": {"type": None, "name": None, "status": "offline", "options": {}},
    "jobs": {"type": None, "status": "pending", "target": None, "procedure": None},
    "subscriptions": {"group": None, "procedure": None, "target": None},
    "views": {"name": None, "query": {}, "measure": "count", "value": 0},
}


class Problem(Exception):
    def __init__(self, status, code, detail, errors=()):
        super().__init__(detail)
        self.status = status
        self.body = {"type": "about:blank", "title": code, "status": status, "detail": detail,
                     "code": code,
                     "errors": [{"pointer": pointer, "detail": text} for pointer, text in errors]}


def invalid(pointer, text):
    return Problem(400, "invalid", text, [(pointer, text)])


def matches(document, query):
    return all(matches_member(document, key, wanted) for key, wanted in query.items())


def matches_member(document, key, wanted):
    if key == "$and":
        return all(matches(document, part) for part in wanted)
    if key == "$or":
        return any(matches(document, part) for part in wanted)
    value = document
    for step in key.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    values = [value] + (value if isinstance(value, list) else [])
    if not isinstance(wanted, dict) or not any(name.startswith("$") for name in wanted):
        return wanted in values
    for name, operand in wanted.items():
        if name == "$regex":
            good = any(isinstance(item, str) and re.search(operand, item) for item in values)
        elif name == "$in":
            good = any(item in operand for item in values)
        elif name == "$ne":
            good = operand not in values
        else:
            raise Problem(400, "invalid-query", f"Unknown operator {name}.",
                          [(f"/{key}/{name}", f"Unknown operator {name}.")])
        if not good:
            return False
    return True


class FakeStormd:
    def __init__(self):
        self.collections = {name: [] for name in PREFIXES}
        self.events = []
        self.messages = []  # of /v1/watch
        self.known_members = {}
        self.fail_next = {}  # (method, collection) -> status, or 0 to do it and not to answer; no dry runs
        self.changed = threading.Condition(threading.RLock())
        self.next_id = 0
        self.streams = []
        self.lists_read = 0
        owner = self

        class Handler(RequestHandler):
            fake = owner

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.break_streams()

    def break_streams(self):
        """Ends every open event stream, as a lost connection does."""
        with self.changed:
            streams, self.streams = self.streams, []
            for stream in streams:
                stream["broken"] = True
            self.changed.notify_all()

    def start_anew(self):
        """Forgets every event, as a server without a durable store does when it is restarted."""
        with self.changed:
            self.events = []
            self.messages = []
        self.break_streams()

    # State; each call holds the lock.

    def add(self, collection, body):
        with self.changed:
            document = dict(body)
            document.setdefault("id", self.make_id(collection))
            full = {"id": document["id"], **DEFAULTS[collection], **document}
            self.collections[collection].append(full)
            self.record("created", collection, full)
            return full

    def change(self, collection, word, **fields):
        with self.changed:
            document = self.find(collection, word)
            document.update(fields)
            self.record("updated", collection, document)

    def delete(self, collection, word):
        with self.changed:
            document = self.find(collection, word)
            self.collections[collection].remove(document)
            self.record("deleted", collection, document)

    def make_id(self, collection):
        self.next_id += 1
        digest = hashlib.sha256(f"{collection} {self.next_id}".encode()).digest()
        return PREFIXES[collection] + "".join(DIGITS[byte % 62] for byte in digest[:22])

    def record(self, action, collection, document):
        names = document.get("names", [document["name"]] if document.get("name") else [])
        event = {"id": len(self.events) + 1, "event_type": action,
                 "entity_type": ENTITIES[collection], "entity_id": document["id"],
                 "entity_names": names}
        if collection == "resources":
            event["status"] = document["status"]
        self.events.append(event)
        self.record_moves(collection, document)
        self.changed.notify_all()

    def record_moves(self, collection, document):
        """What the watchers of groups are told of the change, group by group."""
        for group in self.collections["groups"]:
            before = self.known_members.get(group["id"], {})
            after = {member["id"]: member for member in self.members(group)}
            self.known_members[group["id"]] = after
            if collection == "groups" and document is group:
                self.tell(group, "updated", entity={"id": group["id"], "kind": "group",
                                                    "names": [group["name"]]})
            for name, ids in (("joined", after.keys() - before.keys()),
                              ("left", before.keys() - after.keys())):
                for member in ids:
                    self.tell(group, name, resource={**before, **after}[member])
            if document["id"] in before and document["id"] in after:
                self.tell(group, "updated", resource=document, changed=[])

    def tell(self, group, word, **about):
        if "resource" in about:
            about["resource"] = {key: value for key, value in about["resource"].items()
                                 if key != "snapshot"}
        message = {"cursor": f"c{len(self.messages) + 1}", "revision": len(self.events),
                   "type": word, "selector": "group=" + group["name"],
                   "group": {"id": group["id"], "name": group["name"]}, **about}
        self.messages.append(json.loads(json.dumps(message)))  # as it is now

    def find(self, collection, word):
        for document in self.collections[collection]:
            if document["id"] == word or document.get("name") == word:
                return document
        named = [d for d in self.collections[collection] if word in d.get("names", [])]
        if len(named) == 1:
            return named[0]
        raise Problem(404, "not-found", f"Document with id={word} does not exist.")

    def members(self, group):
        for resource in self.collections["resources"]:
            wanted = bool(group["query"]) and matches(resource, group["query"])
            if (wanted or resource["id"] in group["include"]) and \
                    resource["id"] not in group["exclude"]:
                yield resource

    # Bodies

    def normalize(self, collection, body, own_id=None):
        document = {**DEFAULTS[collection], **body}
        document.pop("id", None)
        for other in self.collections[collection]:
            if document.get("name") and other["name"] == document["name"] and other["id"] != own_id:
                raise invalid("/name", "This field must be unique.")
        if collection == "groups":
            matches({}, document["query"])
            for index, service in enumerate(document["services"]):
                if service.get("protocol") not in ("tcp", "udp"):
                    raise invalid(f"/services/{index}/protocol",
                                  f'"{service.get("protocol")}" is not a valid choice.')
        if collection == "apps":
            self.normalize_application(document)
        return document

    def normalize_application(self, document):
        components, links, expose = [], [], []

        def group_of(name, pointer):
            try:
                return self.find("groups", name)
            except Problem:
                raise invalid(pointer, f"Document with id={name} does not exist.") from None

        def split(text, pointer):
            match = re.fullmatch(r"\s*([^\[\]]+?)\s*(?:\[(.*)\])?\s*", text)
            group = group_of(match[1], pointer)
            services = [name.strip() for name in match[2].split(",")] if match[2] else []
            for service in services:
                if service not in [known["name"] for known in group["services"]]:
                    raise invalid(pointer, f'Group "{match[1]}" has no service "{service}".')
            return group["id"], services

        for index, text in enumerate(document["components"]):
            above = None
            for part in text.split("=>"):
                group, services = split(part, f"/components/{index}")
                if group not in components:
                    components.append(group)
                links += [{"from_component": above, "to_component": group, "to_service": service}
                          for service in services]
                above = group
        for index, link in enumerate(document["links"]):
            if isinstance(link, dict):
                links.append(link)
        for index, exposed in enumerate(document["expose"]):
            if isinstance(exposed, dict):
                expose.append(exposed)
                continue
            group, services = split(exposed, f"/expose/{index}")
            expose += [{"component": group, "service": service} for service in services]
        document.update(components=components, links=links, expose=expose)

    def status(self):
        resources = self.collections["resources"]
        grouped = {resource["id"] for group in self.collections["groups"]
                   for resource in self.members(group)}
        jobs = self.collections["jobs"]
        online = sum(agent["status"] == "online" for agent in self.collections["agents"])
        return {"groups": len(self.collections["groups"]),
                "resources": {"total": len(resources), "in_groups": len(grouped),
                              "not_in_groups": len(resources) - len(grouped)},
                "jobs": {"total": len(jobs),
                         "pending": sum(job["status"] == "pending" for job in jobs),
                         "done": sum(job["status"] == "done" for job in jobs)},
                "agents": {"total": len(self.collections["agents"]), "online": online,
                           "offline": len(self.collections["agents"]) - online},
                "revision": len(self.events)}


class RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.handle_request("GET")

    def do_POST(self):
        self.handle_request("POST")

    def do_PUT(self):
        self.handle_request("PUT")

    def do_DELETE(self):
        self.handle_request("DELETE")

    answer_is_lost = False

    def handle_request(self, method):
        url = urllib.parse.urlsplit(self.path)
        query = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        steps = [urllib.parse.unquote(step) for step in url.path.split("/") if step]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if method == "GET" and steps == ["v1", "events"] and query.get("stream") == "true":
                self.stream_events(query)
                return
            if method == "GET" and steps == ["v1", "watch"]:
                with self.fake.changed:
                    self.fake.find("groups", query["group"])
                self.stream_watch(query)
                return
            with self.fake.changed:
                status, answer = self.answer(method, steps, query, json.loads(body or b"null"))
        except Problem as problem:
            status, answer = problem.status, problem.body
        except json.JSONDecodeError as error:
            status, answer = 400, {"q": [str(error)]}
        if self.answer_is_lost:
            self.answer_is_lost = False
            self.close_connection = True
            return
        self.send(status, answer)

    def send(self, status, answer):
        data = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        kind = "application/problem+json" if status >= 400 else "application/json"
        self.send_header("Content-Type", kind)
        if isinstance(answer, list):
            self.send_header("Storm-Total", str(len(answer)))
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer(self, method, steps, query, body):
        fake = self.fake
        if steps == ["v1"]:
            return 200, {}
        if steps == ["healthz"]:
            return 200, {"status": "ok"}
        if steps == ["readyz"]:
            return 200, {"status": "ready"}
        if steps == ["v1", "version"]:
            return 200, {"version": "0.1.0"}
        if steps == ["v1", "status"]:
            return 200, fake.status()
        if steps == ["v1", "events"]:
            start = int(query.get("start", 0))
            chosen = [event for event in fake.events if event["id"] >= start]
            return 200, chosen[:int(query.get("count", 128))]
        if len(steps) < 2 or steps[0] != "v1" or steps[1] not in PREFIXES:
            raise Problem(404, "not-found", "Not found.")
        collection, rest = steps[1], steps[2:]
        if method != "GET" and "dry_run" not in query:
            status = fake.fail_next.pop((method, collection), None)
            self.answer_is_lost = status == 0
            if status:
                raise Problem(status, "internal", "the disk is on fire")
        if method == "GET":
            return 200, self.read(collection, rest, query)
        if method == "POST":
            return 201, self.create(collection, body, query)
        document = fake.find(collection, rest[0])
        if method == "DELETE":
            fake.delete(collection, rest[0])
            return 204, None
        changed = {"id": document["id"],
                   **fake.normalize(collection, body, own_id=document["id"])}
        if "dry_run" not in query:
            document.clear()
            document.update(changed)
            fake.record("updated", collection, document)
        return 200, changed

    def create(self, collection, body, query):
        document = self.fake.normalize(collection, body)
        if "dry_run" in query:
            return {"id": self.fake.make_id(collection), **document}
        return self.fake.add(collection, document)

    def read(self, collection, rest, query):
        fake = self.fake
        if rest and rest[1:] != ["members"]:
            return self.project(fake.find(collection, rest[0]), query)
        documents = fake.members(fake.find("groups", rest[0])) if rest else \
            fake.collections[collection]
        wanted = json.loads(query.get("q", "{}"))
        fake.lists_read += 1
        if "facets" in query:
            values = [document[query["facets"]] for document in documents]
            return {"count": len(values), "facets": {query["facets"]: {"others": 0, "values": [
                {"value": value, "count": values.count(value)} for value in sorted(set(values))]}}}
        return [self.project(document, query) for document in documents
                if matches(document, wanted)]

    @staticmethod
    def project(document, query):
        if "fields" in query:
            wanted = [field.split(".")[0] for field in query["fields"].split(",")]
            return {key: value for key, value in document.items() if key in wanted}
        return {key: value for key, value in document.items() if key != query.get("exclude")}

    def stream_events(self, query):
        fake = self.fake
        state = {"broken": False}
        with fake.changed:
            known = len(fake.events)
            start = int(query["start"]) if "start" in query else known + 1
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Storm-Revision", str(known))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.write_chunk(b"\n")
        with fake.changed:
            fake.streams.append(state)  # now that the client can know of it
        sent = start - 1
        if sent > len(fake.events):
            gap = {"id": sent, "event_type": "gap", "entity_type": "", "entity_id": "",
                   "entity_names": [], "missed_from": len(fake.events) + 1, "missed_to": sent}
            sent = len(fake.events)
            self.write_chunk(json.dumps(gap).encode() + b"\n")
        while True:
            with fake.changed:
                fake.changed.wait_for(lambda: state["broken"] or len(fake.events) > sent, 5)
                fresh = fake.events[sent:]
                sent += len(fresh)
                broken = state["broken"]
            if broken:
                self.close_connection = True
                return
            try:
                self.write_chunk(b"".join(json.dumps(event).encode() + b"\n" for event in fresh)
                                 or b"\n")
            except OSError:
                return

    def stream_watch(self, query):
        fake = self.fake
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        state = {"broken": False}
        with fake.changed:
            sent = int(query["since"][1:]) if "since" in query else len(fake.messages)
            fake.streams.append(state)
        while True:
            fresh = [{"cursor": f"c{sent}", "revision": 0, "type": "bookmark"}]
            with fake.changed:
                if sent > len(fake.messages):
                    sent = len(fake.messages)
                    fresh = [{"cursor": f"c{sent}", "revision": 0, "type": "gap"}]
                else:
                    fresh += [message for message in fake.messages[sent:]
                              if message["group"]["name"] == query["group"]]
                    sent = len(fake.messages)
                broken = state["broken"]
            if broken:
                self.close_connection = True
                return
            try:
                self.write_chunk(b"".join(json.dumps(line).encode() + b"\n" for line in fresh))
            except OSError:
                return
            with fake.changed:
                fake.changed.wait_for(lambda: state["broken"] or len(fake.messages) != sent, 5)

    def write_chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()
