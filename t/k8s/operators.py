"""The controllers: garbage collection, Jobs, Kubeflow's operators and
FrameworkController.  Each looks at what is there and does the next step."""
import asyncio
import copy


def condition(conditions, kind, value, now, reason=None, message=None, **more):
    """The list with this condition said; the time is that of the last change."""
    out, new = [], {'type': kind, 'status': value}
    if reason:
        new['reason'] = reason
    if message:
        new['message'] = message
    new.update(more, lastTransitionTime=now)
    for c in conditions:
        if c['type'] == kind:
            if c['status'] == value and c.get('reason') == reason:
                new = c
            continue
        out.append(c)
    return out + [new]


def is_true(status, *kinds):
    return any(c['type'] in kinds and c['status'] == 'True'
               for c in (status or {}).get('conditions') or ())


class Reaper:
    """Deletion: grace periods, and what goes with what."""

    def __init__(self, server):
        self.server, self.store = server, server.store
        self.foreground = {}
        server.store.listeners.append(self.on_change)

    def delete(self, kind, obj, options):
        """('gone', obj) or (200, the object that is going)."""
        if kind.plural == 'pods':
            return self.delete_pod(obj, options.get('gracePeriodSeconds'))
        if kind.plural == 'namespaces':
            return self.delete_namespace(obj)
        meta = obj['metadata']
        policy = options.get('propagationPolicy')
        if policy is None:
            # batch/v1 leaves pods where nothing is said, as it always did
            policy = 'Orphan' if kind.plural == 'jobs' else 'Background'
        uid = meta['uid']
        if meta.get('deletionTimestamp'):
            return 200, obj
        if policy == 'Foreground':
            new = self.store.replace(kind.plural, obj, metadata=dict(
                meta, deletionTimestamp=self.server.clock.now(),
                deletionGracePeriodSeconds=0,
                finalizers=(meta.get('finalizers') or []) + ['foregroundDeletion']))
            self.foreground[uid] = (kind, new['metadata'].get('namespace', ''),
                                    meta['name'])
            self.later(0, self.dependents, uid)
            return 200, new
        if policy == 'Orphan':
            for plural, d in self.store.dependents(uid):
                refs = [r for r in d['metadata']['ownerReferences']
                        if r['uid'] != uid]
                m = {k: v for k, v in d['metadata'].items()
                     if k != 'ownerReferences'}
                self.store.replace(plural, d, metadata=dict(
                    m, **({'ownerReferences': refs} if refs else {})))
            self.store.owned.pop(uid, None)
        self.store.remove(kind.plural, obj)
        if policy == 'Background':
            self.later(0.02, self.dependents, uid)
        return 'gone', obj

    def later(self, seconds, fn, *args):
        asyncio.get_running_loop().call_later(seconds, fn, *args)

    def dependents(self, uid):
        for plural, d in self.store.dependents(uid):
            if not d['metadata'].get('deletionTimestamp'):
                self.delete(self.server.kinds[plural], d,
                            {'propagationPolicy': 'Background'})
        self.finish(uid)

    def finish(self, uid):
        if uid in self.foreground and not self.store.dependents(uid):
            kind, namespace, name = self.foreground.pop(uid)
            obj = self.store.get(kind.plural, namespace, name)
            if obj and obj['metadata']['uid'] == uid:
                self.store.remove(kind.plural, obj)

    def on_change(self, plural, what, obj, old):
        if what == 'DELETED':
            for owner in obj['metadata'].get('ownerReferences') or ():
                if owner['uid'] in self.foreground:
                    self.later(0, self.finish, owner['uid'])

    def delete_pod(self, obj, grace):
        meta = obj['metadata']
        if grace is None:
            grace = obj['spec'].get('terminationGracePeriodSeconds', 30)
        pod = self.server.kubelet.pods.get(meta['uid'])
        if grace == 0 or pod is None or pod.task is None or \
                obj.get('status', {}).get('phase') in ('Succeeded', 'Failed') and \
                pod.task.done():
            self.store.remove('pods', obj)
            return 'gone', obj
        if meta.get('deletionTimestamp'):
            return 200, obj
        new = self.store.replace('pods', obj, metadata=dict(
            meta, deletionTimestamp=self.server.clock.now(),
            deletionGracePeriodSeconds=grace))
        if not pod.node_lost:
            asyncio.ensure_future(self.server.kubelet.remove(new, grace)) \
                .add_done_callback(self.server.complain)
        return 200, new

    def delete_namespace(self, obj):
        name = obj['metadata']['name']
        for plural, t in self.store.tables.items():
            for (namespace, _), o in list(t.objects.items()):
                if namespace == name and t.kind.namespaced:
                    self.delete(t.kind, o, {'propagationPolicy': 'Background',
                                            'gracePeriodSeconds': 0})
        self.store.remove('namespaces', obj)
        return 'gone', obj


class Operator:
    """One kind of object that owns pods."""
    plurals = ()

    def __init__(self, server):
        self.server, self.store = server, server.store
        self.queued = set()
        self.memory = {}        # uid: what the object's status does not tell
        server.store.listeners.append(self.on_change)

    def on_change(self, plural, what, obj, old):
        meta = obj['metadata']
        if plural in self.plurals:
            if what == 'DELETED':
                self.memory.pop(meta['uid'], None)
            else:
                self.queue(plural, meta['namespace'], meta['name'])
        elif plural == 'pods':
            for owner in meta.get('ownerReferences') or ():
                kind = next((k for k in self.plurals
                             if self.server.kinds[k].kind == owner['kind']), None)
                if kind:
                    if what == 'DELETED':
                        self.pod_gone(owner['uid'], obj)
                    self.queue(kind, meta['namespace'], owner['name'])

    def pod_gone(self, uid, pod):
        pass

    def queue(self, *key):
        if key not in self.queued:
            self.queued.add(key)
            asyncio.get_running_loop().call_soon(self.look, key)

    def look(self, key):
        self.queued.discard(key)
        obj = self.store.get(*key)
        if obj and not obj['metadata'].get('deletionTimestamp') and \
                not self.server.frozen:
            self.step(key[0], obj)

    def after(self, seconds, *key):
        asyncio.get_running_loop().call_later(max(0, seconds), self.queue, *key)

    def state(self, obj):
        return self.memory.setdefault(obj['metadata']['uid'], {
            'failed': set(), 'succeeded': set(), 'timers': set(), 'retry': 0,
            'restarts': 0})

    def pods(self, obj):
        return [p for plural, p in self.store.dependents(obj['metadata']['uid'])
                if plural == 'pods']

    def make_pod(self, plural, owner, template, name, labels, random=False,
                 change=None):
        kind = self.server.kinds[plural]
        meta = copy.deepcopy(template.get('metadata') or {})
        meta = {k: meta[k] for k in ('labels', 'annotations') if meta.get(k)}
        meta['labels'] = dict(meta.get('labels') or {}, **labels)
        meta['generateName' if random else 'name'] = name
        om = owner['metadata']
        meta['ownerReferences'] = [{
            'apiVersion': owner['apiVersion'], 'kind': kind.kind,
            'name': om['name'], 'uid': om['uid'], 'controller': True,
            'blockOwnerDeletion': True}]
        if not random and self.store.get('pods', om['namespace'], name):
            return
        spec = dict(template['spec'])
        if change:
            spec = change(spec)
        pod = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': meta, 'spec': spec}
        self.server.defaults(self.server.kinds['pods'], pod)
        self.store.create('pods', om['namespace'], pod)

    def delete_pods(self, pods):
        for p in pods:
            if not p['metadata'].get('deletionTimestamp'):
                self.server.reaper.delete_pod(p, None)

    def time_up(self, key, obj, state, seconds, since):
        """Whether that long has passed since then; else looks again in time."""
        if seconds is None or not since:
            return False
        left = since + seconds - asyncio.get_running_loop().time()
        if left <= 0:
            return True
        if seconds not in state['timers']:
            state['timers'].add(seconds)
            self.after(left + 0.01, *key)
        return False

    def expire(self, key, obj, state, ttl):
        """Time to live after the end."""
        loop = asyncio.get_running_loop()
        state.setdefault('ended', loop.time())
        if ttl is not None and self.time_up(key, obj, state, ttl, state['ended']):
            self.server.reaper.delete(self.server.kinds[key[0]], obj,
                                      {'propagationPolicy': 'Background'})


def key_of(plural, obj):
    return (plural, obj['metadata']['namespace'], obj['metadata']['name'])


def phase(pod):
    return (pod.get('status') or {}).get('phase', 'Pending')


class Jobs(Operator):
    plurals = ('jobs',)

    def pod_gone(self, uid, pod):
        s = self.memory.get(uid)
        if s is not None and phase(pod) != 'Succeeded' and not s.get('suspended'):
            s['failed'].add(pod['metadata']['uid'])

    def ignored(self, job, pod):
        """By a rule of the job's podFailurePolicy."""
        rules = (job['spec'].get('podFailurePolicy') or {}).get('rules') or ()
        for rule in rules:
            if rule['action'] != 'Ignore':
                continue
            for want in rule.get('onPodConditions') or ():
                if is_true(pod.get('status'), want['type']):
                    return True
        return False

    def step(self, plural, job):
        spec, status = job['spec'], dict(job.get('status') or {})
        s, key, now = self.state(job), key_of(plural, job), self.server.clock.now()
        if is_true(status, 'Complete', 'Failed'):
            return self.expire(key, job, s, spec.get('ttlSecondsAfterFinished'))
        pods = self.pods(job)
        active = []
        for p in pods:
            uid = p['metadata']['uid']
            if phase(p) == 'Succeeded':
                s['succeeded'].add(uid)
            elif phase(p) == 'Failed':
                if not self.ignored(job, p):
                    s['failed'].add(uid)
            elif not p['metadata'].get('deletionTimestamp'):
                active.append(p)
        conditions = status.get('conditions') or []
        s['suspended'] = bool(spec.get('suspend'))
        done = None
        if spec.get('suspend'):
            self.delete_pods(active)
            active = []
            conditions = condition(conditions, 'Suspended', 'True', now,
                                   'JobSuspended', 'Job suspended')
            status.pop('startTime', None)
        else:
            if is_true(status, 'Suspended'):
                conditions = condition(conditions, 'Suspended', 'False', now,
                                       'JobResumed', 'Job resumed')
            status.setdefault('startTime', now)
            s.setdefault('started', asyncio.get_running_loop().time())
            wanted = spec.get('completions') or 1
            if len(s['succeeded']) >= wanted:
                done = ('Complete', None, None)
            elif len(s['failed']) > spec['backoffLimit']:
                done = ('Failed', 'BackoffLimitExceeded',
                        'Job has reached the specified backoff limit')
            elif self.time_up(key, job, s, spec.get('activeDeadlineSeconds'),
                              s['started']):
                done = ('Failed', 'DeadlineExceeded',
                        'Job was active longer than specified deadline')
            else:
                lack = min(spec['parallelism'],
                           wanted - len(s['succeeded'])) - len(active)
                self.more(key, job, s, lack)
        self.say(job, status, conditions, s, active, done, now)

    def more(self, key, job, s, lack):
        if lack > 0 and s['failed'] and s['retry'] != len(s['failed']):
            s['retry'] = len(s['failed'])        # a pause before the next try
            return self.after(self.server.options.backoff, *key)
        meta = job['metadata']
        for _ in range(lack):
            self.make_pod('jobs', job, job['spec']['template'],
                          meta['name'] + '-', {}, random=True)

    def say(self, job, status, conditions, s, active, done, now):
        new = self.server.minor >= 24
        counts = {'active': len(active), 'succeeded': len(s['succeeded']),
                  'failed': len(s['failed'])}
        if new:
            counts['ready'] = sum(1 for p in active if is_true(p.get('status'),
                                                               'Ready'))
            counts['terminating'] = sum(
                1 for p in self.pods(job) if p['metadata'].get('deletionTimestamp')
                and phase(p) in ('Pending', 'Running'))
        if done:
            kind, reason, message = done
            if kind == 'Failed':
                self.delete_pods(active)
                counts['failed'] += len(active)
            counts['active'] = counts['ready'] = 0
            if not new:
                del counts['ready']
            if kind == 'Complete':
                status['completionTime'] = now
            early = {'Complete': 'SuccessCriteriaMet', 'Failed': 'FailureTarget'}
            if self.server.minor >= 31:
                conditions = condition(conditions, early[kind], 'True', now, reason,
                                       message, lastProbeTime=now)
            conditions = condition(conditions, kind, 'True', now, reason, message,
                                   lastProbeTime=now)
        for k, v in counts.items():
            if v or k in ('ready', 'terminating') and new:
                status[k] = v
            else:
                status.pop(k, None)
        if conditions:
            status['conditions'] = conditions
        if new:
            status['uncountedTerminatedPods'] = {}
        self.store.replace('jobs', job, status=status)


class Kubeflow(Operator):
    """TFJob, PyTorchJob and MPIJob, as today's operator plays them; with an old
    API version as the operators of that time did."""
    plurals = ('tfjobs', 'pytorchjobs', 'mpijobs')
    SPECS = {'tfjobs': 'tfReplicaSpecs', 'pytorchjobs': 'pytorchReplicaSpecs',
             'mpijobs': 'mpiReplicaSpecs'}

    def __init__(self, server):
        self.plurals = tuple(p for p in Kubeflow.plurals if p in server.kinds)
        super().__init__(server)
        self.old = server.options.kubeflow not in ('v1', 'none')

    def policy(self, obj, name, default=None):
        spec = obj['spec']
        run = spec if self.old else spec.get('runPolicy') or {}
        value = run.get(name)
        return default if value is None else value

    def labels(self, plural, job, role, index):
        kind, name = job['kind'].lower(), job['metadata']['name']
        if not self.old:
            out = {'training.kubeflow.org/job-name': name,
                   'training.kubeflow.org/operator-name': kind + '-controller',
                   'training.kubeflow.org/replica-type': role.lower(),
                   'training.kubeflow.org/replica-index': str(index)}
            if role in ('Master', 'Chief', 'Launcher') or \
                    plural == 'tfjobs' and role == 'Worker' and index == 0 and \
                    not set(job['spec']['tfReplicaSpecs']) & {'Chief', 'Master'}:
                out['training.kubeflow.org/job-role'] = 'master'
            return out
        prefix = 'tf' if plural == 'tfjobs' else 'pytorch'
        return {'group-name': 'kubeflow.org', prefix + '-job-name': name,
                prefix + '-replica-type': role.lower(),
                prefix + '-replica-index': str(index)}

    def step(self, plural, job):
        status, s = dict(job.get('status') or {}), self.state(job)
        key, now = key_of(plural, job), self.server.clock.now()
        roles = {k: v for k, v in job['spec'][self.SPECS[plural]].items()
                 if v.get('template')}
        conditions = status.get('conditions') or []
        if is_true(status, 'Succeeded', 'Failed'):
            self.clean(job)
            return self.expire(key, job, s,
                               self.policy(job, 'ttlSecondsAfterFinished'))
        name, kind = job['metadata']['name'], job['kind']
        if not conditions:
            conditions = self.say(conditions, 'Created', 'True', now, kind,
                                  '%s %s is created.' % (kind, name))
        pods = {p['metadata']['name']: p for p in self.pods(job)}
        if self.policy(job, 'suspend'):
            self.delete_pods(pods.values())
            for k in ('Running', 'Restarting'):
                if is_true({'conditions': conditions}, k):
                    conditions = self.say(conditions, k, 'False', now, kind,
                                          'is suspended')
            conditions = self.say(conditions, 'Suspended', 'True', now, kind,
                                  '%s %s is suspended.' % (kind, name))
            return self.store.replace(plural, job,
                                      status=dict(status, conditions=conditions))
        if is_true(status, 'Suspended'):
            conditions = self.say(conditions, 'Suspended', 'False', now, kind,
                                  '%s %s is resumed.' % (kind, name))
        status.setdefault('startTime', now)
        s.setdefault('started', asyncio.get_running_loop().time())
        counts, restarting = self.replicas(plural, job, roles, pods, s)
        status['replicaStatuses'] = counts
        conditions, end = self.verdict(plural, job, roles, pods, counts, s,
                                       conditions, restarting, now)
        if end:
            status['completionTime'] = now
        status['conditions'] = conditions
        self.store.replace(plural, job, status=status)

    def say(self, conditions, kind, value, now, job_kind, message):
        out = condition(conditions, kind, value, now, job_kind + kind, message)
        out[-1].setdefault('lastUpdateTime', now)
        return out

    def replicas(self, plural, job, roles, pods, s):
        """Makes the pods that lack; counts them by role."""
        counts, restarting = {}, False
        workers_first = plural == 'mpijobs'
        for role, r in roles.items():
            c = counts.setdefault(role, {})
            policy = r.get('restartPolicy') or \
                ('OnFailure' if plural == 'pytorchjobs' else 'Never')
            n = r.get('replicas')
            for i in range(1 if n is None else n):
                name = '%s-%s-%d' % (job['metadata']['name'], role.lower(), i)
                if workers_first and role == 'Launcher':
                    name = job['metadata']['name'] + '-launcher'
                p = pods.get(name)
                if p is None:
                    self.make_pod(
                        plural, job, r['template'], name,
                        self.labels(plural, job, role, i),
                        change=lambda spec: self.pod_spec(plural, job, roles, role,
                                                          i, policy, spec))
                    p = self.store.get('pods', job['metadata']['namespace'], name)
                word = {'Running': 'active', 'Succeeded': 'succeeded',
                        'Failed': 'failed'}.get(phase(p))
                if word == 'failed' and policy == 'ExitCode' and \
                        self.exit_code(p) >= 128:
                    self.delete_pods([p])
                    s['restarts'] += 1
                    restarting = True
                    continue
                if word:
                    c[word] = c.get(word, 0) + 1
        return counts, restarting

    def exit_code(self, pod):
        for c in (pod.get('status') or {}).get('containerStatuses') or ():
            if 'terminated' in c['state']:
                return c['state']['terminated']['exitCode']
        return 0

    def pod_spec(self, plural, job, roles, role, index, policy, spec):
        """Restart policy and the variables that the operator sets."""
        spec = dict(spec, restartPolicy='Never' if policy == 'ExitCode' else policy)
        name = job['metadata']['name']
        add = []
        if plural == 'pytorchjobs':
            world = sum(r.get('replicas') or 1 for r in roles.values())
            rank = index if role == 'Master' else \
                index + (1 if 'Master' in roles else 0)
            add = [('MASTER_ADDR', name + '-master-0'), ('MASTER_PORT', '23456'),
                   ('WORLD_SIZE', str(world)), ('RANK', str(rank)),
                   ('PYTHONUNBUFFERED', '1')]
        elif plural == 'tfjobs':
            import json
            cluster = {r.lower(): ['%s-%s-%d.%s.svc:2222' % (
                name, r.lower(), i, job['metadata']['namespace'])
                for i in range(v.get('replicas') or 1)] for r, v in roles.items()}
            if sum(len(v) for v in cluster.values()) > 1:
                add = [('TF_CONFIG', json.dumps({
                    'cluster': cluster, 'task': {'type': role.lower(),
                                                 'index': index},
                    'environment': 'cloud'}))]
        elif role == 'Worker' and not spec['containers'][0].get('command') and \
                not spec['containers'][0].get('args'):
            first = dict(spec['containers'][0], command=['sleep', '365d'])
            spec['containers'] = [first] + spec['containers'][1:]
        if add:
            spec['containers'] = [dict(c, env=(c.get('env') or []) + [
                {'name': k, 'value': v} for k, v in add])
                for c in spec['containers']]
        return spec

    def verdict(self, plural, job, roles, pods, counts, s, conditions, restarting,
                now):
        kind, name = job['kind'], job['metadata']['name']
        full = '%s/%s' % (job['metadata']['namespace'], name)
        lead = {'tfjobs': ('Chief', 'Master'), 'pytorchjobs': ('Master',),
                'mpijobs': ('Launcher',)}[plural]
        chief = next((r for r in lead if r in roles), None)
        failed = sum(c.get('failed', 0) for c in counts.values())
        over = None
        if self.time_up(key_of(plural, job), job, s,
                        self.policy(job, 'activeDeadlineSeconds'), s['started']):
            over = '%s %s has failed because it was active longer than specified ' \
                'deadline' % (kind, name)
        limit = self.policy(job, 'backoffLimit')
        if limit is not None and self.restarts(job) + s['restarts'] > limit:
            over = '%s %s has failed because it has reached the specified backoff ' \
                'limit' % (kind, name)
        good = self.succeeded(plural, job, roles, pods, counts, chief)
        if good and not over:
            for k in ('Running', 'Restarting'):
                if is_true({'conditions': conditions}, k):
                    conditions = self.say(conditions, k, 'False', now, kind,
                                          '%s %s is successfully completed.'
                                          % (kind, full))
            return self.say(conditions, 'Succeeded', 'True', now, kind,
                            '%s %s successfully completed.' % (kind, full)), True
        if failed or over:
            for k in ('Running', 'Restarting'):
                if is_true({'conditions': conditions}, k):
                    conditions = self.say(conditions, k, 'False', now, kind,
                                          '%s %s is failed.' % (kind, full))
            return self.say(conditions, 'Failed', 'True', now, kind, over or
                            '%s %s is failed because %d replica(s) failed.'
                            % (kind, full, failed)), True
        if restarting:
            conditions = [c for c in conditions if c['type'] != 'Running']
            return self.say(conditions, 'Restarting', 'True', now, kind,
                            '%s %s is restarting because replica(s) failed.'
                            % (kind, full)), False
        running = counts.get(chief, {}).get('active') if chief else \
            any(c.get('active') for c in counts.values())
        if running and not is_true({'conditions': conditions}, 'Running'):
            conditions = [c for c in conditions if c['type'] != 'Restarting']
            conditions = self.say(conditions, 'Running', 'True', now, kind,
                                  '%s %s is running.' % (kind, full))
        return conditions, False

    def restarts(self, job):
        return sum(c.get('restartCount', 0) for p in self.pods(job)
                   for c in (p.get('status') or {}).get('containerStatuses') or ())

    def succeeded(self, plural, job, roles, pods, counts, chief):
        if chief:
            return counts[chief].get('succeeded', 0) > 0
        workers = roles.get('Worker')
        if workers is None:
            return False
        n = workers.get('replicas') or 1
        if plural == 'tfjobs' and job['spec'].get('successPolicy') != 'AllWorkers':
            first = pods.get(job['metadata']['name'] + '-worker-0')
            return first is not None and phase(first) == 'Succeeded' or \
                counts['Worker'].get('succeeded', 0) >= n
        return counts['Worker'].get('succeeded', 0) >= n

    def clean(self, job):
        default = 'Running' if self.old and job['kind'] == 'TFJob' else 'None'
        policy = self.policy(job, 'cleanPodPolicy', default)
        pods = self.pods(job)
        if policy == 'Running':
            pods = [p for p in pods if phase(p) in ('Running', 'Pending')]
        elif policy != 'All':
            pods = []
        self.delete_pods(pods)


class Frameworks(Operator):
    """FrameworkController: it deletes a pod as soon as its task has ended."""

    def __init__(self, server):
        self.plurals = ('frameworks',) if 'frameworks' in server.kinds else ()
        super().__init__(server)

    def step(self, plural, fw):
        s, now = self.state(fw), self.server.clock.now()
        status = copy.deepcopy(fw.get('status') or {})
        if status.get('state') == 'Completed':
            return
        roles = fw['spec'].get('taskRoles') or []
        if not status:
            status = self.first(roles, now)
        attempt = status['attemptStatus']
        if fw['spec'].get('executionType') == 'Create':
            return self.store.replace(plural, fw, status=status)
        stop = fw['spec'].get('executionType') == 'Stop'
        pods = {p['metadata']['name']: p for p in self.pods(fw)}
        for role, rs in zip(roles, attempt['taskRoleStatuses']):
            for task in rs['taskStatuses']:
                self.task(plural, fw, role, task, pods, s, now)
        end = s.get('end') or self.completed(roles, attempt, stop)
        if end:
            s['end'] = end
            status['state'] = 'AttemptDeleting'
            left = list(self.pods(fw))
            for p in left:
                self.delete_pods([p])
            if self.pods(fw):
                return self.store.replace(plural, fw, status=status)
            for rs in attempt['taskRoleStatuses']:
                for t in rs['taskStatuses']:
                    if t['state'] != 'Completed':
                        self.complete(t, -220, 'FrameworkAttemptCompletion',
                                      'Failed', '', now)
            attempt['completionStatus'] = end
            attempt['completionTime'] = status['completionTime'] = now
            status['state'] = 'Completed'
        else:
            states = [t['state'] for rs in attempt['taskRoleStatuses']
                      for t in rs['taskStatuses']]
            if set(states) & {'AttemptRunning', 'AttemptDeletionRequested',
                              'Completed'}:
                status['state'] = 'AttemptRunning'
                status['runTime'] = status['runTime'] or now
                attempt['runTime'] = attempt['runTime'] or now
            else:
                status['state'] = 'AttemptPreparing'
        if status['state'] != (fw.get('status') or {}).get('state'):
            status['transitionTime'] = now
        self.store.replace(plural, fw, status=status)

    def first(self, roles, now):
        retry = {'totalRetriedCount': 0, 'accountableRetriedCount': 0,
                 'retryDelaySec': None}

        def task(i):
            return {'index': i, 'startTime': now, 'runTime': None,
                    'completionTime': None, 'state': 'AttemptCreationPending',
                    'transitionTime': now, 'deletionPending': False,
                    'retryPolicyStatus': dict(retry), 'attemptStatus': {
                        'id': 0, 'startTime': None, 'runTime': None,
                        'completionTime': None, 'instanceUID': None, 'podName': '',
                        'podUID': None, 'podNodeName': None, 'podIP': None,
                        'podHostIP': None, 'completionStatus': None}}
        return {'startTime': now, 'runTime': None, 'completionTime': None,
                'state': 'AttemptCreationPending', 'transitionTime': now,
                'retryPolicyStatus': dict(retry), 'attemptStatus': {
                    'id': 0, 'startTime': now, 'runTime': None,
                    'completionTime': None, 'instanceUID': None,
                    'configMapName': '', 'configMapUID': None,
                    'completionStatus': None, 'taskRoleStatuses': [{
                        'name': r['name'], 'podGracefulDeletionTimeoutSec': None,
                        'taskStatuses': [task(i) for i in
                                         range(r.get('taskNumber') or 0)]}
                        for r in roles]}}

    def complete(self, task, code, phrase, kind, diagnostics, now, pod=None):
        task['state'], task['completionTime'] = 'Completed', now
        task['transitionTime'] = now
        c = {'code': code, 'phrase': phrase,
             'type': {'name': kind, 'attributes': []},
             'diagnostics': diagnostics}
        if pod:
            c['pod'] = pod
        task['attemptStatus'].update(completionTime=now, completionStatus=c)

    def task(self, plural, fw, role, task, pods, s, now):
        if task['state'] == 'Completed' or s.get('end'):
            return
        name = '%s-%s-%d' % (fw['metadata']['name'], role['name'], task['index'])
        key = (role['name'], task['index'])
        p = pods.get(name)
        if p is None and key not in s:
            s[key] = True
            labels = {'FC_FRAMEWORK_NAME': fw['metadata']['name'],
                      'FC_TASKROLE_NAME': role['name'],
                      'FC_TASK_INDEX': str(task['index'])}

            def change(spec):
                add = [{'name': k, 'value': v} for k, v in labels.items()]
                add.append({'name': 'FC_FRAMEWORK_ATTEMPT_INSTANCE_UID',
                            'value': '0_' + fw['metadata']['uid']})
                return dict(spec, containers=[
                    dict(c, env=add + (c.get('env') or []))
                    for c in spec['containers']])
            self.make_pod(plural, fw, role['task']['pod'], name, labels,
                          change=change)
            p = self.store.get('pods', fw['metadata']['namespace'], name)
        if p is None:
            end = s.get(('end',) + key)
            if end:
                return self.complete(task, *end)
            return self.complete(task, -101, 'PodExternalDeleted', 'Failed',
                                 'Pod was deleted by others', now)
        self.observe(task, p, s, key, now)

    def observe(self, task, p, s, key, now):
        a, st = task['attemptStatus'], p.get('status') or {}
        a.update(podName=p['metadata']['name'], podUID=p['metadata']['uid'],
                 podNodeName=p['spec'].get('nodeName'), podIP=st.get('podIP'),
                 podHostIP=st.get('hostIP'))
        a['startTime'] = a['startTime'] or now
        state = {'Pending': 'AttemptPreparing', 'Running': 'AttemptRunning'}.get(
            phase(p), 'AttemptDeletionRequested')
        if state == 'AttemptRunning':
            task['runTime'] = task['runTime'] or now
            a['runTime'] = a['runTime'] or now
        if task['state'] != state:
            task['state'], task['transitionTime'] = state, now
        if phase(p) not in ('Succeeded', 'Failed') or ('end',) + key in s:
            return
        containers, code = [], 0
        for c in st.get('containerStatuses') or ():
            t = c['state'].get('terminated') or {}
            code = code or t.get('exitCode', 0)
            containers.append({'name': c['name'], 'reason': t.get('reason', ''),
                               'message': t.get('message', ''), 'signal': 0,
                               'code': t.get('exitCode', 0)})
        detail = {'reason': st.get('reason', ''), 'message': st.get('message', ''),
                  'containers': containers}
        if phase(p) == 'Succeeded':
            end = (0, 'Succeeded', 'Succeeded', '', now, detail)
        elif st.get('reason') or not code:
            end = (-300, 'PodFailedWithoutFailedContainer', 'Failed',
                   st.get('message', ''), now, detail)
        else:
            end = (code, 'ContainerFailed', 'Failed', '', now, detail)
        s[('end',) + key] = end
        self.delete_pods([p])

    def completed(self, roles, attempt, stop):
        if stop:
            return {'code': -210, 'phrase': 'StopFrameworkRequested',
                    'diagnostics': 'User has requested to stop the Framework',
                    'type': {'name': 'Failed', 'attributes': ['Permanent']}}
        every = []
        for role, rs in zip(roles, attempt['taskRoleStatuses']):
            policy = role.get('frameworkAttemptCompletionPolicy') or {}
            done = [t['attemptStatus']['completionStatus']
                    for t in rs['taskStatuses'] if t['state'] == 'Completed']
            failed = [c for c in done if c['type']['name'] == 'Failed']
            good = len(done) - len(failed)
            for name, n, least in (('Failed', len(failed), 'minFailedTaskCount'),
                                   ('Succeeded', good, 'minSucceededTaskCount')):
                want = policy.get(least, -1)
                if want >= 1 and n >= want:
                    last = failed[-1] if name == 'Failed' else {}
                    return {
                        'code': last.get('code', 0), 'phrase':
                        last.get('phrase', 'Succeeded'), 'type': {
                            'name': name, 'attributes': []}, 'diagnostics':
                        '%sTaskCount %d has reached %s %d in TaskRole %s'
                        % (name, n, least, want, role['name'])}
            every += [t['state'] for t in rs['taskStatuses']]
        if every and all(x == 'Completed' for x in every):
            return {'code': 0, 'phrase': 'Succeeded',
                    'type': {'name': 'Succeeded', 'attributes': []}, 'diagnostics':
                    'All Tasks are completed and no user specified conditions in '
                    'FrameworkAttemptCompletionPolicy have ever been triggered'}
        return None
