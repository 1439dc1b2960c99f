"""The API: paths, verbs, refusals in Kubernetes' words."""
import asyncio
import base64
import binascii
import json
import re

import choose
import schema
from checks import invalid
from store import stamp

DELETE_OPTIONS = {'$ref': '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.'
                  'DeleteOptions'}
ACCEPTED = ('application/json', 'application/yaml',
            'application/vnd.kubernetes.protobuf')
# Where the operators of another time look; those who write for all of them write
# both, and a server drops what its CRD does not have.
DROPPED = {'kubeflow.org': {'spec.' + k for k in (
    'cleanPodPolicy', 'ttlSecondsAfterFinished', 'activeDeadlineSeconds',
    'backoffLimit')}}
EXTRA_QUERY = {'pretty', 'sinceTime'}
LIST_VERBS = {'GET': 'list', 'POST': 'create', 'DELETE': 'deletecollection'}
REVIEWS = {'selfsubjectaccessreviews': ('SelfSubjectAccessReview', 1),
           'localsubjectaccessreviews': ('LocalSubjectAccessReview', 3)}
ITEM_VERBS = {'GET': 'get', 'PUT': 'update', 'PATCH': 'patch', 'DELETE': 'delete'}


class Refused(Exception):
    def __init__(self, code, reason, message, details=None, headers=()):
        super().__init__(message)
        self.code = code
        self.headers = headers
        self.body = status(code, reason, message, details)


def status(code, reason, message, details=None):
    s = {'kind': 'Status', 'apiVersion': 'v1', 'metadata': {}, 'status': 'Failure',
         'message': message}
    if reason:
        s['reason'] = reason
    if details is not None:
        s['details'] = details
    s['code'] = code
    return s


def bad_request(message):
    return Refused(400, 'BadRequest', message)


def details(kind, name=None, what=None):
    d = {}
    if name:
        d['name'] = name
    if kind.group:
        d['group'] = kind.group
    d['kind'] = what or kind.plural
    return d


def not_found(kind, name):
    return Refused(404, 'NotFound', '%s "%s" not found' % (kind.resource(), name),
                   details(kind, name))


def unknown_path():
    return Refused(404, 'NotFound',
                   'the server could not find the requested resource', {})


def not_allowed():
    return Refused(405, 'MethodNotAllowed', 'the server does not allow this method '
                   'on the requested resource', {})


def invalid_object(kind, name, causes):
    texts = ['%s: %s' % (field, text) for _, field, text in causes]
    text = texts[0] if len(texts) == 1 else '[' + ', '.join(texts) + ']'
    d = details(kind, name, kind.kind)
    d['causes'] = [{'reason': r, 'message': m, 'field': f} for r, f, m in causes]
    return Refused(422, 'Invalid', '%s "%s" is invalid: %s'
                   % (kind.title(), name or '', text), d)


def merge(old, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    out = dict(old) if isinstance(old, dict) else {}
    for k, v in patch.items():
        if v is None:
            out.pop(k, None)
        else:
            out[k] = merge(out.get(k), v)
    return out


def json_patch(obj, ops):
    """RFC 6902: add, replace, remove, test on members of objects and lists."""
    obj = json.loads(json.dumps(obj))
    for op in ops:
        parts = [p.replace('~1', '/').replace('~0', '~')
                 for p in op['path'].split('/')[1:]]
        at = obj
        try:
            for p in parts[:-1]:
                at = at[int(p)] if isinstance(at, list) else at[p]
            last = parts[-1]
            if isinstance(at, list):
                last = len(at) if last == '-' else int(last)
            if op['op'] == 'test':
                if at[last] != op['value']:
                    raise KeyError(last)
            elif op['op'] == 'remove':
                del at[last]
            elif op['op'] == 'replace':
                at[last]
                at[last] = op['value']
            elif isinstance(at, list):
                at.insert(last, op['value'])
            else:
                at[last] = op['value']
        except (KeyError, IndexError, ValueError, TypeError):
            raise Refused(422, 'Invalid', 'the server rejected our request due to '
                          'an error in our request', {})
    return obj


class Api:
    def __init__(self, server):
        self.server = server
        self.store = server.store
        self.kinds = server.kinds
        self.options = server.options

    # ---- who asks

    def authenticate(self, req, peer):
        """401 for credentials that are none; without any: system:anonymous."""
        text = req.headers.get('authorization', '')
        if text:
            word, _, token = text.partition(' ')
            user = self.server.users.get(token.strip()) \
                if word.lower() == 'bearer' else None
            if not user or not self.server.faults.authorised():
                raise Refused(401, 'Unauthorized', 'Unauthorized')
            return user
        return peer or 'system:anonymous'

    def authorise(self, req, verb, kind, namespace, name, sub=None):
        plural = kind.plural + ('/' + sub if sub else '')
        if self.server.allowed(req.user, verb, kind.group, plural, namespace):
            return
        where = 'in the namespace "%s"' % namespace if namespace else \
            'at the cluster scope'
        raise Refused(
            403, 'Forbidden', '%s%s is forbidden: User "%s" cannot %s resource '
            '"%s" in API group "%s" %s' % (
                kind.resource(), ' "%s"' % name if name else '', req.user, verb,
                plural, kind.group, where), details(kind, name))

    # ---- where to

    async def handle(self, conn, req, peer):
        if req.body is None:
            raise Refused(413, 'RequestEntityTooLarge',
                          'Request entity too large: limit is 3145728')
        req.user = self.authenticate(req, peer)
        parts = [p for p in req.path.split('/') if p]
        found = self.fixed(req, parts)
        if found is not None:
            if req.method != 'GET':
                raise not_allowed()
            return await self.reply(conn, req, 200, found)
        if req.path.rstrip('/') in ('/healthz', '/livez', '/readyz'):
            return await conn.whole(200, 'text/plain; charset=utf-8', b'ok')
        kind, version, rest = self.resolve(req, parts)
        self.acceptable(req)
        if kind == 'review':
            return await self.review(conn, req, rest)
        namespace = ''
        if kind.namespaced and len(rest) > 1 and rest[0] == 'namespaces':
            namespace, rest = rest[1], rest[3:]
        else:
            rest = rest[1:]
        self.known_query(req, kind, version, namespace, rest)
        if not rest:
            return await self.collection(conn, req, kind, version, namespace)
        if len(rest) == 1:
            return await self.item(conn, req, kind, version, namespace, rest[0])
        if rest[1:] == ['log'] and kind.plural == 'pods':
            self.authorise(req, 'get', kind, namespace, rest[0], 'log')
            if req.method != 'GET':
                raise not_allowed()
            return await self.server.kubelet.serve_log(conn, req, namespace,
                                                       rest[0])
        if rest[1:] == ['status']:
            if req.method == 'GET':
                return await self.item(conn, req, kind, version, namespace,
                                       rest[0])
            raise not_allowed()
        raise unknown_path()

    def acceptable(self, req):
        accept = req.headers.get('accept', '*/*')
        for part in accept.split(','):
            media, *params = [x.strip() for x in part.split(';')]
            if any(p.startswith('as=') for p in params):
                continue
            if media in ('*/*', 'application/*', 'application/json') or \
                    media in ('text/plain', 'text/*') and req.path.endswith('/log'):
                return
        raise Refused(406, 'NotAcceptable', 'only the following media types are '
                      'accepted: application/json, application/yaml, '
                      'application/vnd.kubernetes.protobuf', {})

    def known_query(self, req, kind, version, namespace, rest):
        """The real server passes over what it does not know; a client of ours that
        says something unknown has a fault, so here it is refused."""
        model = self.kinds['jobs'] if kind.custom else kind
        path = '/api/v1' if not model.group else '/apis/' + model.api()
        if model.namespaced and (namespace or rest):
            path += '/namespaces/{namespace}'
        path += '/' + model.plural + ('/{name}' if rest else '')
        path += ''.join('/' + r for r in rest[1:])
        path = path.replace('/namespaces/{namespace}/namespaces', '/namespaces')
        contract = schema.KUBERNETES['paths'].get(path)
        if contract is None and rest:
            contract = schema.KUBERNETES['paths'].get(
                '/apis/batch/v1/namespaces/{namespace}/jobs/{name}')
        known = (contract or {}).get(req.method.lower())
        if known is None:
            return
        for k, v in req.query.items():
            if k not in known and k not in EXTRA_QUERY:
                raise bad_request('query parameter %s is not in the contract of %s '
                                  '%s' % (json.dumps(k), req.method, path))
            kind_of = known.get(k)
            if kind_of == 'integer' and not re.fullmatch('-?[0-9]+', v):
                raise bad_request('strconv.ParseInt: parsing %s: invalid syntax'
                                  % json.dumps(v))
            if kind_of == 'boolean' and v not in ('0', '1', 'true', 'false', ''):
                raise bad_request('strconv.ParseBool: parsing %s: invalid syntax'
                                  % json.dumps(v))

    def resolve(self, req, parts):
        if parts[:1] == ['api'] and len(parts) > 2:
            group, version, rest = '', parts[1], parts[2:]
        elif parts[:1] == ['apis'] and len(parts) > 3:
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            self.no_path(req)
        if group == 'authorization.k8s.io' and version == 'v1' and \
                rest[-1] in REVIEWS and len(rest) == REVIEWS[rest[-1]][1]:
            return 'review', version, rest
        plural = rest[2] if len(rest) > 2 and rest[0] == 'namespaces' else rest[0]
        kind = self.kinds.get(plural)
        if kind is None or kind.group != group or version not in kind.versions:
            if group and not any(k.group == group and version in k.versions
                                 for k in self.kinds.values()):
                self.no_path(req)
            raise unknown_path()
        return kind, version, rest

    def no_path(self, req):
        if req.user == 'system:anonymous':
            raise Refused(403, 'Forbidden', 'forbidden: User "system:anonymous" '
                          'cannot %s path "%s"' % (req.method.lower(), req.path), {})
        raise Refused(404, None, None)

    def fixed(self, req, parts):
        groups = {}
        for k in self.kinds.values():
            if k.group:
                groups.setdefault(k.group, [])
                groups[k.group] += [v for v in k.versions
                                    if v not in groups[k.group]]
        groups['authorization.k8s.io'] = ['v1']

        def group(name):
            vs = [{'groupVersion': name + '/' + v, 'version': v}
                  for v in groups[name]]
            return {'name': name, 'versions': vs, 'preferredVersion': vs[0]}
        if parts == ['version']:
            v = self.options.version.lstrip('v')
            major, minor = v.split('.')[:2]
            return {'major': major, 'minor': minor, 'gitVersion': 'v' + v,
                    'gitCommit': '0' * 40, 'gitTreeState': 'clean',
                    'buildDate': '2024-01-01T00:00:00Z', 'goVersion': 'go1.22',
                    'compiler': 'gc', 'platform': 'linux/amd64'}
        if parts == ['api']:
            return {'kind': 'APIVersions', 'versions': ['v1'],
                    'serverAddressByClientCIDRs': []}
        if parts == ['apis']:
            return {'kind': 'APIGroupList', 'apiVersion': 'v1',
                    'groups': [group(g) for g in groups]}
        if len(parts) == 2 and parts[0] == 'apis' and parts[1] in groups:
            return dict({'kind': 'APIGroup', 'apiVersion': 'v1'}, **group(parts[1]))
        if parts == ['api', 'v1']:
            return self.resources('', 'v1')
        if len(parts) == 3 and parts[0] == 'apis' and \
                parts[2] in groups.get(parts[1], ()):
            return self.resources(parts[1], parts[2])
        return None

    def resources(self, group, version):
        out = []
        for k in self.kinds.values():
            if k.group == group and version in k.versions:
                out.append({'name': k.plural, 'singularName': k.kind.lower(),
                            'namespaced': k.namespaced, 'kind': k.kind,
                            'verbs': k.verbs})
                if k.plural == 'pods':
                    out.append({'name': 'pods/log', 'singularName': '',
                                'namespaced': True, 'kind': 'Pod',
                                'verbs': ['get']})
        if group == 'authorization.k8s.io':
            out += [{'name': name, 'singularName': '', 'namespaced': depth > 1,
                     'kind': kind, 'verbs': ['create']}
                    for name, (kind, depth) in REVIEWS.items()]
        return {'kind': 'APIResourceList', 'apiVersion': 'v1',
                'groupVersion': group + '/' + version if group else version,
                'resources': out}

    # ---- answers

    async def reply(self, conn, req, code, obj, headers=()):
        await conn.whole(code, 'application/json', req.dumps(obj), headers,
                         'gzip' in req.headers.get('accept-encoding', ''))

    async def refuse(self, conn, req, why):
        if why.body['message'] is None:
            return await conn.whole(why.code, 'text/plain; charset=utf-8',
                                    b'404 page not found\n')
        await self.reply(conn, req, why.code, why.body, why.headers)

    # ---- bodies

    def decode(self, req, kind_name):
        media = req.headers.get('content-type', '').split(';')[0].strip()
        if media not in ('', 'application/json'):
            raise Refused(415, 'UnsupportedMediaType', 'the body of the request was '
                          'in an unknown format - accepted media types include: ' +
                          ', '.join(ACCEPTED))
        try:
            obj = json.loads(req.body.decode('utf-8'))
        except ValueError as e:
            raise bad_request(
                "the object provided is unrecognized (must be of type %s): couldn't "
                'get version/kind; json parse error: %s' % (kind_name, e))
        if not isinstance(obj, dict):
            raise bad_request(
                "the object provided is unrecognized (must be of type %s): couldn't "
                'get version/kind; json parse error: json: cannot unmarshal into Go '
                'value of type struct' % kind_name)
        return obj

    def shape(self, contract, obj, kind_name, version, kind=None):
        """400 for what cannot be decoded and for fields that do not exist."""
        faults = []
        schema.check(contract, obj, '', faults,
                     kind is None or self.strict(kind, version))
        drop = DROPPED.get(kind.group, ()) if kind else ()
        for f in [f for f in faults if f[0] == 'unknown' and f[1] in drop]:
            faults.remove(f)
            obj['spec'] = {k: v for k, v in obj['spec'].items()
                           if 'spec.' + k != f[1]}
        if not faults:
            return
        wrong = [f for f in faults if f[0] == 'type']
        if wrong:
            raise bad_request(
                '%s in version "%s" cannot be handled as a %s: json: %s: %s' % (
                    kind_name, version, kind_name, wrong[0][1], wrong[0][2]))
        unknown = [f for f in faults if f[0] == 'unknown']
        if unknown:
            raise bad_request(
                '%s in version "%s" cannot be handled as a %s: strict decoding '
                'error: %s' % (kind_name, version, kind_name, ', '.join(
                    'unknown field "%s"' % f[1] for f in unknown)))
        if kind is None:
            raise bad_request('%s: %s' % (faults[0][1], faults[0][2]))
        causes = []
        for what, path, text in faults:
            if what == 'required' and not kind.custom:
                continue        # said by the checks, where the server minds
            causes.append(('FieldValueRequired' if what == 'required' else
                           'FieldValueInvalid', path, text))
        if causes:
            raise invalid_object(kind, (obj.get('metadata') or {}).get('name'),
                                 causes)

    def strict(self, kind, version):
        return not (kind.custom and kind.group == 'kubeflow.org' and
                    self.options.kubeflow != 'v1')

    def checked(self, kind, version, obj):
        if obj.get('kind', kind.kind) != kind.kind:
            raise bad_request(
                '%s in version "%s" cannot be handled as a %s: converting (v1.%s) to '
                '(%s.%s): unknown conversion' % (
                    obj['kind'], version, kind.kind, obj['kind'],
                    kind.group or 'core', kind.kind))
        if kind.custom and ('kind' not in obj or 'apiVersion' not in obj):
            raise bad_request("Object 'Kind' or 'apiVersion' is missing")
        want = kind.api(version)
        if obj.get('apiVersion', want) != want:
            raise bad_request('the API version in the data (%s) does not match the '
                              'expected API version (%s)'
                              % (obj['apiVersion'], want))
        self.shape(kind.schema(version), obj, kind.kind, version, kind)
        obj['kind'], obj['apiVersion'] = kind.kind, want
        if obj.get('metadata') is None:
            obj['metadata'] = {}
        bad = []
        kind.check(obj, bad)
        if bad:
            raise invalid_object(kind, obj['metadata'].get('name'), bad)

    # ---- collections

    async def collection(self, conn, req, kind, version, namespace):
        verb = LIST_VERBS.get(req.method)
        watching = req.query.get('watch') in ('1', 'true')
        if verb == 'list' and watching:
            verb = 'watch'
        if verb is None or verb not in kind.verbs or \
                kind.namespaced and not namespace and verb not in ('list', 'watch'):
            raise not_allowed()
        name = None
        if verb == 'create':
            try:
                name = json.loads(req.body)['metadata']['name']
            except (ValueError, KeyError, TypeError):
                pass
        self.authorise(req, verb, kind, namespace, name)
        if verb == 'create':
            return await self.create(conn, req, kind, version, namespace)
        chosen = self.chosen(req, kind, namespace)
        if verb == 'watch':
            return await self.watch(conn, req, kind, chosen)
        if verb == 'list':
            return await self.list(conn, req, kind, version, chosen)
        options = self.delete_options(req)
        gone = [o for k, o in sorted(self.store.tables[kind.plural].objects.items())
                if chosen(o)]
        gone = [self.server.reaper.delete(kind, o, options)[1] for o in gone]
        await self.reply(conn, req, 200, self.a_list(kind, version, gone))

    def chosen(self, req, kind, namespace):
        try:
            labels = choose.parse(req.query.get('labelSelector', ''))
            fields = choose.parse_fields(req.query.get('fieldSelector', ''), kind)
        except choose.Bad as e:
            raise bad_request(str(e))

        def test(obj):
            meta = obj['metadata']
            return (not namespace or meta['namespace'] == namespace) and \
                labels(meta.get('labels') or {}) and fields(obj)
        return test

    def a_list(self, kind, version, items, **meta):
        if not kind.custom:
            items = [{k: v for k, v in o.items() if k not in ('kind', 'apiVersion')}
                     for o in items]
        return {'kind': kind.kind + 'List', 'apiVersion': kind.api(version),
                'metadata': dict({'resourceVersion': str(self.store.rv)}, **meta),
                'items': items}

    async def list(self, conn, req, kind, version, chosen):
        table = self.store.tables[kind.plural]
        q = req.query
        limit, after, rv = int(q.get('limit') or 0), None, self.store.rv
        if q.get('resourceVersion') and not q['resourceVersion'].isdigit():
            raise bad_request('resourceVersion: Invalid value: "%s": strconv.'
                              'ParseUint: parsing "%s": invalid syntax'
                              % (q['resourceVersion'], q['resourceVersion']))
        if int(q.get('resourceVersion') or 0) > self.store.rv:
            raise Refused(504, 'Timeout', 'Timeout: Too large resource version: %s, '
                          'current: %d' % (q['resourceVersion'], self.store.rv), {
                              'causes': [{'reason': 'ResourceVersionTooLarge',
                                          'message': 'Too large resource version'}],
                              'retryAfterSeconds': 1})
        if q.get('continue'):
            try:
                after = json.loads(base64.urlsafe_b64decode(q['continue']))
                rv, after = after['rv'], (after['namespace'], after['name'])
            except (ValueError, KeyError, TypeError, binascii.Error):
                raise bad_request('continue key is not valid')
            if rv < table.oldest:
                raise Refused(410, 'Expired', 'The provided continue parameter is '
                              'too old to display a consistent list result. You '
                              'can start a new list without the continue '
                              'parameter.')
        keys = sorted(k for k, o in table.objects.items()
                      if (after is None or k > after) and chosen(o))
        meta = {'resourceVersion': str(rv)}
        if limit and len(keys) > limit:
            token = json.dumps({'rv': rv, 'namespace': keys[limit - 1][0],
                                'name': keys[limit - 1][1]})
            meta['continue'] = base64.urlsafe_b64encode(token.encode()).decode()
            if not (q.get('labelSelector') or q.get('fieldSelector')):
                meta['remainingItemCount'] = len(keys) - limit
            keys = keys[:limit]
        items = [table.objects[k] for k in keys]
        if len(items) <= 200 or req.pretty:
            return await self.reply(conn, req, 200,
                                    self.a_list(kind, version, items, **meta))
        await self.long_list(conn, kind, version, items, meta)

    async def long_list(self, conn, kind, version, items, meta):
        """In pieces: ten thousand objects are not put into one buffer."""
        head = json.dumps(self.a_list(kind, version, [], **meta),
                          separators=(',', ':'))
        await conn.begin('application/json')
        await conn.chunk(head[:-2].encode())
        for i in range(0, len(items), 100):
            part = self.a_list(kind, version, items[i:i + 100])['items']
            text = json.dumps(part, separators=(',', ':'), ensure_ascii=False)
            await conn.chunk(((',' if i else '') + text[1:-1]).encode())
        await conn.chunk(b']}\n')
        await conn.end()

    async def create(self, conn, req, kind, version, namespace):
        obj = self.decode(req, kind.kind)
        self.checked(kind, version, obj)
        meta = obj['metadata']
        if namespace and meta.get('namespace') not in (None, '', namespace):
            raise bad_request('the namespace of the provided object does not match '
                              'the namespace sent on the request')
        if meta.get('resourceVersion'):
            raise Refused(500, None, 'resourceVersion should not be set on objects '
                          'to be created')
        if namespace and not self.store.get('namespaces', '', namespace):
            raise not_found(self.kinds['namespaces'], namespace)
        if meta.get('name') and self.store.get(kind.plural, namespace,
                                               meta['name']):
            raise Refused(409, 'AlreadyExists', '%s "%s" already exists'
                          % (kind.resource(), meta['name']),
                          details(kind, meta['name']))
        self.quota(kind, namespace, meta)
        meta.pop('managedFields', None)
        obj.pop('status', None)
        if req.query.get('dryRun') != 'All':
            self.server.defaults(kind, obj)
            obj = self.store.create(kind.plural, namespace, obj)
        await self.reply(conn, req, 201, obj)

    def quota(self, kind, namespace, meta):
        name = 'count/' + kind.resource()
        for q in self.store.tables['resourcequotas'].objects.values():
            hard = (q.get('spec') or {}).get('hard') or {}
            if q['metadata']['namespace'] != namespace or name not in hard:
                continue
            used = sum(1 for ns, _ in self.store.tables[kind.plural].objects
                       if ns == namespace)
            if used >= int(hard[name]):
                raise Refused(
                    403, 'Forbidden', '%s "%s" is forbidden: exceeded quota: %s, '
                    'requested: %s=1, used: %s=%d, limited: %s=%s' % (
                        kind.resource(), meta.get('name', ''),
                        q['metadata']['name'], name, name, used, name, hard[name]),
                    details(kind, meta.get('name')))

    # ---- watches

    async def watch(self, conn, req, kind, chosen):
        table = self.store.tables[kind.plural]
        rv = req.query.get('resourceVersion', '')
        if rv and not rv.isdigit():
            raise bad_request('resourceVersion: Invalid value: "%s": strconv.'
                              'ParseUint: parsing "%s": invalid syntax' % (rv, rv))
        limit = int(req.query.get('timeoutSeconds') or 0) or 1800
        await conn.begin('application/json')
        stream = Watch(self, conn, req, table, chosen)
        try:
            await asyncio.wait_for(stream.run(int(rv or 0)), limit)
        except asyncio.TimeoutError:
            await stream.bookmark()
        if not stream.dead:
            await conn.end()

    # ---- one object

    async def item(self, conn, req, kind, version, namespace, name):
        verb = ITEM_VERBS.get(req.method)
        if verb is None or verb not in kind.verbs or \
                kind.namespaced and not namespace:
            raise not_allowed()
        self.authorise(req, verb, kind, namespace, name)
        media = req.headers.get('content-type', '').split(';')[0].strip()
        if verb == 'patch' and media not in (
                'application/merge-patch+json', 'application/json-patch+json',
                'application/strategic-merge-patch+json') or \
                verb == 'patch' and kind.custom and 'strategic' in media:
            raise Refused(415, 'UnsupportedMediaType', 'the body of the request was '
                          'in an unknown format - accepted media types include: '
                          'application/json-patch+json, '
                          'application/merge-patch+json, '
                          'application/apply-patch+yaml')
        options = self.delete_options(req) if verb == 'delete' else None
        old = self.store.get(kind.plural, namespace, name)
        if old is None:
            raise not_found(kind, name)
        if verb == 'get':
            return await self.reply(conn, req, 200, old)
        if verb == 'delete':
            self.precondition(kind, old, options)
            code, obj = self.server.reaper.delete(kind, old, options)
            if code == 'gone':
                obj = {'kind': 'Status', 'apiVersion': 'v1', 'metadata': {},
                       'status': 'Success', 'details': dict(
                           details(kind, name), uid=old['metadata']['uid'])}
            return await self.reply(conn, req, 200, obj)
        if verb == 'update':
            new = self.decode(req, kind.kind)
        else:
            try:
                patch = json.loads(req.body)
            except ValueError as e:
                raise bad_request('error decoding patch: %s' % e)
            if media == 'application/json-patch+json':
                new = json_patch(old, patch)
            else:
                new = merge(old, patch)
        new = self.updated(kind, version, old, new)
        await self.reply(conn, req, 200, new)

    def precondition(self, kind, old, options):
        uid = (options.get('preconditions') or {}).get('uid')
        have = old['metadata']['uid']
        if uid and uid != have:
            name = old['metadata']['name']
            raise Refused(
                409, 'Conflict', 'Operation cannot be fulfilled on %s "%s": the UID '
                'in the precondition (%s) does not match the UID in record (%s). The '
                'object might have been deleted and then recreated'
                % (kind.title(), name, uid, have), details(kind, name, kind.kind))

    def updated(self, kind, version, old, new):
        name = old['metadata']['name']
        new = json.loads(json.dumps(new))
        rv = (new.get('metadata') or {}).get('resourceVersion')
        if rv and rv != old['metadata']['resourceVersion']:
            raise Refused(
                409, 'Conflict', 'Operation cannot be fulfilled on %s "%s": the '
                'object has been modified; please apply your changes to the latest '
                'version and try again' % (kind.resource(), name),
                details(kind, name))
        mine = {k: v for k, v in new['metadata'].items()}
        self.checked(kind, version, self.without_generated(kind, new))
        bad = []
        if old.get('immutable'):
            for k in ('immutable', 'data', 'binaryData'):
                if new.get(k) != old.get(k):
                    bad.append(('FieldValueForbidden', k, 'Forbidden: field is '
                                'immutable when `immutable` is set'))
        if kind.plural == 'jobs':
            for k in ('template', 'selector', 'completions', 'completionMode'):
                if new['spec'].get(k) != old['spec'].get(k):
                    bad.append(invalid('spec.' + k, '...', 'field is immutable'))
        if kind.plural == 'pods' and \
                {k: v for k, v in new['spec'].items()
                 if k != 'activeDeadlineSeconds'} != \
                {k: v for k, v in old['spec'].items()
                 if k != 'activeDeadlineSeconds'}:
            bad.append(('FieldValueForbidden', 'spec', 'Forbidden: pod updates may '
                        'not change fields other than `spec.containers[*].image`'))
        for k in ('name', 'uid'):
            if mine.get(k, old['metadata'][k]) != old['metadata'][k]:
                bad.append(invalid('metadata.' + k, mine[k], 'field is immutable'))
        if bad:
            raise invalid_object(kind, name, bad)
        new['status'] = old.get('status')
        if new['status'] is None:
            del new['status']
        keep = dict(old['metadata'])
        for k in ('labels', 'annotations', 'ownerReferences', 'finalizers'):
            keep.pop(k, None)
            if mine.get(k):
                keep[k] = mine[k]
        new.pop('metadata')
        parts = {k: None for k in old if k not in new and k != 'metadata'}
        parts.update(new)
        return self.store.replace(kind.plural, old, metadata=keep, **parts)

    def without_generated(self, kind, obj):
        """What the checks of a creation would refuse, since it is the server's."""
        if kind.plural == 'jobs' and obj.get('spec', {}).get('selector'):
            obj = dict(obj, spec={k: v for k, v in obj['spec'].items()
                                  if k != 'selector'})
        return obj

    def delete_options(self, req):
        q = req.query
        obj = {}
        if req.body.strip():
            obj = self.decode(req, 'DeleteOptions')
            self.shape(DELETE_OPTIONS, obj, 'DeleteOptions', 'v1')
            if obj.get('kind', 'DeleteOptions') != 'DeleteOptions':
                raise bad_request('%s in version "v1" cannot be handled as a '
                                  'DeleteOptions' % obj['kind'])
        elif q:
            for k in ('propagationPolicy',):
                if k in q:
                    obj[k] = q[k]
            if 'gracePeriodSeconds' in q:
                obj['gracePeriodSeconds'] = int(q['gracePeriodSeconds'])
        policy = obj.get('propagationPolicy')
        if policy not in (None, 'Foreground', 'Background', 'Orphan'):
            text = ('Unsupported value: "%s": supported values: "Foreground", '
                    '"Background", "Orphan", "nil"' % policy)
            raise Refused(
                422, 'Invalid', 'DeleteOptions.meta.k8s.io "" is invalid: '
                'propagationPolicy: ' + text, {
                    'group': 'meta.k8s.io', 'kind': 'DeleteOptions',
                    'causes': [{'reason': 'FieldValueNotSupported',
                                'message': text, 'field': 'propagationPolicy'}]})
        return obj

    async def review(self, conn, req, rest):
        """May he who asks, or with a local one somebody, do that?"""
        if req.method != 'POST':
            raise not_allowed()
        kind, depth = REVIEWS[rest[-1]]
        if depth > 1 and not self.server.allowed(
                req.user, 'create', 'authorization.k8s.io', rest[-1], rest[1]):
            raise Refused(403, 'Forbidden', '%s.authorization.k8s.io is forbidden: '
                          'User "%s" cannot create resource "%s" in API group '
                          '"authorization.k8s.io" in the namespace "%s"'
                          % (rest[-1], req.user, rest[-1], rest[1]))
        obj = self.decode(req, kind)
        self.shape({'$ref': '#/definitions/io.k8s.api.authorization.v1.' + kind},
                   obj, kind, 'v1')
        spec = obj.get('spec') or {}
        a = spec.get('resourceAttributes')
        wrong = None
        if not a and not spec.get('nonResourceAttributes'):
            wrong = ('spec.resourceAttributes: Invalid value: null: exactly one of '
                     'nonResourceAttributes or resourceAttributes must be specified')
        elif depth > 1 and not spec.get('user') and not spec.get('groups'):
            wrong = ('spec.user: Invalid value: "": at least one of user or group '
                     'must be specified')
        elif depth > 1 and a.get('namespace') != rest[1]:
            wrong = ('spec.resourceAttributes.namespace: Invalid value: "%s": must '
                     'match metadata.namespace' % a.get('namespace', ''))
        if wrong:
            raise Refused(422, 'Invalid', kind + '.authorization.k8s.io "" is '
                          'invalid: ' + wrong)
        plural = a.get('resource', '')
        if a.get('subresource'):
            plural += '/' + a['subresource']
        ok = self.server.allowed(spec.get('user', req.user), a.get('verb'),
                                 a.get('group', ''), plural, a.get('namespace'))
        obj.update(kind=kind, apiVersion='authorization.k8s.io/v1',
                   metadata={'creationTimestamp': None}, status={'allowed': ok})
        await self.reply(conn, req, 201, obj)


class Watch:
    """One stream of events."""

    def __init__(self, api, conn, req, table, chosen):
        self.api, self.conn, self.req = api, conn, req
        self.table, self.chosen = table, chosen
        self.event = asyncio.Event()
        self.dead = False
        self.cut = None         # 'cut', 'torn' or 'expired', by a fault
        self.marks = req.query.get('allowWatchBookmarks') in ('1', 'true')

    def line(self, kind, obj):
        return self.req.dumps({'type': kind, 'object': obj})

    async def bookmark(self):
        if self.marks and not self.dead:
            k = self.table.kind
            await self.conn.chunk(self.line('BOOKMARK', {
                'kind': k.kind, 'apiVersion': k.api(), 'metadata': {
                    'resourceVersion': str(self.api.store.rv),
                    'creationTimestamp': None}}))

    async def expired(self, rv):
        await self.conn.chunk(self.line('ERROR', status(
            410, 'Expired', 'too old resource version: %d (%d)'
            % (rv, self.table.oldest))))

    async def gone(self):
        """The client says nothing on a watch; so what can be read is its end."""
        await self.conn.reader.read(1)
        self.dead = True
        self.event.set()

    async def run(self, rv):
        watcher = asyncio.ensure_future(self.gone())
        self.table.wake.add(self.event)
        self.api.server.watches.add(self)
        try:
            await self.feed(rv)
        except (ConnectionError, OSError):
            self.dead = True
        finally:
            self.table.wake.discard(self.event)
            self.api.server.watches.discard(self)
            watcher.cancel()
            await asyncio.wait({watcher})

    async def feed(self, rv):
        table = self.table
        if rv == 0:
            for k in sorted(table.objects):
                if k in table.objects and self.chosen(table.objects[k]):
                    await self.conn.chunk(self.line('ADDED', table.objects[k]))
            at = table.base + len(table.history)
        elif rv < table.oldest:
            return await self.expired(rv)
        else:
            at = table.base
            while at < table.base + len(table.history) and \
                    table.history[at - table.base][0] <= rv:
                at += 1
        every = self.api.options.bookmark
        while not self.dead and not self.cut:
            self.event.clear()
            if at < table.base:
                return await self.expired(rv)
            lines = []
            while at < table.base + len(table.history) and len(lines) < 100:
                lines.append(self.entry(table.history[at - table.base]))
                at += 1
            data = b''.join(x for x in lines if x)
            if data:
                await self.conn.chunk(data)
            if at < table.base + len(table.history):
                continue
            try:
                await asyncio.wait_for(self.event.wait(), every)
            except asyncio.TimeoutError:
                await self.bookmark()
        if self.cut == 'expired':
            self.table.oldest = self.api.store.rv
            await self.expired(rv)
        elif self.cut and not self.dead:
            if self.cut == 'torn':
                await self.conn.chunk(b'{"type":"MODIFIED","object":{"kind":')
            self.dead = True
            self.conn.writer.transport.abort()

    def entry(self, e):
        rv, kind, obj, old, line = e
        new = kind != 'DELETED' and self.chosen(obj)
        was = old is not None and self.chosen(old)
        if new and not was:
            kind = 'ADDED'
        elif was and not new:
            kind = 'DELETED'
        elif not new:
            return None
        if kind != e[1] or self.req.pretty:
            return self.line(kind, obj)
        if line is None:
            line = e[4] = self.line(kind, obj)
        return line
