"""Scheduler and kubelet: pods become processes, or, synthetic, a play."""
import asyncio
import os
import re
import shutil
import signal
import subprocess

from api import Refused, bad_request, invalid_object, not_found
from checks import invalid, quantity
from pods import BadConfig, Mounts, NotReady, Resources, expand
from store import stamp

BARRIER = 'frameworkcontroller/frameworkbarrier'
BAD_IMAGE = re.compile(r'[A-Z]|\s|^$|://')


class Log:
    """What one run of a container printed."""

    def __init__(self):
        self.lines = []         # (ns, bytes)
        self.done = False
        self.readers = set()

    def add(self, ns, line):
        self.lines.append((ns, line))
        self.wake()

    def wake(self):
        for event in self.readers:
            event.set()

    def end(self):
        self.done = True
        self.wake()

    def from_line(self, i):
        return self.lines[i:]


class Play(Log):
    """The log of a synthetic container: lines are made when they are read."""

    def __init__(self, play, start, labels, clock):
        self.play, self.start, self.clock = play, start, clock
        self.labels = labels
        self.done = False
        self.readers = set()
        self.extra = []

    def from_line(self, i):
        texts = self.play.get('lines') or []
        every = self.play.get('every_ms', 0) * 10 ** 6
        now = self.clock.ns()
        out = []
        for n in range(len(texts)):
            at = self.start + n * every
            if at > now and not self.done:
                break
            out.append((at, (expand(texts[n], self.labels) + '\n').encode()))
        filler = self.play.get('filler') or 0
        for n in range(filler):
            out.append((self.start, b'filler %09d %s\n' % (n, b'x' * 80)))
        return (out + self.extra)[i:]

    def add(self, ns, line):
        self.extra.append((ns, line))
        self.wake()


class Container:
    def __init__(self, spec, init):
        self.spec, self.init = spec, init
        self.name = spec['name']
        self.state = {'waiting': {'reason': 'PodInitializing' if not init else
                                  'ContainerCreating'}}
        self.last = {}
        self.restarts = 0
        self.proc = None
        self.logs = []
        self.ended = False      # it will not be started again
        self.oom = False

    def status(self, uid):
        running = 'running' in self.state
        code = self.state.get('terminated', {}).get('exitCode')
        image = self.spec['image']
        return {'name': self.name, 'state': self.state, 'lastState': self.last,
                'ready': code == 0 if self.init else running,
                'restartCount': self.restarts, 'image': image,
                'imageID': 'stand-in://' + image if self.logs else '',
                'containerID': 'stand-in://%s-%s-%d' % (
                    uid, self.name, self.restarts) if self.logs else '',
                'started': running}


class Pod:
    def __init__(self, kubelet, obj):
        self.kubelet = kubelet
        self.server = kubelet.server
        meta = obj['metadata']
        self.key = (meta['namespace'], meta['name'])
        self.uid = meta['uid']
        self.spec = obj['spec']
        self.inits = [Container(c, True) for c in self.spec.get('initContainers')
                      or []]
        self.containers = [Container(c, False) for c in self.spec['containers']]
        if not self.inits:
            for c in self.containers:
                c.state = {'waiting': {'reason': 'ContainerCreating'}}
        self.start_time = None
        self.scheduled = False
        self.unschedulable = None
        self.stopping = False
        self.reason = self.message = None
        self.phase = None        # set where it is not the containers' word
        self.disrupted = None
        self.node_lost = False
        self.task = None
        self.pending = None
        self.dir = os.path.join(kubelet.scratch, 'pods', '%s.%s' % (
            meta['name'], self.uid[:8]))

    @property
    def obj(self):
        o = self.server.store.get('pods', *self.key)
        return o if o and o['metadata']['uid'] == self.uid else None

    # ---- status

    def the_phase(self):
        if self.phase:
            return self.phase
        for c in self.inits:
            if c.state.get('terminated', {}).get('exitCode') != 0:
                return 'Failed' if c.ended else 'Pending'
        states = [c.state for c in self.containers]
        if any('waiting' in s and not c.last
               for s, c in zip(states, self.containers)):
            return 'Failed' if all(c.ended for c in self.containers) else 'Pending'
        if all('terminated' in s for s in states) and \
                all(c.ended for c in self.containers):
            return 'Succeeded' if all(s['terminated']['exitCode'] == 0
                                      for s in states) else 'Failed'
        return 'Running'

    def publish(self):
        obj = self.obj
        if obj is None or self.node_lost:
            return
        now = self.server.clock.now()
        phase = self.the_phase()
        ready = phase == 'Running' and all('running' in c.state
                                           for c in self.containers)
        started = all(c.state.get('terminated', {}).get('exitCode') == 0
                      for c in self.inits)
        if not self.scheduled:
            wants = [('PodScheduled', 'False', {
                'reason': 'Unschedulable', 'message': self.unschedulable})]
        else:
            why = {} if ready else {'reason': 'PodCompleted'} \
                if phase == 'Succeeded' else {
                    'reason': 'ContainersNotReady',
                    'message': 'containers with unready status: [%s]' % ' '.join(
                        c.name for c in self.containers
                        if 'running' not in c.state)}
            yes = 'True' if ready else 'False'
            wants = [('Initialized', 'True' if started else 'False', {}),
                     ('Ready', yes, why), ('ContainersReady', yes, why),
                     ('PodScheduled', 'True', {})]
        if self.disrupted:
            wants.append(('DisruptionTarget', 'True', self.disrupted))
        old = {c['type']: c for c in (obj.get('status') or {}).get('conditions', ())}
        conditions = []
        for kind, value, why in wants:
            was = old.get(kind, {})
            conditions.append(dict({
                'type': kind, 'status': value, 'lastProbeTime': None,
                'lastTransitionTime': was['lastTransitionTime']
                if was.get('status') == value else now}, **why))
        status = {'phase': phase, 'conditions': conditions, 'qosClass': 'BestEffort'}
        if self.reason:
            status.update(reason=self.reason, message=self.message)
        parts = {'status': status}
        if self.scheduled:
            status.update(hostIP='127.0.0.1', startTime=self.start_time)
            if self.phase != 'Failed' or self.reason != 'Evicted':
                status['podIP'] = '127.0.0.1'
                status['podIPs'] = [{'ip': '127.0.0.1'}]
            status['containerStatuses'] = [c.status(self.uid)
                                           for c in self.containers]
            if self.inits:
                status['initContainerStatuses'] = [c.status(self.uid)
                                                   for c in self.inits]
            if not obj['spec'].get('nodeName'):
                parts['spec'] = dict(obj['spec'], nodeName=self.kubelet.node)
        self.server.store.replace('pods', obj, **parts)

    # ---- life

    async def live(self):
        c = self.containers[0]
        try:
            self.start_time = self.server.clock.now()
            self.publish()
            volumes = await self.volumes()
            for c in self.inits:
                await self.container(c, volumes)
                if c.state['terminated']['exitCode'] != 0:
                    break
            else:
                for c in self.containers:
                    if 'waiting' in c.state:
                        c.state = {'waiting': {'reason': 'ContainerCreating'}}
                await asyncio.gather(*(self.container(c, volumes)
                                       for c in self.containers))
        finally:
            self.kubelet.released(self)
        self.publish()

    async def volumes(self):
        said = None
        while True:
            try:
                obj = self.obj
                if obj is None:
                    raise asyncio.CancelledError
                res = Resources(self.server.store, self.kubelet.scratch, obj)
                return {v['name']: res.volume(
                    v, os.path.join(self.dir, 'volumes', v['name']),
                    self.server.options.nfs_root)
                    for v in self.spec.get('volumes') or []}
            except NotReady as why:
                if str(why) != said:
                    said = str(why)
                    self.server.event(obj, 'Warning', 'FailedMount',
                                      'MountVolume.SetUp failed for volume: ' + said)
            await asyncio.sleep(0.2)

    async def container(self, c, volumes):
        policy = self.spec.get('restartPolicy') or 'Always'
        if c.init and policy == 'Always':
            policy = 'OnFailure'
        wait = self.server.options.backoff
        while True:
            await self.image(c)
            code = await self.run(c, volumes)
            if self.stopping or policy == 'Never' or \
                    policy == 'OnFailure' and code == 0:
                c.ended = True
                self.publish()
                return
            self.publish()
            c.last = c.state
            c.state = {'waiting': {
                'reason': 'CrashLoopBackOff', 'message': 'back-off restarting '
                'failed container=%s pod=%s_%s(%s)' % (
                    c.name, self.key[1], self.key[0], self.uid)}}
            self.publish()
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5)
            c.restarts += 1

    async def image(self, c):
        image = c.spec['image']
        if BAD_IMAGE.search(image.split('@')[0].split(':')[0]):
            c.state = {'waiting': {
                'reason': 'InvalidImageName', 'message': 'Failed to apply default '
                'image tag "%s": couldn\'t parse image reference "%s": invalid '
                'reference format' % (image, image)}}
        elif 'nope' in image:
            text = ('failed to pull and unpack image "docker.io/library/%s": failed '
                    'to resolve reference: docker.io/library/%s: not found'
                    % (image, image))
            c.state = {'waiting': {'reason': 'ErrImagePull', 'message':
                                   'rpc error: code = NotFound desc = ' + text}}
            self.server.event(self.obj, 'Warning', 'Failed',
                              'Failed to pull image "%s": %s' % (image, text))
            self.publish()
            await asyncio.sleep(0.1)
            c.state = {'waiting': {'reason': 'ImagePullBackOff', 'message':
                                   'Back-off pulling image "%s"' % image}}
        else:
            return
        self.publish()
        await asyncio.get_running_loop().create_future()

    async def run(self, c, volumes):
        """One run of a container; its exit code."""
        root = os.path.join(self.dir, c.name, str(c.restarts))
        obj = self.obj
        try:
            res = Resources(self.server.store, self.kubelet.scratch, obj)
            env = res.environment(c.spec)
        except (BadConfig, NotReady) as why:
            c.state = {'waiting': {'reason': 'CreateContainerConfigError',
                                   'message': str(why)}}
            self.publish()
            await asyncio.sleep(0.2)
            return await self.run(c, volumes)
        if c.spec['image'].split(':')[0] == BARRIER and not c.spec.get('command'):
            return await self.barrier(c, volumes)
        mounts = Mounts(root)
        for m in c.spec.get('volumeMounts') or []:
            source = volumes[m['name']]
            if m.get('subPath'):
                source = os.path.join(source, m['subPath'])
                if not os.path.exists(source):
                    os.makedirs(source)
            mounts.add(m['mountPath'], source)
        tell = os.path.join(self.dir, c.name, 'termination-%d' % c.restarts)
        os.makedirs(os.path.join(root, 'tmp'), exist_ok=True)
        with open(tell, 'w'):
            pass
        mounts.add(c.spec.get('terminationMessagePath') or '/dev/termination-log',
                   tell)
        argv = [expand(x, env) for x in (c.spec.get('command') or []) +
                (c.spec.get('args') or [])] or ['sh']
        argv = [mounts.map(x) for x in argv]
        env = {k: mounts.map(v) for k, v in env.items()}
        env['HOME'] = root
        env.setdefault('TMPDIR', os.path.join(root, 'tmp'))
        env['STAND_IN_POD'] = '%s/%s/%d' % (self.uid, c.name, c.restarts)
        if 'TAP_MARK' in os.environ:
            env['TAP_MARK'] = os.environ['TAP_MARK']
        folder = mounts.map(c.spec.get('workingDir') or root)
        if not folder.startswith(root):
            folder = root + folder
        os.makedirs(folder, exist_ok=True)
        log = Log()
        c.logs.append(log)
        start = self.server.clock.now()
        try:
            code = await self.process(c, argv, env, folder, log, start)
        except OSError as why:
            log.end()
            self.finish(c, 128, start, 'StartError', 'failed to create containerd '
                        'task: exec: "%s": %s' % (argv[0], why.strerror))
            return 128
        with open(tell, 'rb') as f:
            text = f.read(4096).decode('utf-8', 'replace')
        if not text and code and \
                c.spec.get('terminationMessagePolicy') == 'FallbackToLogsOnError':
            tail = b''.join(x for _, x in log.lines[-80:])[-2048:]
            text = tail.decode('utf-8', 'replace')
        self.finish(c, code, start, 'OOMKilled' if c.oom else
                    'Error' if code else 'Completed', text)
        return code

    async def barrier(self, c, volumes):
        """FrameworkController's own image: waits until all tasks have addresses,
        and leaves a script that tells them.  It reads the Framework as the pod's
        service account; where that may not, it tries for ten minutes."""
        log, start = Log(), self.server.clock.now()
        c.logs.append(log)
        c.state = {'running': {'startedAt': start}}
        self.publish()
        labels = self.obj['metadata'].get('labels') or {}
        user = 'system:serviceaccount:%s:%s' % (
            self.key[0], self.spec.get('serviceAccountName') or 'default')
        said = None
        while True:
            why, roles = 'not all tasks have addresses', None
            if not self.server.allowed(
                    user, 'get', 'frameworkcontroller.microsoft.com', 'frameworks',
                    self.key[0]):
                why = ('Failed to get Framework object from ApiServer: frameworks.'
                       'frameworkcontroller.microsoft.com is forbidden: User "%s" '
                       'cannot get resource "frameworks"' % user)
            else:
                fw = self.server.store.get('frameworks', self.key[0],
                                           labels.get('FC_FRAMEWORK_NAME', ''))
                roles = self.addresses(fw) if fw else None
            if roles:
                break
            if why != said:
                said = why
                log.add(self.server.clock.ns(), why.encode() + b'\n')
            await asyncio.sleep(0.05)
        at = next(m['name'] for m in c.spec['volumeMounts']
                  if m['mountPath'] == '/mnt/frameworkbarrier')
        with open(os.path.join(volumes[at], 'injector.sh'), 'w') as f:
            for name, ips in roles.items():
                name = name.upper()
                f.write('export FB_%s_IPS=%s\n' % (name, ','.join(ips)))
                f.write('export FB_%s_ADDRESSES=%s\n' % (name, ','.join(
                    '%s:${FB_%s_PORT}' % (ip, name) for ip in ips)))
        log.end()
        self.finish(c, 0, start, 'Completed', '')
        return 0

    def addresses(self, fw):
        out = {}
        for r in fw['status']['attemptStatus']['taskRoleStatuses']:
            ips = [t['attemptStatus']['podIP'] for t in r['taskStatuses']]
            if not all(ips):
                return None
            out[r['name']] = ips
        return out

    def finish(self, c, code, start, reason, text):
        t = {'exitCode': code, 'reason': reason, 'startedAt': start,
             'finishedAt': self.server.clock.now(),
             'containerID': 'stand-in://%s-%s-%d' % (self.uid, c.name, c.restarts)}
        if text:
            t['message'] = text
        c.state = {'terminated': t}

    async def process(self, c, argv, env, folder, log, start):
        loop = asyncio.get_running_loop()
        proc = subprocess.Popen(argv, cwd=folder, env=env, start_new_session=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        c.proc = proc
        ended = loop.create_future()
        self.kubelet.running[proc] = ended
        c.state = {'running': {'startedAt': start}}
        self.publish()
        pumps = [Pump(self.server, f, log) for f in (proc.stdout, proc.stderr)]
        if self.stopping:
            proc.send_signal(signal.SIGKILL)
        self.kubelet.reap()
        code = await ended
        self.kubelet.sweep(env['STAND_IN_POD'])
        for p in pumps:
            try:
                await asyncio.wait_for(p.closed, 2)
            except asyncio.TimeoutError:
                p.close()
        log.end()
        c.proc = None
        return code if code >= 0 else 128 - code

    # ---- ends

    def kill(self, number):
        for c in self.inits + self.containers:
            if c.proc:
                c.proc.send_signal(number)

    async def terminate(self, grace):
        """TERM, after the grace period KILL; returns when nothing runs."""
        self.stopping = True
        if self.task is None:
            return
        self.kill(signal.SIGTERM)
        if not any(c.proc for c in self.inits + self.containers):
            self.task.cancel()
        done, _ = await asyncio.wait({self.task}, timeout=grace)
        if not done:
            self.kill(signal.SIGKILL)
            await asyncio.wait({self.task}, timeout=0.5)
            if not self.task.done():
                self.task.cancel()
                await asyncio.wait({self.task})


class Pump:
    """From a container's pipe to its log, a stamp on each line."""

    def __init__(self, server, f, log):
        self.server, self.f, self.log = server, f, log
        self.rest = b''
        self.loop = asyncio.get_running_loop()
        self.closed = self.loop.create_future()
        os.set_blocking(f.fileno(), False)
        self.loop.add_reader(f.fileno(), self.read)

    def read(self):
        try:
            data = os.read(self.f.fileno(), 1 << 16)
        except BlockingIOError:
            return
        now = self.server.clock.ns()
        lines = (self.rest + data).split(b'\n')
        self.rest = lines.pop()
        for line in lines:
            self.log.add(now, line + b'\n')
        if not data:
            self.close()

    def close(self):
        if self.closed.done():
            return
        self.loop.remove_reader(self.f.fileno())
        if self.rest:
            self.log.add(self.server.clock.ns(), self.rest + b'\n')
        self.f.close()
        self.closed.set_result(None)


class Synthetic(Pod):
    """A pod without processes: what happens is told by the server's play."""

    def __init__(self, kubelet, obj):
        super().__init__(kubelet, obj)
        self.play = dict(kubelet.play)
        self.labels = obj['metadata'].get('labels') or {}
        self.over = None

    async def live(self):
        c = self.containers[0]
        self.start_time = self.server.clock.now()
        self.over = asyncio.get_running_loop().create_future()
        try:
            self.publish()
            await asyncio.sleep(self.play.get('start_ms', 0) / 1000)
            start = self.server.clock.now()
            names = dict(self.labels, pod=self.key[1])
            log = Play(self.play, self.server.clock.ns(), names, self.server.clock)
            for x in self.inits:
                self.finish(x, 0, start, 'Completed', '')
            for x in self.containers:
                x.logs.append(log)
                x.state = {'running': {'startedAt': start}}
            self.publish()
            ms = self.play.get('run_ms')
            code = self.play.get('exit', 0)
            try:
                code = await asyncio.wait_for(
                    self.over, None if ms is None else ms / 1000)
            except asyncio.TimeoutError:
                pass
            log.end()
            text = expand(self.play.get('message') or '', names)
            for x in self.containers:
                x.ended = True
                self.finish(x, code, start, 'OOMKilled' if c.oom else
                            'Error' if code else 'Completed', text)
        finally:
            self.kubelet.released(self)
        self.publish()

    def kill(self, number):
        if self.over and not self.over.done():
            self.over.set_result(128 + number)

    async def terminate(self, grace):
        self.stopping = True
        self.kill(signal.SIGTERM)
        if self.task:
            await asyncio.wait({self.task})


class Kubelet:
    def __init__(self, server):
        self.server = server
        self.options = server.options
        self.scratch = server.options.scratch
        self.node = 'stand-in-1'
        self.pods = {}          # uid: Pod
        self.waiting = {}       # uid: Pod, without a node
        self.running = {}       # Popen: future of its code
        self.used = {}          # resource: how much
        self.play = None        # of synthetic pods
        self.capacity = {}
        server.store.listeners.append(self.on_change)

    # ---- scheduling

    def on_change(self, plural, what, obj, old):
        if plural == 'persistentvolumeclaims':
            self.schedule()
        if plural != 'pods':
            return
        uid = obj['metadata']['uid']
        if what == 'ADDED':
            kind = Synthetic if self.play is not None else Pod
            pod = self.pods[uid] = self.waiting[uid] = kind(self, obj)
            asyncio.get_running_loop().call_soon(self.try_one, pod)
        elif what == 'DELETED':
            self.waiting.pop(uid, None)
            pod = self.pods.pop(uid, None)
            if pod:
                if pod.task and not pod.task.done():
                    pod.kill(signal.SIGKILL)
                    if not any(c.proc for c in pod.inits + pod.containers):
                        pod.task.cancel()
                if not isinstance(pod, Synthetic):
                    shutil.rmtree(pod.dir, ignore_errors=True)

    def wants(self, pod):
        out = {'pods': 1}
        for c in pod.spec['containers']:
            r = c.get('resources') or {}
            values = dict(r.get('limits') or {}, **(r.get('requests') or {}))
            for k, v in values.items():
                out[k] = out.get(k, 0) + quantity(v)
        return out

    def schedule(self):
        for pod in list(self.waiting.values()):
            self.try_one(pod)

    def try_one(self, pod):
        if pod.uid not in self.waiting or pod.obj is None:
            return
        why = self.refuses(pod)
        if why:
            if pod.unschedulable != why:
                pod.unschedulable = why
                self.server.event(pod.obj, 'Warning', 'FailedScheduling', why)
                pod.publish()
            return
        del self.waiting[pod.uid]
        pod.taken = self.wants(pod)
        for k, v in pod.taken.items():
            self.used[k] = self.used.get(k, 0) + v
        pod.scheduled = True
        pod.task = asyncio.ensure_future(pod.live())
        pod.task.add_done_callback(self.server.complain)
        limit = pod.spec.get('activeDeadlineSeconds')
        if limit:
            asyncio.get_running_loop().call_later(limit, self.deadline, pod)

    def refuses(self, pod):
        selector = pod.spec.get('nodeSelector') or {}
        if 'never' in selector or 'never' in selector.values():
            return ("0/1 nodes are available: 1 node(s) didn't match Pod's node "
                    'affinity/selector.')
        for v in pod.spec.get('volumes') or []:
            claim = (v.get('persistentVolumeClaim') or {}).get('claimName')
            if claim and not self.server.store.get('persistentvolumeclaims',
                                                   pod.key[0], claim):
                return ('0/1 nodes are available: 1 persistentvolumeclaim "%s" not '
                        'found.' % claim)
        for k, v in self.wants(pod).items():
            have = self.capacity.get(k)
            if have is None and '/' in k:
                have = 0
            if have is not None and self.used.get(k, 0) + v > have:
                return '0/1 nodes are available: 1 Insufficient %s.' % k
        return None

    def released(self, pod):
        for k, v in getattr(pod, 'taken', {}).items():
            self.used[k] -= v
        pod.taken = {}
        if self.waiting:
            asyncio.get_running_loop().call_soon(self.schedule)

    # ---- ends

    def deadline(self, pod):
        if pod.obj and pod.the_phase() in ('Pending', 'Running'):
            self.fail(pod, 'DeadlineExceeded',
                      'Pod was active on the node longer than the specified '
                      'deadline')

    def fail(self, pod, reason, message, disrupted=None):
        """The kubelet ends a pod."""
        async def run():
            pod.reason, pod.message, pod.disrupted = reason, message, disrupted
            self.waiting.pop(pod.uid, None)
            await pod.terminate(pod.spec.get('terminationGracePeriodSeconds', 30))
            pod.phase = 'Failed'
            for c in pod.containers:
                if 'terminated' not in c.state:
                    pod.finish(c, 137, self.server.clock.now(),
                               'ContainerStatusUnknown', 'The container could not '
                               'be located when the pod was terminated')
            pod.publish()
        asyncio.ensure_future(run()).add_done_callback(self.server.complain)

    async def remove(self, obj, grace):
        """A pod that is being deleted ends, then its object goes."""
        pod = self.pods.get(obj['metadata']['uid'])
        if pod:
            self.waiting.pop(pod.uid, None)
            await pod.terminate(grace)
            pod.publish()
            obj = pod.obj
        if obj is not None:
            obj = self.server.store.get('pods', obj['metadata']['namespace'],
                                        obj['metadata']['name'])
        if obj is not None:
            self.server.store.remove('pods', obj)

    def reap(self):
        for proc in [p for p in self.running if p.poll() is not None]:
            ended = self.running.pop(proc)
            if not ended.done():
                ended.set_result(proc.returncode)

    def sweep(self, mark):
        """Kills what a container left: with process 1 all others of it go."""
        mark = ('STAND_IN_POD=' + mark).encode()
        for entry in os.listdir('/proc'):
            if not entry.isdigit():
                continue
            try:
                with open('/proc/%s/environ' % entry, 'rb') as f:
                    if mark in f.read().split(b'\0'):
                        os.kill(int(entry), signal.SIGKILL)
            except OSError:
                pass

    def stop(self):
        for proc in list(self.running):
            try:
                os.killpg(proc.pid, signal.SIGKILL)
            except OSError:
                pass
        for pod in self.pods.values():
            for c in pod.inits + pod.containers:
                if c.proc:
                    self.sweep('%s/%s/%d' % (pod.uid, c.name, c.restarts))

    # ---- logs

    async def serve_log(self, conn, req, namespace, name):
        api = self.server.api
        obj = self.server.store.get('pods', namespace, name)
        if obj is None:
            raise not_found(api.kinds['pods'], name)
        q = req.query
        bad = []
        for k, least in (('tailLines', 0), ('limitBytes', 1), ('sinceSeconds', 1)):
            if k in q and int(q[k]) < least:
                bad.append(invalid(k, int(q[k]), 'must be greater than %s%d' % (
                    'or equal to ' if k == 'tailLines' else '',
                    least if k == 'tailLines' else 0)))
        if 'sinceTime' in q and 'sinceSeconds' in q:
            bad.append(('FieldValueForbidden', '', 'Forbidden: at most one of '
                        '`sinceTime` or `sinceSeconds` may be specified'))
        since = since_ns(q, self.server.clock)
        if bad:
            why = invalid_object(api.kinds['pods'], name, bad)
            raise Refused(422, 'Invalid', why.body['message'].replace(
                'Pod "', 'PodLogOptions "'), why.body['details'])
        pod = self.pods.get(obj['metadata']['uid'])
        log = self.the_log(pod, q)
        await conn.begin('text/plain')
        await self.send_log(conn, q, log, since)
        await conn.end()

    def the_log(self, pod, q):
        name = pod.key[1]
        c = self.which(pod, q.get('container'), name)
        if pod.node_lost:
            raise Refused(500, 'InternalError', 'Get "https://10.0.0.1:10250/'
                          'containerLogs/%s/%s/%s": dial tcp 10.0.0.1:10250: i/o '
                          'timeout' % (pod.key + (c.name,)))
        if q.get('previous') in ('1', 'true'):
            if len(c.logs) < 2:
                raise bad_request('previous terminated container "%s" in pod "%s" '
                                  'not found' % (c.name, name))
            return c.logs[-2]
        if not c.logs or 'waiting' in c.state and not c.last:
            why = c.state.get('waiting', {}).get('reason', 'ContainerCreating')
            if why in ('ErrImagePull', 'ImagePullBackOff'):
                why = 'trying and failing to pull image'
            raise bad_request('container "%s" in pod "%s" is waiting to start: %s'
                              % (c.name, name, why))
        return c.logs[-1]

    def which(self, pod, wanted, name):
        every = pod.inits + pod.containers
        if wanted is None:
            if len(pod.containers) > 1:
                raise bad_request(
                    'a container name must be specified for pod %s, choose one of: '
                    '[%s]' % (name, ' '.join(c.name for c in pod.containers)))
            return pod.containers[0]
        for c in every:
            if c.name == wanted:
                return c
        raise bad_request('container %s is not valid for pod %s' % (wanted, name))

    async def send_log(self, conn, q, log, since):
        stamps = q.get('timestamps') in ('1', 'true')
        follow = q.get('follow') in ('1', 'true')
        left = int(q['limitBytes']) if 'limitBytes' in q else None
        at = 0
        lines = log.from_line(0)
        if 'tailLines' in q:
            at = max(0, len(lines) - int(q['tailLines']))
        event = asyncio.Event()
        log.readers.add(event)
        gone = asyncio.ensure_future(conn.reader.read(1)) if follow else None
        try:
            while True:
                event.clear()
                done = log.done
                lines = log.from_line(at)
                at += len(lines)
                for i in range(0, len(lines), 1000):
                    data = b''.join(
                        (stamp(ns, True).encode() + b' ' + x) if stamps else x
                        for ns, x in lines[i:i + 1000] if ns >= since)
                    if left is not None:
                        data = data[:left]
                        left -= len(data)
                    await conn.chunk(data)
                    if left == 0:
                        return
                if not follow or done:
                    return
                wake = asyncio.ensure_future(event.wait())
                await asyncio.wait({wake, gone}, timeout=0.2,
                                   return_when=asyncio.FIRST_COMPLETED)
                wake.cancel()
                if gone.done():
                    raise ConnectionResetError
        finally:
            log.readers.discard(event)
            if gone:
                gone.cancel()
                await asyncio.wait({gone})


def since_ns(q, clock):
    """Cut to the second, as the API does on its way to the kubelet."""
    if 'sinceSeconds' in q:
        return clock.ns() - int(q['sinceSeconds']) * 10 ** 9
    text = q.get('sinceTime')
    if not text:
        return 0
    m = re.fullmatch(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)',
                     text)
    if not m:
        raise bad_request('parsing time "%s" as "2006-01-02T15:04:05Z07:00": cannot '
                          'parse "%s" as "2006"' % (text, text))
    import datetime
    zone = '+00:00' if m.group(3) == 'Z' else m.group(3)
    t = datetime.datetime.fromisoformat(m.group(1) + zone)
    return int(t.timestamp()) * 10 ** 9
