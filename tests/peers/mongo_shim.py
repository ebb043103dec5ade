"""MongoDB's wire protocol over mongomock, for the tests: the semantics of indexes and aggregations that FerretDB
lacks (time to live, partial indexes, $lookup), behind a real socket, for real drivers.

    python mongo_shim.py        listens on a free loopback port and prints its URI

What it does not do:
- transactions: a command that belongs to one is refused, as a standalone server refuses it (code 20);
- change streams, time series, the bulkWrite command of 8.0: refused as a server refuses them;
- arrayFilters, collations: refused; hints, read and write concerns, time limits are taken and ignored;
- anything at the same time: commands take turns, each is atomic;
- keeping: all is in memory and ends with the process.

Names of classes and functions follow MongoDB's words. It never answers a success for what it did not do.
"""

import datetime
import itertools
import socketserver
import struct
import threading

import bson
import mongomock
import pymongo.errors
from bson.codec_options import CodecOptions
from bson.int64 import Int64

CODEC = CodecOptions(document_class=dict, tz_aware=False)
OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
CHECKSUM_PRESENT, MORE_TO_COME = 1, 2
# What mongod takes at most.
MAX_MESSAGE_BYTES = 48_000_000
FIRST_BATCH = 101
# A section of kind 1 carries one of these; a command's own name must stay its first field.
SEQUENCES = ("documents", "updates", "deletes")

client = mongomock.MongoClient()
one_at_a_time = threading.RLock()
cursors = {}
cursor_ids = itertools.count(1)


class CommandError(Exception):
    """A command that a server would refuse, with MongoDB's number and name for why."""

    def __init__(self, code, name, message):
        super().__init__(message)
        self.code, self.name = code, name


# Answers


def answer(body):
    """What a command comes to: its answer, or the error as a document."""
    with one_at_a_time:
        try:
            return {**run(body), "ok": 1.0}
        except CommandError as error:
            return failed(error.code, error.name, str(error))
        except pymongo.errors.DuplicateKeyError as error:
            return failed(11000, "DuplicateKey", duplicate(error))
        except pymongo.errors.OperationFailure as error:
            return failed(error.code or 2, "OperationFailure", str(error))
        except Exception as error:  # What mongomock cannot do is an error of the command, not of the connection.
            return failed(2, "BadValue", f"{type(error).__name__}: {error}")


def failed(code, name, message):
    return {"ok": 0.0, "code": code, "codeName": name, "errmsg": message}


def duplicate(error):
    text = str(error)
    return text if text.startswith("E11000") else f"E11000 duplicate key error: {text}"


def run(body):
    name = next(iter(body))
    command = COMMANDS.get(name.lower())
    if command is None:
        raise CommandError(59, "CommandNotFound", f"no such command: '{name}'")
    if "txnNumber" in body or "startTransaction" in body:
        raise CommandError(
            20, "IllegalOperation", "Transaction numbers are only allowed on a replica set member or mongos"
        )
    if body.get("collation"):
        raise CommandError(238, "NotImplemented", "collation")
    return command(body, body[name])


def collection(body, name):
    return client[body.get("$db", "test")][name]


def namespace(body, name):
    return f"{body.get('$db', 'test')}.{name}"


def cursor(namespace, documents, size=None, single=False):
    """The first batch of these documents, and a cursor where there are more."""
    documents = list(documents)
    size = FIRST_BATCH if size is None else size
    first, rest = documents[:size], documents[size:]
    number = 0
    if rest and not single:
        number = next(cursor_ids)
        cursors[number] = (namespace, rest)
    return {"cursor": {"firstBatch": first, "id": Int64(number), "ns": namespace}}


# Commands: each takes the whole body, and the value of its own name


def hello(body, value):
    return {
        "helloOk": True,
        "isWritablePrimary": True,
        "ismaster": True,
        "minWireVersion": 0,
        "maxWireVersion": 21,
        "maxBsonObjectSize": 16 << 20,
        "maxMessageSizeBytes": MAX_MESSAGE_BYTES,
        "maxWriteBatchSize": 100_000,
        "logicalSessionTimeoutMinutes": 30,
        "readOnly": False,
        "connectionId": 1,
        "localTime": datetime.datetime.now(datetime.timezone.utc),
    }


def nothing(body, value):
    return {}


def build_info(body, value):
    return {"version": "7.0.0", "versionArray": [7, 0, 0, 0]}


def insert(body, name):
    written, errors = 0, []
    for index, document in enumerate(body["documents"]):
        try:
            collection(body, name).insert_one(document)
            written += 1
        except pymongo.errors.DuplicateKeyError as error:
            errors.append({"index": index, "code": 11000, "errmsg": duplicate(error)})
            if body.get("ordered", True):
                break
    return {"n": written, **({"writeErrors": errors} if errors else {})}


def find(body, name):
    found = collection(body, name).find(body.get("filter", {}), body.get("projection") or None)
    if body.get("sort"):
        found = found.sort(list(body["sort"].items()))
    if body.get("skip"):
        found = found.skip(body["skip"])
    if body.get("limit"):
        found = found.limit(abs(body["limit"]))
    return cursor(namespace(body, name), found, body.get("batchSize"), body.get("singleBatch", False))


def get_more(body, number):
    if number not in cursors:
        raise CommandError(43, "CursorNotFound", f"cursor id {number} not found")
    namespace_of, documents = cursors.pop(number)
    size = body.get("batchSize") or len(documents)
    batch, rest = documents[:size], documents[size:]
    if rest:
        cursors[number] = (namespace_of, rest)
    return {"cursor": {"nextBatch": batch, "id": Int64(number if rest else 0), "ns": namespace_of}}


def kill_cursors(body, name):
    killed = [number for number in body.get("cursors", []) if cursors.pop(number, None)]
    return {"cursorsKilled": killed, "cursorsNotFound": [], "cursorsAlive": [], "cursorsUnknown": []}


def is_replacement(update):
    return isinstance(update, dict) and not any(key.startswith("$") for key in update)


def update_one_of(body, name, update):
    if update.get("arrayFilters"):
        raise CommandError(238, "NotImplemented", "arrayFilters")
    target, upsert = collection(body, name), update.get("upsert", False)
    if is_replacement(update["u"]):
        return target.replace_one(update["q"], update["u"], upsert=upsert)
    change = target.update_many if update.get("multi") else target.update_one
    return change(update["q"], update["u"], upsert=upsert)


def update(body, name):
    matched, modified, upserted, errors = 0, 0, [], []
    for index, one in enumerate(body["updates"]):
        try:
            result = update_one_of(body, name, one)
        except pymongo.errors.DuplicateKeyError as error:
            errors.append({"index": index, "code": 11000, "errmsg": duplicate(error)})
            if body.get("ordered", True):
                break
            continue
        matched += result.matched_count
        modified += result.modified_count or 0
        if result.upserted_id is not None:
            matched += 1
            upserted.append({"index": index, "_id": result.upserted_id})
    counts = {"n": matched, "nModified": modified}
    return {
        **counts,
        **({"upserted": upserted} if upserted else {}),
        **({"writeErrors": errors} if errors else {}),
    }


def delete(body, name):
    target = collection(body, name)
    deleted = 0
    for one in body["deletes"]:
        remove = target.delete_one if one.get("limit") else target.delete_many
        deleted += remove(one["q"]).deleted_count
    return {"n": deleted}


def find_and_modify(body, name):
    if body.get("arrayFilters"):
        raise CommandError(238, "NotImplemented", "arrayFilters")
    target, query = collection(body, name), body.get("query", {})
    options = {
        "projection": body.get("fields"),
        "sort": list(body["sort"].items()) if body.get("sort") else None,
    }
    if body.get("remove"):
        value = target.find_one_and_delete(query, **options)
        return {"value": value, "lastErrorObject": {"n": int(value is not None)}}
    existed = target.count_documents(query, limit=1) > 0
    replaces = is_replacement(body["update"])
    change = target.find_one_and_replace if replaces else target.find_one_and_update
    value = change(
        query,
        body["update"],
        upsert=body.get("upsert", False),
        return_document=bool(body.get("new")),
        **options,
    )
    changed = existed or bool(body.get("upsert"))
    return {"value": value, "lastErrorObject": {"n": int(changed), "updatedExisting": existed}}


def create_indexes(body, name):
    target = collection(body, name)
    before = len(target.index_information())
    for index in body["indexes"]:
        options = {key: value for key, value in index.items() if key not in ("key", "v", "ns")}
        target.create_index(list(index["key"].items()), **options)
    after = len(target.index_information())
    return {
        "createdCollectionAutomatically": False,
        "numIndexesBefore": max(before, 1),
        "numIndexesAfter": max(after, 1),
    }


def list_indexes(body, name):
    kept = ("unique", "expireAfterSeconds", "sparse", "partialFilterExpression")
    indexes = [
        {
            "v": 2,
            "name": index,
            "key": dict(described["key"]),
            **{option: value for option, value in described.items() if option in kept},
        }
        for index, described in collection(body, name).index_information().items()
    ]
    return cursor(namespace(body, name), indexes)


def drop_indexes(body, name):
    target = collection(body, name)
    if body["index"] == "*":
        target.drop_indexes()
    else:
        target.drop_index(body["index"])
    return {}


def count(body, name):
    limits = {key: body[key] for key in ("limit", "skip") if body.get(key)}
    return {"n": collection(body, name).count_documents(body.get("query", {}), **limits)}


def distinct(body, name):
    return {"values": collection(body, name).distinct(body["key"], body.get("query"))}


def aggregate(body, name):
    if not isinstance(name, str):
        raise CommandError(238, "NotImplemented", "aggregate without a collection")
    if any("$changeStream" in stage for stage in body["pipeline"]):
        raise CommandError(40573, "Location40573", "The $changeStream stage is only supported on replica sets")
    found = collection(body, name).aggregate(body["pipeline"])
    return cursor(namespace(body, name), found, (body.get("cursor") or {}).get("batchSize"))


def list_collections(body, value):
    database = body.get("$db", "test")
    wanted = (body.get("filter") or {}).get("name")
    found = [
        {"name": name, "type": "collection", "options": {}, "info": {"readOnly": False}, "idIndex": {}}
        for name in client[database].list_collection_names()
        if wanted is None or name == wanted
    ]
    return cursor(f"{database}.$cmd.listCollections", found)


def list_databases(body, value):
    databases = [
        {"name": name, "sizeOnDisk": Int64(1), "empty": False} for name in client.list_database_names()
    ]
    return {"databases": databases, "totalSize": Int64(len(databases))}


def create(body, name):
    if "timeseries" in body:
        raise CommandError(238, "NotImplemented", "timeseries")
    database = client[body.get("$db", "test")]
    if name in database.list_collection_names():
        raise CommandError(48, "NamespaceExists", f"Collection {namespace(body, name)} already exists.")
    database.create_collection(name)
    return {}


def drop(body, name):
    client[body.get("$db", "test")].drop_collection(name)
    return {}


def drop_database(body, value):
    client.drop_database(body["$db"])
    return {"dropped": body["$db"]}


COMMANDS = {
    "aggregate": aggregate,
    "buildinfo": build_info,
    "count": count,
    "create": create,
    "createindexes": create_indexes,
    "delete": delete,
    "distinct": distinct,
    "drop": drop,
    "dropdatabase": drop_database,
    "dropindexes": drop_indexes,
    "endsessions": nothing,
    "find": find,
    "findandmodify": find_and_modify,
    "getmore": get_more,
    "hello": hello,
    "insert": insert,
    "ismaster": hello,
    "killcursors": kill_cursors,
    "listcollections": list_collections,
    "listdatabases": list_databases,
    "listindexes": list_indexes,
    "ping": nothing,
    "update": update,
}


# The wire


class Connection(socketserver.StreamRequestHandler):
    """One client: a message at a time, each with its answer."""

    def handle(self):
        try:
            while header := self.rfile.read(16):
                length, request, _, operation = struct.unpack("<iiii", header)
                if not 16 < length <= MAX_MESSAGE_BYTES:
                    return
                self.message(operation, request, self.rfile.read(length - 16))
        except (ConnectionError, struct.error):
            return

    def message(self, operation, request, payload):
        if operation == OP_QUERY:
            # Only the handshake of drivers that do not know yet whom they speak to.
            reply = bson.encode(answer(query_of(payload)))
            self.reply(OP_REPLY, request, struct.pack("<iqii", 8, 0, 0, 1) + reply)
        elif operation == OP_MSG:
            (flags,) = struct.unpack_from("<I", payload)
            reply = bson.encode(answer(body_of(flags, payload)))
            if not flags & MORE_TO_COME:
                self.reply(OP_MSG, request, struct.pack("<IB", 0, 0) + reply)
        else:
            raise ConnectionError(f"operation {operation}")

    def reply(self, operation, request, payload):
        self.wfile.write(struct.pack("<iiii", 16 + len(payload), 0, request, operation) + payload)


def query_of(payload):
    """The document of an OP_QUERY: after the flags, a name that ends with NUL, and two numbers."""
    start = payload.index(b"\0", 4) + 1 + 8
    (length,) = struct.unpack_from("<i", payload, start)
    return bson.decode(payload[start : start + length], CODEC)


def body_of(flags, payload):
    """The command of an OP_MSG, its document sequences put back where they belong."""
    at, end = 4, len(payload) - (4 if flags & CHECKSUM_PRESENT else 0)
    body, sequences = {}, {}
    while at < end:
        kind = payload[at]
        at += 1
        (length,) = struct.unpack_from("<i", payload, at)
        section = payload[at : at + length]
        if kind == 0:
            body = bson.decode(section, CODEC)
        else:
            name_end = section.index(b"\0", 4)
            name = section[4:name_end].decode()
            if name not in SEQUENCES:
                raise ConnectionError(f"sequence {name}")
            sequences[name] = bson.decode_all(section[name_end + 1 :], CODEC)
        at += length
    return {**body, **sequences}


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def main():
    with Server(("127.0.0.1", 0), Connection) as server:
        print(f"mongodb://127.0.0.1:{server.server_address[1]}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
