"""What a test asks of the server: to fail, and to let things happen."""
import asyncio
import re

import choose
from api import status


class Faults:
    def __init__(self, server):
        self.server = server
        self.rules = []
        self.token_uses = None   # how often a token is still good

    # ---- requests

    def authorised(self):
        if self.token_uses is None:
            return True
        self.token_uses -= 1
        return self.token_uses >= 0

    def match(self, req):
        now = asyncio.get_running_loop().time()
        for r in self.rules:
            if r.get('until') and now > r['until'] or r.get('count') == 0:
                continue
            if r.get('method') and r['method'] != req.method or \
                    r.get('path') and not re.search(r['path'], req.target):
                continue
            if r.get('skip'):
                r['skip'] -= 1
                continue
            if r.get('count') is not None:
                r['count'] -= 1
            return r
        return None

    async def apply(self, rule, conn, req):
        """True when the request has had its answer."""
        what = rule['do']
        if what == 'slow':
            conn.rate = rule.get('rate', 1000)
            return False
        if what == 'hang':
            conn.on_status()
            await conn.reader.read(1)
            conn.close = True
            return True
        if what == 'drop':
            conn.on_status()
            conn.writer.transport.abort()
            conn.close = True
            return True
        if what == 'half':
            conn.close = True
            await conn.send(conn.head(200, [('Content-Type', 'application/json'),
                                            ('Content-Length', '100000')]) +
                            b'{"kind":"Job')
            return True
        code = rule.get('status', 500)
        headers = []
        details = {}
        if rule.get('retry_after') is not None:
            headers.append(('Retry-After', str(rule['retry_after'])))
            details['retryAfterSeconds'] = rule['retry_after']
        reason = {429: 'TooManyRequests', 500: 'InternalError', 410: 'Expired',
                  503: 'ServiceUnavailable', 504: 'Timeout', 403: 'Forbidden',
                  409: 'AlreadyExists', 401: 'Unauthorized'}.get(code)
        message = rule.get('message') or {
            429: 'the server has received too many requests and has asked us to try '
                 'again later', 500: 'Internal error occurred: etcdserver: request '
            'timed out', 410: 'The resourceVersion for the provided watch is too '
            'old.', 503: 'the server is currently unable to handle the request',
            401: 'Unauthorized'}.get(code, 'refused by the test')
        if rule.get('plain'):
            await conn.whole(code, 'text/plain', message.encode(), headers)
        else:
            await self.server.api.reply(
                conn, req, code, status(code, reason, message, details), headers)
        return True

    # ---- control: POST /SECRET/WHAT with a JSON object

    def control(self, what, ask):
        fn = getattr(self, 'do_' + what.replace('-', '_'), None)
        if fn is None:
            raise KeyError('nothing is known of "%s"' % what)
        return fn(ask)

    def rule(self, do, ask):
        ask = dict(ask, do=do)
        if ask.get('seconds') is not None:
            ask['until'] = asyncio.get_running_loop().time() + ask['seconds']
        elif 'count' not in ask:
            ask['count'] = 1
        self.rules.append(ask)

    def do_answer(self, ask):
        self.rule('answer', ask)

    def do_drop(self, ask):
        self.rule('drop', ask)

    def do_hang(self, ask):
        self.rule('hang', ask)

    def do_half(self, ask):
        self.rule('half', ask)

    def do_slow(self, ask):
        self.rule('slow', dict({'count': None}, **ask))

    def do_clear(self, ask):
        self.rules = []
        self.token_uses = None
        self.server.denied = []
        self.server.frozen = False
        self.server.clock.skew = 0.0

    def do_cut(self, ask):
        for w in list(self.server.watches):
            if re.search(ask.get('path', ''), w.req.target):
                w.cut = 'torn' if ask.get('torn') else 'cut'
                w.event.set()

    def do_expire(self, ask):
        """Old versions are forgotten; open: watches are told so, too."""
        watches = list(self.server.watches)
        self.server.store.expire()
        if ask.get('open'):
            for w in watches:
                w.cut = 'expired'
                w.event.set()

    def do_bookmark(self, ask):
        for w in self.server.watches:
            asyncio.ensure_future(w.bookmark())

    def do_skew(self, ask):
        self.server.clock.skew = float(ask['seconds'])

    def do_tokens(self, ask):
        """tokens: good from now on, no others; after: for so many requests."""
        if 'tokens' in ask:
            self.server.users = {t: 'admin' for t in ask['tokens']}
        self.token_uses = ask.get('after')

    def do_forbid(self, ask):
        self.server.denied.append(ask)

    def do_grant(self, ask):
        """A service account gets a right."""
        self.server.granted.append(ask)

    def do_freeze(self, ask):
        """Controllers do nothing any more (until thaw)."""
        self.server.frozen = True

    def do_thaw(self, ask):
        self.server.frozen = False
        for op in self.server.operators:
            for plural in op.plurals:
                for ns, name in self.server.store.tables[plural].objects:
                    op.queue(plural, ns, name)

    def do_capacity(self, ask):
        self.server.kubelet.capacity = ask
        self.server.kubelet.schedule()

    def do_synthetic(self, ask):
        """Pods that are made from now on play this; {"off": 1}: real again."""
        self.server.kubelet.play = None if ask.get('off') else ask

    # ---- pods and objects

    def pods(self, ask):
        want = choose.parse(ask.get('labelSelector', ''))
        for pod in list(self.server.kubelet.pods.values()):
            obj = pod.obj
            if obj and want(obj['metadata'].get('labels') or {}) and \
                    ask.get('name', pod.key[1]) == pod.key[1]:
                yield pod

    def do_evict(self, ask):
        for pod in self.pods(ask):
            self.server.kubelet.fail(
                pod, 'Evicted', 'The node was low on resource: memory.', {
                    'reason': 'TerminationByKubelet', 'message':
                    'The node was low on resource: memory.'})

    def do_oom(self, ask):
        for pod in self.pods(ask):
            pod.containers[0].oom = True
            pod.kill(9)

    def do_kill(self, ask):
        for pod in self.pods(ask):
            pod.kill(ask.get('signal', 9))

    def do_end(self, ask):
        """Synthetic pods end."""
        for pod in self.pods(ask):
            if getattr(pod, 'over', None) and not pod.over.done():
                pod.over.set_result(ask.get('exit', 0))

    def do_say(self, ask):
        """A line, or as many bytes of lines, in the log of a running pod."""
        for pod in self.pods(ask):
            for log in pod.containers[0].logs[-1:]:
                line = (ask.get('line', 'x' * 99) + '\n').encode()
                for _ in range(ask.get('times', 1)):
                    log.add(self.server.clock.ns(), line)

    def do_lose(self, ask):
        """The node of a pod is lost: its status is unknown, its log away."""
        for pod in self.pods(ask):
            obj = pod.obj
            st = dict(obj.get('status') or {}, reason='NodeLost', message='Node '
                      'stand-in-1 which was running pod %s is unresponsive'
                      % pod.key[1])
            now = self.server.clock.now()
            st['conditions'] = [
                dict(c, status='Unknown', reason='NodeStatusUnknown',
                     message='Kubelet stopped posting node status.',
                     lastTransitionTime=now) if c['type'] == 'Ready' else c
                for c in st.get('conditions') or ()]
            if ask.get('delete'):
                st['phase'] = 'Failed'
            self.server.store.replace('pods', obj, status=st)
            pod.node_lost = True

    def do_delete(self, ask):
        """Somebody else deletes."""
        plural = ask['plural']
        want = choose.parse(ask.get('labelSelector', ''))
        table = self.server.store.tables[plural]
        for key, obj in list(table.objects.items()):
            if want(obj['metadata'].get('labels') or {}) and \
                    ask.get('name', key[1]) == key[1]:
                self.server.reaper.delete(table.kind, obj, {
                    'propagationPolicy': ask.get('policy', 'Background'),
                    'gracePeriodSeconds': ask.get('grace')}
                    if ask.get('grace') is not None else {
                    'propagationPolicy': ask.get('policy', 'Background')})

    def do_status(self, ask):
        """Merges into the status of an object, as its controller would."""
        from api import merge
        obj = self.server.store.get(ask['plural'], ask.get('namespace', 'default'),
                                    ask['name'])
        self.server.store.replace(ask['plural'], obj, status=merge(
            obj.get('status') or {}, ask['status']))

    def do_counts(self, ask):
        return {p: len(t.objects) for p, t in self.server.store.tables.items()} | {
            'watches': len(self.server.watches),
            'processes': len(self.server.kubelet.running),
            'connections': self.server.connections}
