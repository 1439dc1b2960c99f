"""What the server keeps: objects by kind, their versions, and who watches.

Objects in a table are never changed: an update puts another dict in their place,
so that history and readers may hold on to the old one.
"""
import datetime
import random
import time
import uuid

ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'


class Clock:
    """The server's clock, which a test can put wrong."""
    skew = 0.0

    def ns(self):
        return time.time_ns() + int(self.skew * 1e9)

    def now(self):
        return stamp(self.ns())


def stamp(ns, nano=False):
    """RFC 3339; with nano as Go's RFC3339Nano, which cuts zeros at the end."""
    t = datetime.datetime.utcfromtimestamp(ns // 10 ** 9)
    text = t.strftime('%Y-%m-%dT%H:%M:%S')
    if nano and ns % 10 ** 9:
        text += ('.%09d' % (ns % 10 ** 9)).rstrip('0')
    return text + 'Z'


def suffix(n=5):
    return ''.join(random.choice(ALPHABET) for _ in range(n))


class Table:
    def __init__(self, kind, keep):
        self.kind = kind
        self.objects = {}
        self.history = []       # [rv, type, object, the one before, line]
        self.base = 0           # the number of history[0]
        self.oldest = 0         # a watch from an older version is told 410
        self.keep = keep
        self.wake = set()       # asyncio.Event of each watch

    def note(self, rv, kind, obj, old):
        self.history.append([rv, kind, obj, old, None])
        if len(self.history) > 200:
            self.history[-200][4] = None        # watches are past that one
        if len(self.history) > 2 * self.keep:
            cut = len(self.history) - self.keep
            self.oldest = self.history[cut - 1][0]
            del self.history[:cut]
            self.base += cut
        for event in self.wake:
            event.set()


class Store:
    def __init__(self, clock, keep=20000):
        self.clock = clock
        self.rv = 1000
        self.tables = {}
        self.keep = keep
        self.listeners = []
        self.owned = {}         # uid of an owner: {(plural, namespace, name)}

    def table(self, kind):
        self.tables[kind.plural] = Table(kind, self.keep)
        self.tables[kind.plural].oldest = self.rv
        return self.tables[kind.plural]

    def get(self, plural, namespace, name):
        return self.tables[plural].objects.get((namespace, name))

    def _tell(self, plural, kind, obj, old):
        self.tables[plural].note(self.rv, kind, obj, old)
        for fn in self.listeners:
            fn(plural, kind, obj, old)

    def create(self, plural, namespace, obj):
        """The object is ours from now on."""
        t = self.tables[plural]
        self.rv += 1
        meta = obj['metadata']
        if not meta.get('name'):
            meta['name'] = meta['generateName'] + suffix()
        if t.kind.namespaced:
            meta['namespace'] = namespace
        meta.setdefault('uid', str(uuid.uuid4()))
        meta['resourceVersion'] = str(self.rv)
        meta.setdefault('creationTimestamp', self.clock.now())
        if t.kind.generation:
            meta['generation'] = 1
        key = (namespace if t.kind.namespaced else '', meta['name'])
        for owner in meta.get('ownerReferences') or ():
            self.owned.setdefault(owner['uid'], set()).add((plural,) + key)
        t.objects[key] = obj
        self._tell(plural, 'ADDED', obj, None)
        return obj

    def replace(self, plural, old, **parts):
        """A new version of old with these members; the metadata is copied."""
        t = self.tables[plural]
        meta = dict(parts.pop('metadata', old['metadata']))
        key = (meta.get('namespace', ''), meta['name'])
        if t.objects.get(key) is not old:
            return t.objects.get(key)
        obj = dict(old, **parts)
        for k in [k for k, v in obj.items() if v is None]:
            del obj[k]
        obj['metadata'] = meta
        if all(obj.get(k) == old.get(k) for k in set(obj) | set(old)):
            return old
        self.rv += 1
        meta['resourceVersion'] = str(self.rv)
        if t.kind.generation and obj.get('spec') != old.get('spec'):
            meta['generation'] = meta.get('generation', 1) + 1
        t.objects[key] = obj
        self._tell(plural, 'MODIFIED', obj, old)
        return obj

    def remove(self, plural, obj):
        t = self.tables[plural]
        meta = obj['metadata']
        key = (meta.get('namespace', ''), meta['name'])
        if t.objects.get(key) is not obj:
            return
        del t.objects[key]
        self.rv += 1
        last = dict(obj, metadata=dict(meta, resourceVersion=str(self.rv)))
        for owner in meta.get('ownerReferences') or ():
            self.owned.get(owner['uid'], set()).discard((plural,) + key)
        self._tell(plural, 'DELETED', last, obj)

    def dependents(self, uid):
        return [(p, self.tables[p].objects[ns, n])
                for p, ns, n in sorted(self.owned.get(uid, ()))]

    def expire(self):
        """Forgets the history: all versions up to now are too old."""
        self.rv += 1
        for t in self.tables.values():
            t.base += len(t.history)
            t.history = []
            t.oldest = self.rv
            for event in t.wake:
                event.set()
