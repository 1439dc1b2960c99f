#!/bin/sh
# nni-platform-rest: who we are, and whom we trust, by a kubeconfig.
. "$(dirname "$0")/lib.sh"

for p in curl jq python3; do
	command -v $p >/dev/null || skip_all "no $p"
done
unset KUBECONFIG KUBERNETES_SERVICE_HOST
lab=${NNI_LAB:-$HOME/.cache/nni-lab}/kubernetes/pki
HOME=$PWD
export HOME

# ---- certificates, where there is openssl ----
if command -v openssl >/dev/null; then
	make_ca() { # NAME
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
			-subj "/CN=$1" -keyout "$1.key" -out "$1.crt" 2>log
	}
	make_cert() { # NAME SUBJECT EXTENSION
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$2" -keyout "$1.key" -out "$1.csr" 2>>log
		printf '%s\n' "$3" >"$1.ext"
		openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.crt" 2>>log
	}
	make_ca ca && make_ca other &&
		make_cert server /CN=server subjectAltName=IP:127.0.0.1,DNS:inside.example &&
		make_cert joe /O=lab/CN=joe extendedKeyUsage=clientAuth || diag "$(cat log)"
fi

# ---- a server that says who asks; it takes the tokens in the file `allowed` ----
cat >server.py <<'P'
import http.server, json, os, ssl, sys
from urllib.parse import parse_qsl, urlsplit

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args):
        pass
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = json.loads(text) if self.headers["Content-Type"] == "application/json" else dict(parse_qsl(text))
        azure = self.path == "/t/oauth2/v2.0/token"
        password = fields.pop("client_secret" if azure else "password")
        assert not azure or fields == {"grant_type": "client_credentials", "client_id": "c", "scope": "https://r.example/.default"}
        if password == open("pw").read().rstrip("\n") and "wrong" not in password:
            with open("logins", "a") as f:
                f.write(json.dumps(fields) + "\n")
            with open("allowed", "w") as f:
                f.write("Bearer Xs3cret-login\nBearer t2")
            self.say(200, {"access_token": "Xs3cret-login", "expires_in": 3600} if azure else {"a": {"token": "Xs3cret-login"}})
        elif azure:
            self.say(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."})
        else:
            self.say(401, {"code": "x", "message": "joe has not " + password})
    def do_GET(self):
        peer = self.connection.getpeercert() if hasattr(self.connection, "getpeercert") else None
        who = self.headers.get("Authorization", "")
        if self.path == "/revoke":
            with open("allowed", "w") as f:
                f.write("Bearer t2\nBearer Xs3cret-t2")
            with open("current", "w") as f:
                f.write("t2")
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        if path == "/msi" and query == {"api-version": "2017-09-01", "resource": "https://r.example", "clientid": "m"} \
                and self.headers["secret"] == "Xs3cret-msi":
            self.say(200, {"access_token": "Xs3cret-login", "expires_on": "4102444800"})
            return
        if path == "/forget":
            # Once: who logs in again may go on.
            if not os.path.exists("forgotten"):
                open("forgotten", "w").close()
                os.unlink("allowed")
                open("allowed", "w").close()
            else:
                os.unlink("forgotten")
        asked = query.get("email") == "joe@h" and query.get("password") == open("pw").read().rstrip("\n")
        code = 200 if who in open("allowed").read().split("\n") or peer or asked else 401
        self.say(code, {"host": self.headers["Host"], "as": self.headers.get_all("Impersonate-Group"), "path": path,
                        "cert": dict(x[0] for x in peer["subject"])["commonName"] if peer else None})
    def say(self, code, what):
        body = json.dumps(what).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("server.crt", "server.key")
    context.load_verify_locations("ca.crt")
    context.verify_mode = ssl.CERT_OPTIONAL
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
P
echo 'Bearer t1' >allowed
echo t1 >current
python3 server.py plain &
stop_at_end "kill $!"
if [ -s joe.crt ]; then
	python3 server.py secure tls &
	stop_at_end "kill $!"
	wait_for test -s secure
fi
wait_for test -s plain
url=http://127.0.0.1:$(cat plain)

# ---- a platform that asks for paths ----
mkdir -p p/asks e/platforms e/trials e/log
NNI_PLATFORM_PATH=$PWD/p:$NNI_BIN
export NNI_PLATFORM_PATH
cat >p/asks/asks.jq <<'J'
def step($state; $event):
  if $event.type == "start" then
    {state: (.member.ask | length), servers: {main: ({kind: "kubeconfig"} + .member.server)}}
  elif $event.type == "open" and .verb == "clean" then {state: 0, exit: 0}
  elif $event.type == "open" then
    {state: $state, records: [{type: "open", what: $event}],
     requests: [.member.ask | to_entries[] | {id: "\(.key)", path: .value, tries: 1} | select(.path != "/later")],
     wait_ms: (if .member.ask | index("/later") then 1000 else null end)}
  elif $event.type == "timer" then {state: $state, requests: [{id: "later", path: "/later"}]}
  elif $event.type == "reply" then
    {state: ($state - 1), records: [{type: "said", what: ($event | del(.headers))}]} + if $state == 1 then {exit: 0} else {} end
  else {state: $state} end;
J
echo '{"protocol":1,"verbs":["check","submit","watch","collect","clean"],"needs_code":"none"}' >p/asks/capabilities.json
ask() { # SERVER PATH...: ./said has what it said, ./err its stderr
	server=$1
	shift
	jq -nc --argjson server "$server" '{trialConcurrency: 1, trainingService: [{platform: "asks", member: "m", trialCommand: "true",
		server: $server, ask: $ARGS.positional}]}' --args "$@" >e/config.json
	nni-platform-rest check --dir e --member m >said 2>err </dev/null
}
statuses() { jq -r 'select(.type == "said") | .what | "\(.body.path // .message) \(.status)"' said | sort | tr '\n' ' '; }
kubeconfig() { # CLUSTER USER [FILE]
	printf 'current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u, namespace: n}}]\nclusters: [{name: k, cluster: {%s}}]\nusers:\n- name: u\n  user: {%s}\n' \
		"$1" "$2" >"${3:-kc}"
}

# ---- a plugin for credentials ----
mkdir bin
cat >bin/plugin <<P
#!/bin/sh
echo "\$KUBERNETES_EXEC_INFO" >>"$PWD/runs"
[ "\$COLOUR" = red ] || exit 9
printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}\n' "\$(cat "$PWD/current")"
P
chmod +x bin/plugin
exec='apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: ./bin/plugin'
kubeconfig "server: '$url'" "exec: {$exec, env: [{name: COLOUR, value: red}], provideClusterInfo: true}"
ask '{"kubeconfig": "'"$PWD"'/kc"}' /a /revoke /b
is $? 0 'a plugin gives a token'
is "$(statuses)" '/a 200 /b 200 /revoke 200 ' 'when it was refused, the plugin is asked anew'
ok "$([ "$(wc -l <runs)" -ge 2 ] && [ "$(wc -l <runs)" -le 3 ]; echo $?)" 'once'
is "$(jq -r .spec.cluster.server runs | sort -u)" "$url" 'it was told which server is meant'
is "$(jq -r 'select(.type == "open") | .what.namespace' said)" n 'the namespace of the context is known'

kubeconfig "server: '$url'" "exec: {$exec, installHint: ask joe}"
ask '{"kubeconfig": "'"$PWD"'/kc"}' /a
is $? 5 'a plugin that fails: 5'
like "$(cat said err)" "*kc:6:*user 'u'*plugin*exit code 9*" 'where it stands, and what it did'
kubeconfig "server: '$url'" "exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, installHint: ask joe}"
ask '{"kubeconfig": "'"$PWD"'/kc"}' /a
like "$(cat said err)" "*cannot run 'no-such-plugin'*ask joe*" 'one that is not there, and where to get it'

# ---- files ----
mkdir .kube
echo t2 >token
kubeconfig "server: '$url'" "tokenFile: ../token" .kube/config
ask '{}' /a
is "$(statuses)" '/a 200 ' '~/.kube/config, with a token in a file beside it'
kubeconfig "server: '$url'" "token: wrong-s3cret" first
printf "users: [{name: u, user: {token: t2, as: joe, as-groups: [a, b]}}]\n" >over
KUBECONFIG=$PWD/none:$PWD/over:$PWD/first ask '{}' /a
is "$(jq -c 'select(.type == "said") | .what.body.as' said)" '["a","b"]' 'the first file of KUBECONFIG that has a user counts'
KUBECONFIG=$PWD/first ask '{}' /a
is "$(statuses)" '/a 401 ' 'a token that is refused'
is "$(cat said err | grep -c s3cret)" 0 'is not shown'
kubeconfig "server: '$url'" "token: [s3cret]"
ask '{"kubeconfig": "'"$PWD"'/kc"}' /a
is $? 3 'a file that is wrong: 3'
like "$(cat said err)" "*/kc:6:17: 'token' must be a text*" 'and where'
rm -r .kube
ask '{}' /a
is $? 3 'nothing at all: 3'
like "$(cat said err)" "*'$PWD/.kube/config' is not there*set KUBECONFIG*" 'and what to do'
mkdir account
cp token account/token
echo inside >account/namespace

# ---- tokens of a server that is told by its URL ----
for program in curl jq; do
	cat >bin/$program <<P
#!/bin/sh
{ echo "\$@"; env; } >>"$PWD/seen"
exec $program "\$@"
P
done
cat >bin/pass <<P
#!/bin/sh
{ echo "\$#"; env; } >>"$PWD/seen"
echo "\$1" >>"$PWD/passes"
[ "\$1" = "show it" ] || { echo "no such word" >&2; exit 4; }
printf 'Xs3cret-%s\nuser: joe\n' "\$(cat "$PWD/current")"
P
chmod +x bin/*
# Two may be refused before either was made anew.
twice() { [ "$(wc -l <"$1")" -ge 2 ] && [ "$(wc -l <"$1")" -le 3 ]; }
bearer() { # MEMBERS PATH...
	members=$1
	shift
	NNI_CURL=$PWD/bin/curl NNI_JQ=$PWD/bin/jq ask '{"kind": "bearer", "url": "'"$url"'", '"$members}" "$@"
}
printf 'Bearer %s\n' Xs3cret-t1 >allowed
echo t1 >current
bearer '"tokenCommand": "'"$PWD"'/bin/pass '"'show it'"'"' /a /revoke /b
is "$? $(statuses)" '0 /a 200 /b 200 /revoke 200 ' 'a token that a command prints'
ok "$(twice passes; echo $?)" 'which is asked once, and again after a refusal'
is "$(sort -u passes)" 'show it' 'by its words'
printf 'Bearer %s\n' Xs3cret-environment t2 >allowed
NNI_OF_TEST=Xs3cret-environment bearer '"token": null, "tokenEnv": "NNI_OF_TEST"' /b
is "$(statuses)" '/b 200 ' 'a variable'
ok "$(! grep -v '^NNI_OF_TEST' seen | grep -q s3cret; echo $?)" 'no program sees one as an argument or a variable'
bearer '"tokenEnv": "NNI_OF_TEST"' /b
is "$?" 3 'a variable that is not set: 3'
like "$(cat said err)" "*'tokenFile'*set NNI_OF_TEST*" 'and what to do'
bearer '"tokenCommand": "'"$PWD"'/bin/pass hush"' /b
is $? 5 'a command that fails: 5'
like "$(cat said err)" "*no token that *bin/pass' prints: exit code 4: no such word*" 'what it said'
is "$(cat said err | grep -c hush)" 0 'not what it was asked'
bearer '"tokenCommand": "'"$PWD"'/bin/pass '"'hush"'"' /b
like "$(cat said err)" '*a quote in the tokenCommand has no end*' 'a command that is wrong'
bearer '"tokenFile": "x", "token": "hush"' /b
is "$? $(cat said err | grep -c hush)" '3 0' 'one in two ways is refused'

# ---- a login, and secrets in the query ----
password='Xs3cret p&w=+"'
printf '%s\n' "$password" >pw
printf 'joe@h\n' >email
printf 'Bearer %s\n' t2 >allowed
by() { # KIND MEMBERS PATH...
	members="\"kind\": \"$1\", \"url\": \"$url\", $2"
	shift 2
	NNI_CURL=$PWD/bin/curl NNI_JQ=$PWD/bin/jq ask "{$members}" "$@"
}
login='"path": "/login", "fields": {"username": "joe", "expiration": 3600}, "secrets": {"passwordFile": "'$PWD'/pw"}'
for as in form json; do
	by login "$login, \"token\": [\"a\", \"token\"], \"lasts\": 3600, \"as\": \"$as\"" /a /forget /b
	is "$? $(statuses)" '0 /a 200 /b 200 /forget 200 ' "a login by $as, and once more when its token is refused"
	ok "$(twice logins; echo $?)" 'no more often'
	is "$(jq -c . logins | sort -u)" '{"username":"joe","expiration":"3600"}' 'what was said there'
	rm logins
done
by login "$login, \"token\": [\"a\", \"token\"], \"lasts\": 1" /a /later
is "$(statuses) $(wc -l <logins | tr -d ' ')" '/a 200 /later 200  2' 'a login that ends soon is done anew before'
echo Xs3cret-wrong >pw
by login "$login" /a
is $? 5 'a login that is refused: 5'
like "$(cat said err)" "*the user 'joe' cannot log in at $url/login: it answered 401: joe has not \*\*\**" 'in the words of the server'
like "$(cat said err)" '*whether user name and password are right*' 'and what to do'
printf '%s\n' "$password" >pw
by login "${login%\}*}}, \"token\": [\"b\"]" /a
like "$(cat said err)" '*its answer has no token*' 'a login without a token in its answer'
by query '"secrets": {"emailFile": "'"$PWD"'/email", "passwordCommand": "cat '"$PWD"'/pw"}' /a '/b?x=1'
is "$(statuses)" '/a 200 /b 200 ' 'secrets in the query'
by query '"secrets": {"email": "joe@h", "password": "Xs3cret-wrong"}' /a
is "$(statuses)" '/a 401 ' 'wrong ones'
# ---- Azure ----
unset AZURE_TENANT_ID AZURE_CLIENT_ID AZURE_CLIENT_SECRET IDENTITY_ENDPOINT IDENTITY_HEADER
AZURE_AUTHORITY_HOST=$url MSI_ENDPOINT=$url/msi MSI_SECRET=Xs3cret-msi
export AZURE_AUTHORITY_HOST MSI_ENDPOINT MSI_SECRET
rm logins
principal='"resource": "https://r.example", "tenantId": "t", "clientId": "c", "clientSecretEnv": "NNI_OF_TEST"'
NNI_OF_TEST=$password by azure "$principal" /a /forget /b
is "$? $(statuses)" '0 /a 200 /b 200 /forget 200 ' 'a service principal, and once more when its token is refused'
ok "$(twice logins; echo $?)" 'no more often'
NNI_OF_TEST=Xs3cret-wrong by azure "$principal" /a
is $? 5 'a wrong secret of one: 5'
like "$(cat said err)" "*the service principal of the configuration: it answered 401: AADSTS7000215*whether tenantId, clientId and clientSecret are right*" 'in the words of Azure'
by azure '"resource": "https://r.example", "managedIdentity": "m"' /a
is "$(statuses)" '/a 200 ' 'a managed identity'
MSI_ENDPOINT=$url/nothing by azure "$principal" /a
like "$(cat said err)" '*there is no way to log in: *: not set; *: not set; the Azure CLI (az): *; a managed identity of this machine: it answered 40*type *az login*' \
	'no identity at all, and what to do'
unset MSI_ENDPOINT MSI_SECRET AZURE_AUTHORITY_HOST

rm e/config.json
is "$(grep -vE '^(NNI_OF_TEST|MSI_SECRET)=' seen | cat - said err | grep -c s3cret)" 0 'nobody sees any of it'
is "$(grep -rl s3cret e)" '' 'nothing of it is left'

# ---- a real server ----
if curl -qsk --max-time 10 https://127.0.0.1:16443/readyz >/dev/null && [ -r "$lab/cert.kubeconfig" ]; then
	for how in cert certfile token tokenfile exec exec-v1 limited; do
		ask '{"kubeconfig": "'"$lab/$how.kubeconfig"'"}' /api/v1/namespaces/default/serviceaccounts/default
		printf '%s %s\n' "$how" "$(jq -r 'select(.type == "said") | .what.status' said)"
	done >got
	is "$(tr '\n' ' ' <got)" 'cert 200 certfile 200 token 200 tokenfile 200 exec 200 exec-v1 200 limited 403 ' \
		'a real server is reached in all ways'
else
	skip 'no Kubernetes at 127.0.0.1:16443' 'a real server is reached in all ways'
fi

# ---- TLS ----
if [ ! -s joe.crt ]; then
	skip 'no openssl' 'TLS'
	done_testing
	exit
fi
rm -f e/platforms/key-*
url=https://127.0.0.1:$(cat secure)
data() { base64 <"$1" | tr -d '\n'; }
kubeconfig "server: '$url', certificate-authority-data: $(data ca.crt)" \
	"client-certificate-data: $(data joe.crt), client-key-data: $(data joe.key)"
ask '{"kubeconfig": "'"$PWD"'/kc"}' /a
is "$(jq -r 'select(.type == "said") | .what.body.cert' said)" joe 'a certificate and its key'
is "$(find e/platforms -name 'key-*' -perm 600 | wc -l | tr -d ' ')" 3 'lie in files that nobody else may read'
kubeconfig "server: '$url', certificate-authority: ca.crt, tls-server-name: inside.example" "token: t2"
ask '{"kubeconfig": "'"$PWD"'/kc"}' /a
is "$(jq -r 'select(.type == "said") | .what.body.host' said)" "${url#https://}" 'a server with another name in its certificate'
kubeconfig "server: '$url', certificate-authority: other.crt" "token: t2"
ask '{"kubeconfig": "'"$PWD"'/kc"}' /a
like "$(statuses)" '*ertificate*60* 0 ' 'a certificate of another authority is not trusted, and it is told why'
kubeconfig "server: '$url', insecure-skip-tls-verify: true" "token: t2"
ask '{"kubeconfig": "'"$PWD"'/kc"}' /a
is "$(statuses)" '/a 200 ' 'unless nothing is verified'
like "$(cat err)" '*NOT verified*' 'which is said'
cp ca.crt account/ca.crt
NNI_SERVICE_ACCOUNT=$PWD/account KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=$(cat secure) ask '{}' /a
is "$(jq -c '[.type, .what.namespace, .what.status]' said | tr '\n' ' ')" '["open","inside",null] ["said",null,200] ' 'a service account'

NNI_SERVICE_ACCOUNT=$PWD/account KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=$(cat secure) \
	nni-platform-rest clean --dir e --member m >said 2>err </dev/null
is "$(ls e/platforms)" '' 'clean leaves nothing of it'
done_testing
