//! The values of the chart, each with its effect.

/// Each of which has the values of [`OF_ROLES`].
pub(super) const ROLES: [&str; 6] = ["controller", "ingest", "receiver", "sales", "relay", "dlq"];

/// Values, and what only the objects rendered with the last of them have: those before it are
/// its conditions. They are separated by spaces; `SHOP` are those of the roles that are off by
/// default.
pub(super) const EFFECTS: &[(&str, &str)] = &[
    ("image.repository=r.example/restock", "r.example/restock:"),
    ("image.tag=v9", "restock-operator:v9"),
    ("image.digest=sha256:00", "restock-operator@sha256:00"),
    ("image.pullPolicy=Always", "imagePullPolicy\":\"Always"),
    (
        "imagePullSecrets=[{\"name\":\"pull\"}]",
        "\"imagePullSecrets\":[{\"name\":\"pull\"}]",
    ),
    ("fullnameOverride=other", "\"name\":\"other-controller\""),
    ("commonLabels.team=donuts", "\"team\":\"donuts\""),
    ("requestsNamespace=orders", "\"value\":\"orders\""),
    (
        "aws.region=us-east-2",
        "\"AWS_REGION\",\"value\":\"us-east-2\"",
    ),
    ("aws.endpointUrl=http://aws", "AWS_ENDPOINT_URL"),
    ("database.secretName=ledger", "\"secretName\":\"ledger\""),
    ("database.key=dsn", "/etc/restock/database/dsn"),
    (
        "database.secretName= database.secretsManagerId=shop/ledger",
        "\"value\":\"shop/ledger\"",
    ),
    (
        "database.secretName= database.secretsManagerId=shop/ledger database.address=mysql://db/n",
        "mysql://db/n",
    ),
    ("database.caConfigMap=rds-ca", "/etc/restock/database-ca"),
    ("migrate.secretName=owner", "\"secretName\":\"owner\""),
    ("migrate.key=dsn", "/etc/restock/database/dsn"),
    (
        "migrate.secretName= migrate.secretsManagerId=shop/owner",
        "\"value\":\"shop/owner\"",
    ),
    (
        "migrate.serviceAccountName=migrator",
        "\"serviceAccountName\":\"migrator\"",
    ),
    (
        "callback.url=https://other.example/in",
        "https://other.example/in",
    ),
    (
        "callback.keysSecretName=signing",
        "\"secretName\":\"signing\"",
    ),
    ("callback.keysKey=k", "/etc/restock/callback/k\""),
    (
        "notices.topicArn=arn:aws:sns:r:1:night",
        "arn:aws:sns:r:1:night",
    ),
    (
        "notices.email.to=[\"d@e.f\"] notices.email.from=a@b.c",
        "\"value\":\"a@b.c\"",
    ),
    (
        "notices.email.from=a@b.c notices.email.to=[\"d@e.f\",\"g@h.i\"]",
        "d@e.f,g@h.i",
    ),
    ("stockTopicArn=arn:t", "RESTOCK_TOPIC_ARN"),
    ("mapping=product:body", "RESTOCK_MAPPING_FILE"),
    ("factories.north.url=https://north.example", "north.example"),
    (
        "factoryAllow=[\"10.0.0.0/8\"]",
        "10.0.0.0/8,factory.example.com",
    ),
    (
        "factoryHeaderSecrets=[\"auth\"]",
        "/etc/restock/headers/auth",
    ),
    ("logFilter=debug", "\"value\":\"debug\""),
    (
        "otlpEndpoint=http://collector",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ),
    (
        "controller.namespaces=[\"restock\",\"north\"]",
        "\"value\":\"restock,north\"",
    ),
    (
        "controller.clusterWide=true",
        "\"RESTOCK_NAMESPACE\",\"value\":\"*\"",
    ),
    (
        "ingest.queueUrl=https://sqs.example/other",
        "\"value\":\"https://sqs.example/other\"",
    ),
    ("ingest.autoscaling.enabled=true", "HorizontalPodAutoscaler"),
    (
        "ingest.autoscaling.enabled=true ingest.autoscaling.minReplicas=3",
        "\"minReplicas\":3",
    ),
    (
        "ingest.autoscaling.enabled=true ingest.autoscaling.maxReplicas=9",
        "\"maxReplicas\":9",
    ),
    (
        "ingest.autoscaling.enabled=true ingest.autoscaling.targetCpu=61",
        "\"averageUtilization\":61",
    ),
    ("ingest.keda.enabled=true", "ScaledObject"),
    (
        "ingest.keda.enabled=true ingest.keda.minReplicas=0",
        "\"minReplicaCount\":0",
    ),
    (
        "ingest.keda.enabled=true ingest.keda.maxReplicas=9",
        "\"maxReplicaCount\":9",
    ),
    (
        "ingest.keda.enabled=true ingest.keda.queueLength=70",
        "\"queueLength\":\"70\"",
    ),
    (
        "receiver.inboxUrl=https://sqs.example/drawer",
        "\"value\":\"https://sqs.example/drawer\"",
    ),
    ("receiver.service.type=NodePort", "\"type\":\"NodePort\""),
    ("receiver.service.port=8000", "\"port\":8000"),
    (
        "receiver.service.annotations={\"a\":\"lb\"}",
        "\"a\":\"lb\"",
    ),
    ("receiver.ingress.enabled=true", "\"path\":\"/in\""),
    (
        "receiver.ingress.enabled=true receiver.ingress.className=alb",
        "\"ingressClassName\":\"alb\"",
    ),
    (
        "receiver.ingress.enabled=true receiver.ingress.annotations={\"a\":\"alb\"}",
        "\"a\":\"alb\"",
    ),
    (
        "receiver.ingress.enabled=true receiver.ingress.host=in.example.com",
        "\"host\":\"in.example.com\"",
    ),
    (
        "receiver.ingress.enabled=true receiver.ingress.tlsSecretName=tls",
        "\"secretName\":\"tls\"",
    ),
    (
        "sales.enabled=true",
        "\"app.kubernetes.io/component\":\"sales\"",
    ),
    (
        "SHOP sales.databaseSecretName=till",
        "\"secretName\":\"till\"",
    ),
    (
        "SHOP sales.databaseSecretName= sales.databaseSecretsManagerId=shop/sales",
        "\"value\":\"shop/sales\"",
    ),
    ("SHOP sales.service.type=NodePort", "\"type\":\"NodePort\""),
    ("SHOP sales.service.port=8000", "\"port\":8000"),
    (
        "SHOP sales.service.annotations={\"a\":\"lb\"}",
        "\"a\":\"lb\"",
    ),
    (
        "SHOP sales.ingress.host=shop.example.com sales.ingress.enabled=true",
        "\"kind\":\"Ingress\"",
    ),
    (
        "SHOP sales.ingress.host=a.example sales.ingress.enabled=true sales.ingress.host=b.example",
        "\"host\":\"b.example\"",
    ),
    (
        "SHOP sales.ingress.host=a.example sales.ingress.enabled=true sales.ingress.className=alb",
        "\"ingressClassName\":\"alb\"",
    ),
    (
        "SHOP sales.ingress.host=a.example sales.ingress.enabled=true sales.ingress.annotations={\"a\":\"alb\"}",
        "\"a\":\"alb\"",
    ),
    (
        "SHOP sales.ingress.host=a.example sales.ingress.enabled=true sales.ingress.tlsSecretName=tls",
        "\"secretName\":\"tls\"",
    ),
    (
        "SHOP sales.autoscaling.enabled=true",
        "HorizontalPodAutoscaler",
    ),
    (
        "SHOP sales.autoscaling.enabled=true sales.autoscaling.minReplicas=3",
        "\"minReplicas\":3",
    ),
    (
        "SHOP sales.autoscaling.enabled=true sales.autoscaling.maxReplicas=9",
        "\"maxReplicas\":9",
    ),
    (
        "SHOP sales.autoscaling.enabled=true sales.autoscaling.targetCpu=61",
        "\"averageUtilization\":61",
    ),
    (
        "stockTopicArn=arn:t relay.enabled=true",
        "\"app.kubernetes.io/component\":\"relay\"",
    ),
    (
        "SHOP relay.databaseSecretName=outbox",
        "\"secretName\":\"outbox\"",
    ),
    (
        "SHOP relay.databaseSecretName= relay.databaseSecretsManagerId=shop/relay",
        "\"value\":\"shop/relay\"",
    ),
    (
        "dlq.queueUrl=https://sqs.example/grave",
        "\"value\":\"https://sqs.example/grave\"",
    ),
    ("priorityClassName=high", "\"priorityClassName\":\"high\""),
    ("nodeSelector={\"disk\":\"ssd\"}", "\"disk\":\"ssd\""),
    (
        "tolerations=[{\"key\":\"spot\"}]",
        "\"tolerations\":[{\"key\":\"spot\"}]",
    ),
    ("networkPolicy.enabled=true", "169.254.169.254/32"),
    (
        "networkPolicy.enabled=true networkPolicy.databaseCidrs=[\"10.1.0.0/16\"]",
        "10.1.0.0/16",
    ),
    (
        "networkPolicy.enabled=true networkPolicy.databasePort=3307",
        "\"port\":3307",
    ),
    (
        "networkPolicy.enabled=true networkPolicy.callbackCidrs=[\"10.2.0.0/16\"]",
        "10.2.0.0/16",
    ),
    (
        "SHOP networkPolicy.enabled=true networkPolicy.shopCidrs=[\"10.3.0.0/16\"]",
        "10.3.0.0/16",
    ),
    (
        "networkPolicy.enabled=true networkPolicy.readCidrs=[\"10.4.0.0/28\"]",
        "10.4.0.0/28",
    ),
    (
        "networkPolicy.enabled=true networkPolicy.factoryPorts=[9443]",
        "\"port\":9443",
    ),
    (
        "networkPolicy.enabled=true networkPolicy.extraEgress=[{\"ports\":[{\"port\":4318}]}]",
        "\"port\":4318",
    ),
    ("monitoring.podMonitor=true", "\"kind\":\"PodMonitor\""),
    (
        "monitoring.podMonitor=true monitoring.labels={\"a\":\"prometheus\"}",
        "\"a\":\"prometheus\"",
    ),
    (
        "tests.order=true",
        "http://shop-restock-operator-order-test.restock.svc/api/manufactures",
    ),
    (
        "tests.order=true tests.settings={\"RESTOCK_ORDER_TEST_STEP_SECONDS\":90}",
        "\"activeDeadlineSeconds\":480",
    ),
    (
        "tests.order=true tests.serviceAccount.name=tester",
        "\"serviceAccountName\":\"tester\"",
    ),
    (
        "tests.order=true tests.serviceAccount.annotations={\"a\":\"irsa\"}",
        "\"a\":\"irsa\"",
    ),
    (
        "requestsMax=5",
        "\"count/restockrequests.restock.dev\":\"5\"",
    ),
];

/// The same of each role.
pub(super) const OF_ROLES: &[(&str, &str)] = &[
    ("SHOP ROLE.replicas=7", "\"replicas\":7"),
    (
        "SHOP ROLE.settings.RESTOCK_EXTRA=of-ROLE",
        "\"RESTOCK_EXTRA\",\"value\":\"of-ROLE\"",
    ),
    (
        "SHOP ROLE.serviceAccount.name=of-ROLE",
        "\"serviceAccountName\":\"of-ROLE\"",
    ),
    (
        "SHOP ROLE.serviceAccount.annotations={\"a\":\"of-ROLE\"}",
        "\"a\":\"of-ROLE\"",
    ),
    ("SHOP ROLE.resources.requests.cpu=777m", "\"cpu\":\"777m\""),
    (
        "SHOP ROLE.resources.limits.memory=777Mi",
        "\"memory\":\"777Mi\"",
    ),
];

/// A switch that is on, and what is gone without it.
pub(super) const SWITCHES: &[(&str, &str)] = &[
    ("crds.install=false", "CustomResourceDefinition"),
    ("crds.keep=false", "helm.sh/resource-policy"),
    ("migrate.enabled=false", "shop-restock-operator-migrate"),
    ("controller.enabled=false", "RESTOCK_LEASE_IDENTITY"),
    (
        "ingest.enabled=false",
        "\"app.kubernetes.io/component\":\"ingest\"",
    ),
    (
        "receiver.enabled=false",
        "\"app.kubernetes.io/component\":\"receiver\"",
    ),
    (
        "dlq.enabled=false",
        "\"app.kubernetes.io/component\":\"dlq\"",
    ),
    ("rbac.aggregate=false", "ClusterRole"),
    ("podDisruptionBudget=false", "PodDisruptionBudget"),
    ("topologySpread=false", "topologySpreadConstraints"),
];
