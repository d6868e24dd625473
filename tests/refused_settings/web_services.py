"""Web services that can't be, each with the report that it has to get.

They stand below `webtier:services.user-v1`, which has an image.
"""

from tests.refused_settings.case import Refused

_PORT_NAMES = "allowed: 1 to 15 of a-z, 0-9 and single '-' between them, at least one of them a letter, such as 'http'"
_OWN_LABELS = (
    "webtier, Kubernetes and Pulumi set this one themselves, and selectors depend on it; allowed: a key of your"
)
_HTTP = "http: {port: 80, target_port: 8080}"

REFUSED_WEB_SERVICES = (
    # Ports.
    Refused(
        "no port at all", "{ports: {}}", "ports", "an object with no keys", "allowed: at least one port by its name"
    ),
    Refused("port 0", "{ports: {http: {port: 0}}}", "ports.http.port", "0", "allowed: a whole number from 1 to 65535"),
    Refused(
        "a target above all ports",
        "{ports: {http: {port: 80, target_port: 70000}}}",
        "ports.http.target_port",
        "70000",
        "allowed: a whole number from 1 to 65535, a port's name, or null for the same as port",
    ),
    Refused(
        "a long port name",
        "{ports: {a-port-of-16-chr: {port: 80, target_port: 8080}}}",
        "ports.a-port-of-16-chr",
        '"a-port-of-16-chr"',
        _PORT_NAMES,
    ),
    Refused(
        "a port name of digits alone",
        "{ports: {'8080': {port: 80, target_port: 8080}}}",
        'ports["8080"]',
        '"8080"',
        _PORT_NAMES,
    ),
    Refused(
        "two ports of one number",
        f"{{ports: {{{_HTTP}, web: {{port: 80, target_port: 9090}}}}}}",
        "ports.web.port",
        "80",
        "ports.http has this number for TCP already; allowed: each number once for a protocol",
    ),
    Refused(
        "a target that no container has",
        "{ports: {http: {port: 80, target_port: web}}}",
        "ports.http.target_port",
        '"web"',
        "no container has a port of this name; allowed: a number, or one of ",
    ),
    Refused(
        "a port that only root may have",
        "{ports: {http: {port: 80}}}",
        "ports.http.port",
        "80",
        "no container may listen below 1024; allowed: a number from 1024 to 65535, or a lower "
        "security.unprivileged_ports_from",
    ),
    Refused(
        "an unknown protocol",
        "{ports: {http: {port: 8080, protocol: HTTP}}}",
        "ports.http.protocol",
        '"HTTP"',
        "allowed: one of 'TCP', 'UDP', 'SCTP'",
    ),
    # How it is reached.
    Refused(
        "a NodePort of a headless service",
        "{exposure: {kind: headless}, ports: {http: {port: 8080, node_port: 30080}}}",
        "ports.http.node_port",
        "30080",
        "the kind 'headless' has no address to open it for; allowed: null, or the kind 'node_port' or 'load_balancer'",
    ),
    Refused(
        "a NodePort of an inner service",
        "{ports: {http: {port: 8080, node_port: 30080}}}",
        "ports.http.node_port",
        "30080",
        "the kind 'cluster_ip' opens none; allowed: null, or the kind 'node_port' or 'load_balancer'",
    ),
    Refused(
        "a NodePort out of range",
        "{exposure: {kind: node_port}, ports: {http: {port: 8080, node_port: 8080}}}",
        "ports.http.node_port",
        "8080",
        "allowed: a whole number from 30000 to 32767, or null",
    ),
    Refused(
        "an unknown exposure",
        "{exposure: {kind: nodeport}}",
        "exposure.kind",
        '"nodeport"',
        "did you mean 'node_port'? allowed: one of 'cluster_ip', 'headless', 'load_balancer', 'node_port'",
    ),
    Refused(
        "an exposure that leads elsewhere",
        "{exposure: {kind: external_name}}",
        "exposure.kind",
        '"external_name"',
        "allowed: one of 'cluster_ip', 'headless', 'load_balancer', 'node_port'",
    ),
    Refused(
        "source ranges of a NodePort",
        "{exposure: {kind: node_port, source_ranges: [10.0.0.0/8]}}",
        "exposure.source_ranges",
        None,
        "unknown key; ",
    ),
    Refused(
        "a source range with host bits",
        "{exposure: {kind: load_balancer, source_ranges: [10.0.0.1/8]}}",
        "exposure.source_ranges[0]",
        '"10.0.0.1/8"',
        "did you mean '10.0.0.0/8'? allowed: addresses as a CIDR without host bits",
    ),
    Refused(
        "an affinity of more than a day",
        "{exposure: {kind: cluster_ip, client_ip_affinity_seconds: 86401}}",
        "exposure.client_ip_affinity_seconds",
        "86401",
        "allowed: a whole number from 1 to 86400, or null",
    ),
    # Pods.
    Refused(
        "replicas under autoscaling",
        "{replicas: 3, autoscaling: {max: 5}}",
        "replicas",
        "3",
        "autoscaling is set too, and would change it back and forth with every deployment; allowed: one of the two",
    ),
    Refused(
        "fewer pods at the most than at the least",
        "{autoscaling: {min: 5, max: 3}}",
        "autoscaling.max",
        "3",
        "less than min, 5; allowed: at least as many",
    ),
    Refused(
        "autoscaling by nothing",
        "{autoscaling: {max: 5, cpu_percent: null}}",
        "autoscaling.cpu_percent",
        "null",
        "memory_percent is null too, so that nothing would say how many pods are needed; allowed: at least one",
    ),
    Refused(
        "autoscaling by a part of nothing",
        "{autoscaling: {max: 5}, resources: {requests: {cpu: null}}}",
        "resources.requests.cpu",
        "null",
        "autoscaling.cpu_percent is a part of it; allowed: a request in every container",
    ),
    Refused(
        "autoscaling with a sidecar that requests nothing",
        "{autoscaling: {max: 5}, sidecars: {log: {image: 'a:1', resources: {requests: {cpu: null}}}}}",
        "sidecars.log.resources.requests.cpu",
        "null",
        "autoscaling.cpu_percent is a part of it",
    ),
    Refused(
        "a budget that keeps every pod",
        "{replicas: 3, budget: {min_available: 3}}",
        "budget.min_available",
        "3",
        "the minimum is 3 pods, of which none could ever be evicted, and no node drained; allowed: fewer",
    ),
    Refused(
        "a budget that keeps every pod after rounding",
        "{replicas: 3, budget: {min_available: 67%}}",
        "budget.min_available",
        '"67%"',
        "the minimum is 3 pods, of which none could ever be evicted",
    ),
    Refused(
        "a budget that keeps all that autoscaling promises",
        "{autoscaling: {min: 2, max: 9}, budget: {min_available: 2}}",
        "budget.min_available",
        "2",
        "the minimum is 2 pods",
    ),
    Refused(
        "a budget that lets no pod go",
        "{budget: {max_unavailable: 0}}",
        "budget.max_unavailable",
        "0",
        "no pod could ever be evicted, and no node drained; allowed: at least 1, or 1%",
    ),
    Refused(
        "two budgets",
        "{budget: {max_unavailable: 1, min_available: 1}}",
        "budget.max_unavailable",
        "1",
        "Kubernetes takes one of max_unavailable and min_available; allowed: exactly one of the two",
    ),
    Refused(
        "more than all pods",
        "{budget: {max_unavailable: 101%}}",
        "budget.max_unavailable",
        '"101%"',
        "allowed: a whole number from 0 to 1000, or text from '0%' to '100%'",
    ),
    Refused(
        "a rollout that can't begin",
        "{rollout: {max_surge: 0, max_unavailable: 0%}}",
        "rollout.max_surge",
        "0",
        "max_unavailable is 0 too, so that no pod could ever be replaced; allowed: at least 1 for one of them",
    ),
    Refused(
        "a deadline before a pod can count",
        "{rollout: {min_ready_seconds: 60, progress_deadline_seconds: 60}}",
        "rollout.progress_deadline_seconds",
        "60",
        "min_ready_seconds is 60, so that every rollout would be called stuck; allowed: more than that",
    ),
    # Probes.
    Refused(
        "a probe of a port that is not there",
        "{probes: {liveness: {check: {kind: tcp, port: admin}}}}",
        "probes.liveness.check.port",
        '"admin"',
        "allowed: a port for TCP that the service answers itself: http",
    ),
    Refused(
        "a probe over HTTP of a port for UDP",
        "{ports: {dns: {port: 5353, protocol: UDP}}}",
        "probes.check.kind",
        '"http"',
        "the service has no TCP port that could be asked; allowed: a check of the kind 'exec'",
    ),
    Refused(
        "a probe without a command",
        "{probes: {check: {kind: exec, command: []}}}",
        "probes.check.command",
        "[]",
        "allowed: a list with at least one entry",
    ),
    Refused(
        "a probe of an unknown kind",
        "{probes: {check: {kind: https}}}",
        "probes.check.kind",
        '"https"',
        "did you mean 'http'? allowed: one of 'exec', 'grpc', 'http', 'tcp'",
    ),
    # Containers and what they find.
    Refused(
        "a variable twice",
        "{env: {A: x}, secret_env: {A: {secret: s, key: k}}}",
        "secret_env.A",
        '"A"',
        "env has this variable too; allowed: each variable once",
    ),
    Refused(
        "a sidecar that is called as the service's own container",
        "{sidecars: {web: {image: 'a:1'}}}",
        "sidecars.web",
        '"web"',
        "the service's own container is called so; allowed: another name",
    ),
    Refused(
        "two containers of one name",
        "{init_containers: [{name: log, image: 'a:1'}], sidecars: {log: {image: 'a:1'}}}",
        "init_containers[0].name",
        '"log"',
        "sidecars.log container is called so; allowed: another name",
    ),
    Refused(
        "two containers on one port",
        "{sidecars: {proxy: {image: 'a:1', ports: {proxy: 8080}}}}",
        "sidecars.proxy.ports.proxy",
        "8080",
        "the container 'web' listens on it too, and they share an address; allowed: another number",
    ),
    Refused(
        "a port name in two containers",
        "{sidecars: {proxy: {image: 'a:1', ports: {http: 8081}}}}",
        "sidecars.proxy.ports.http",
        "8081",
        "the container 'web' has a port of this name too; allowed: another name",
    ),
    Refused(
        "a path twice",
        "{files: {/etc/a: x}, secret_files: {/etc/a: s}}",
        'secret_files["/etc/a"]',
        '"/etc/a"',
        "it stands in files already; allowed: each path once",
    ),
    Refused(
        "a file in a folder that can't be written to",
        "{files: {/etc/tls/a: x}, secret_files: {/etc/tls: s}}",
        'secret_files["/etc/tls"]',
        '"/etc/tls"',
        "it is read-only, and '/etc/tls/a' would have to be in it; allowed: a path of its own",
    ),
    Refused(
        "files that no ConfigMap holds",
        f"{{files: {{/etc/a: {'x' * 1024 * 1024}}}}}",
        "files",
        "an object with /etc/a",
        "allowed: 1048576, as much as a ConfigMap holds",
    ),
    # Labels, accounts, nodes.
    Refused("a label of webtier's", "{labels: {app: x}}", "labels.app", '"app"', _OWN_LABELS),
    Refused(
        "a recommended label",
        "{labels: {app.kubernetes.io/name: x}}",
        'labels["app.kubernetes.io/name"]',
        '"app.kubernetes.io/name"',
        _OWN_LABELS,
    ),
    Refused(
        "a label's value with a blank",
        "{labels: {team: blue team}}",
        "labels.team",
        '"blue team"',
        "allowed: at most 63 of A-Z, a-z, 0-9, '-', '_' and '.', beginning and ending with a letter or digit",
    ),
    Refused(
        "annotations for someone else's account",
        "{service_account: {name: shop, annotations: {a.example/role: x}}}",
        "service_account.annotations",
        "an object with a.example/role",
        "the account that `name` names is not made here; allowed: annotations without a name",
    ),
    Refused(
        "a toleration of any value and of one",
        "{scheduling: {tolerations: [{key: gpu, operator: Exists, value: a}]}}",
        "scheduling.tolerations[0].value",
        '"a"',
        "the operator is Exists, for which every value is right; allowed: no value",
    ),
    Refused(
        "a toleration that ends without an eviction",
        "{scheduling: {tolerations: [{key: gpu, effect: NoSchedule, toleration_seconds: 5}]}}",
        "scheduling.tolerations[0].toleration_seconds",
        "5",
        "only the effect NoExecute takes pods away; allowed: null, or the effect NoExecute",
    ),
    Refused(
        "root",
        "{security: {run_as_user: 0}}",
        "security.run_as_user",
        "0",
        "allowed: a whole number from 1 to 2147483647",
    ),
    # Texts that Kubernetes does not take.
    Refused("replicas as text", "{replicas: '3'}", "replicas", '"3"', "allowed: a whole number from 0 to 1000"),
    Refused("an image without a tag", "{image: nginx}", "image", '"nginx"', "allowed: an image with its tag or digest"),
    Refused(
        "a relative path", "{files: {etc/a: x}}", 'files["etc/a"]', '"etc/a"', "allowed: an absolute path without '..'"
    ),
    Refused(
        "a path that leaves its folder",
        "{files: {/etc/../passwd: x}}",
        'files["/etc/../passwd"]',
        '"/etc/../passwd"',
        "allowed: an absolute path without '..'",
    ),
    Refused(
        "a variable that begins with a digit",
        "{env: {1ST: x}}",
        'env["1ST"]',
        '"1ST"',
        "allowed: letters, digits and '_', not beginning with a digit",
    ),
    Refused(
        "memory in thousandths of a byte",
        "{resources: {requests: {memory: 128m}}}",
        "resources.requests.memory",
        '"128m"',
        "allowed: text such as '64Mi', '2Gi' or '500M'",
    ),
    Refused(
        "a request above its limit",
        "{resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}}",
        "resources.requests.memory",
        '"2Gi"',
        "more than limits.memory, 1Gi; allowed: a request of at most its limit",
    ),
)
