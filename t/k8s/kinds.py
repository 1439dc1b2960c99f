"""The kinds of objects that are served, each with its contract."""
import checks
import schema

CORE = 'io.k8s.api.'


# Not in the subset that contracts/ is cut from.
TEXTS = {'type': 'array', 'items': {'type': 'string'}}
HEAD = {'apiVersion': {'type': 'string'}, 'kind': {'type': 'string'}, 'metadata': {
    '$ref': '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'}}
schema.DEFINITIONS[CORE + 'core.v1.ServiceAccount'] = {
    'type': 'object', 'properties': dict(
        HEAD, automountServiceAccountToken={'type': 'boolean'}, secrets={
            'type': 'array', 'items': {'type': 'object'}}, imagePullSecrets={
            'type': 'array', 'items': {'type': 'object', 'properties': {
                'name': {'type': 'string'}}}})}
schema.DEFINITIONS[CORE + 'authorization.v1.LocalSubjectAccessReview'] = {
    'type': 'object', 'required': ['spec'], 'properties': dict(HEAD, spec={
        'type': 'object', 'properties': {
            'user': {'type': 'string'}, 'uid': {'type': 'string'}, 'groups': TEXTS,
            'extra': {'type': 'object', 'additionalProperties': TEXTS},
            'resourceAttributes': {'$ref': '#/definitions/' + CORE +
                                   'authorization.v1.ResourceAttributes'}}})}


class Kind:
    def __init__(self, group, version, plural, kind, contract, check,
                 namespaced=True, verbs=None, custom=False, versions=None):
        self.group, self.version = group, version
        self.plural, self.kind = plural, kind
        self.contract, self.check = contract, check
        self.namespaced = namespaced
        self.custom = custom
        self.generation = custom
        self.versions = versions or [version]
        self.verbs = verbs or ['create', 'delete', 'deletecollection', 'get',
                               'list', 'patch', 'update', 'watch']

    def api(self, version=None):
        version = version or self.version
        return '%s/%s' % (self.group, version) if self.group else version

    def title(self):
        """As the server names it in its messages."""
        return self.kind + ('.' + self.group if self.group else '')

    def resource(self):
        return self.plural + ('.' + self.group if self.group else '')

    def schema(self, version):
        if isinstance(self.contract, dict):
            return schema.crd(self.contract[version])
        return {'$ref': '#/definitions/' + CORE + self.contract}


READ = ['get', 'list', 'watch']


def plain(obj, bad):
    checks.metadata(obj['metadata'], bad)


def served(options):
    kinds = [
        Kind('', 'v1', 'namespaces', 'Namespace', 'core.v1.Namespace', plain,
             namespaced=False),
        Kind('', 'v1', 'pods', 'Pod', 'core.v1.Pod', checks.pod),
        Kind('', 'v1', 'configmaps', 'ConfigMap', 'core.v1.ConfigMap', checks.data),
        Kind('', 'v1', 'secrets', 'Secret', 'core.v1.Secret', checks.data),
        Kind('', 'v1', 'serviceaccounts', 'ServiceAccount',
             'core.v1.ServiceAccount', plain),
        Kind('', 'v1', 'events', 'Event', 'core.v1.Event', plain),
        Kind('', 'v1', 'resourcequotas', 'ResourceQuota', 'core.v1.ResourceQuota',
             plain),
        Kind('', 'v1', 'limitranges', 'LimitRange', 'core.v1.LimitRange', plain),
        Kind('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim',
             'core.v1.PersistentVolumeClaim', plain),
        Kind('', 'v1', 'nodes', 'Node', 'core.v1.Node', plain, namespaced=False,
             verbs=READ),
        Kind('batch', 'v1', 'jobs', 'Job', 'batch.v1.Job', checks.job),
        Kind('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass',
             'storage.v1.StorageClass', plain, namespaced=False, verbs=READ)]
    kinds += operators(options)
    if options.frameworks:
        doc = schema.load('frameworks.json')
        # The server takes any pod; the controller would fail the task (-200).
        task = doc['versions']['v1']['properties']['spec']['properties'][
            'taskRoles']['items']['properties']['task']['properties']
        task['pod'] = {'$ref': '#/definitions/' + CORE + 'core.v1.PodTemplateSpec'}
        kinds.append(Kind(doc['group'], 'v1', 'frameworks', 'Framework',
                          doc['versions'], checks.framework, custom=True))
    return {k.plural: k for k in kinds}


def operators(options):
    """The Kubeflow kinds in the API version that is asked for."""
    out = []
    v = options.kubeflow
    if v == 'v1':
        for plural in ('tfjobs', 'pytorchjobs', 'mpijobs'):
            doc = schema.load(plural + '.json')
            out.append(Kind(doc['group'], 'v1', plural, doc['names']['kind'],
                            doc['versions'], checks.replicas, custom=True))
    elif v != 'none':
        old = schema.load('kubeflow-legacy.json')
        doc = next((d for d in old.values() if d['names']['kind'] == 'TFJob' and
                    v in d['versions']), old['tf-operator-v0.5.3'])
        contract = dict(doc['versions'])
        contract[v] = next(iter(doc['versions'].values()))
        out.append(Kind('kubeflow.org', v, 'tfjobs', 'TFJob', contract,
                        checks.replicas, custom=True))
        doc = old['pytorch-operator']
        out.append(Kind('kubeflow.org', v, 'pytorchjobs', 'PyTorchJob',
                        {v: doc['versions']['v1']}, checks.replicas, custom=True))
    return out
