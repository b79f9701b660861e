{{/*
What the pods of all roles have in common. Called with a dict: root, role, env (a list of
names and values), files (volumes: name, secret or configMap, path), token (whether the role
talks to the cluster).
*/}}

{{/*
A value as text. A number of a values file is a float there, and 2592000 would be 2.592e+06.
*/}}
{{- define "restock.text" -}}
{{- if kindIs "string" . -}}
{{- . -}}
{{- else -}}
{{- toJson . -}}
{{- end -}}
{{- end -}}

{{- define "restock.env" -}}
- name: RESTOCK_{{ .name }}
  {{- if .field }}
  valueFrom:
    fieldRef:
      fieldPath: {{ .field }}
  {{- else }}
  value: {{ include "restock.text" .value | quote }}
  {{- end }}
{{- end -}}

{{/*
A variable with a namespace, as JSON; called with a dict: root, name, value. The pod's own where
that is the release's: plain manifests can then be put elsewhere by kustomize.
*/}}
{{- define "restock.namespaceEnv" -}}
{{- if eq .value .root.Release.Namespace -}}
{{- dict "name" .name "field" "metadata.namespace" | toJson -}}
{{- else -}}
{{- dict "name" .name "value" .value | toJson -}}
{{- end -}}
{{- end -}}

{{- define "restock.awsEnv" -}}
{{- with .Values.aws.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.aws.endpointUrl }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "restock.commonEnv" -}}
- name: RUST_LOG
  value: {{ .Values.logFilter | quote }}
{{- include "restock.awsEnv" . }}
{{- with .Values.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* Called with a dict: env, identity. */}}
{{- define "restock.ownEnv" -}}
{{- range .env }}
{{ include "restock.env" . }}
{{- end }}
{{- if .identity }}
- name: RESTOCK_LEASE_IDENTITY
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- end -}}

{{/*
A list of variables with the settings of the values in it, which win: a name may stand there
once. Called with a dict: env (the list, as YAML), settings.
*/}}
{{- define "restock.withSettings" -}}
{{- $settings := .settings | default dict -}}
{{- $env := list -}}
{{- range fromYamlArray .env -}}
{{- if not (hasKey $settings .name) -}}
{{- $env = append $env . -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $settings -}}
{{- $env = append $env (dict "name" $name "value" (include "restock.text" $value)) -}}
{{- end -}}
{{- toYaml $env -}}
{{- end -}}

{{/* Pod Security "restricted", and nothing that can be written to. */}}
{{- define "restock.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "restock.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Optional: a role says better than a pod that never starts which Secret is missing. */}}
{{- define "restock.volumes" -}}
{{- range . }}
- name: {{ .name }}
  {{- if .secret }}
  secret:
    secretName: {{ .secret }}
    optional: true
    defaultMode: 0440
  {{- else }}
  configMap:
    name: {{ .configMap }}
    optional: true
  {{- end }}
{{- end }}
{{- end -}}

{{- define "restock.mounts" -}}
{{- range . }}
- name: {{ .name }}
  mountPath: {{ .path }}
  readOnly: true
{{- end }}
{{- end -}}

{{- define "restock.scheduling" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Where notices go, as JSON: a list of names and values. */}}
{{- define "restock.noticeEnv" -}}
{{- $notices := .Values.notices -}}
{{- $env := list -}}
{{- if not (or $notices.topicArn $notices.email.from) -}}
{{- fail "notices.topicArn, or notices.email.from and notices.email.to, is required: without a channel nobody is told of failures" -}}
{{- end -}}
{{- if ne (empty $notices.email.from) (empty $notices.email.to) -}}
{{- fail "notices.email.from and notices.email.to are required together" -}}
{{- end -}}
{{- with $notices.topicArn -}}
{{- $env = append $env (dict "name" "OPS_TOPIC_ARN" "value" .) -}}
{{- end -}}
{{- with $notices.email.from -}}
{{- $env = append $env (dict "name" "OPS_EMAIL_FROM" "value" .) -}}
{{- end -}}
{{- with $notices.email.to -}}
{{- $env = append $env (dict "name" "OPS_EMAIL_TO" "value" (join "," .)) -}}
{{- end -}}
{{- with .Values.stockTopicArn -}}
{{- $env = append $env (dict "name" "TOPIC_ARN" "value" .) -}}
{{- end -}}
{{- toJson $env -}}
{{- end -}}

{{/*
Files and variables of the ledger, as JSON: its URL from a Secret, or the credentials from a secret
of AWS Secrets Manager and their address; and the certificates to verify it by. Called with a dict:
root, whose (for words), from (secretName, key, secretsManagerId).
*/}}
{{- define "restock.databaseFiles" -}}
{{- $files := list -}}
{{- if eq (empty .from.secretName) (empty .from.secretsManagerId) -}}
{{- fail (printf "the ledger of %s is named by a Secret, or by a secret of AWS Secrets Manager: set one of the two values, and the other to \"\"" .whose) -}}
{{- end -}}
{{- with .from.secretName -}}
{{- $files = append $files (dict "name" "database" "secret" . "path" "/etc/restock/database") -}}
{{- end -}}
{{- with .root.Values.database.caConfigMap -}}
{{- $files = append $files (dict "name" "database-ca" "configMap" . "path" "/etc/restock/database-ca") -}}
{{- end -}}
{{- toJson $files -}}
{{- end -}}

{{- define "restock.databaseEnv" -}}
{{- $env := list -}}
{{- if .from.secretsManagerId -}}
{{- $env = append $env (dict "name" "DATABASE_SECRET_ID" "value" .from.secretsManagerId) -}}
{{- with .root.Values.database.address -}}
{{- $env = append $env (dict "name" "DATABASE_ADDRESS" "value" .) -}}
{{- end -}}
{{- else -}}
{{- $env = append $env (dict "name" "DATABASE_URL_FILE" "value" (printf "/etc/restock/database/%s" .from.key)) -}}
{{- end -}}
{{- toJson $env -}}
{{- end -}}

{{/* The mapping, if there is one; as JSON. */}}
{{- define "restock.mappingFiles" -}}
{{- $files := list -}}
{{- if .Values.mapping -}}
{{- $files = append $files (dict "name" "mapping" "configMap" (printf "%s-mapping" (include "restock.fullname" .)) "path" "/etc/restock/mapping") -}}
{{- end -}}
{{- toJson $files -}}
{{- end -}}

{{- define "restock.mappingEnv" -}}
{{- $env := list -}}
{{- if .Values.mapping -}}
{{- $env = append $env (dict "name" "MAPPING_FILE" "value" "/etc/restock/mapping/mapping.yaml") -}}
{{- end -}}
{{- toJson $env -}}
{{- end -}}

{{/*
The spec of a pod that runs one command to its end. Called with a dict: root, role (names the
container), args, variables (its env, as text), ports, files, account (empty: the namespace's
own), token (whether it talks to the cluster), memory.
*/}}
{{- define "restock.commandPod" -}}
restartPolicy: Never
{{- with .account }}
serviceAccountName: {{ . }}
{{- end }}
automountServiceAccountToken: {{ .token }}
enableServiceLinks: false
securityContext:
  {{- include "restock.podSecurity" . | nindent 2 }}
{{- with include "restock.scheduling" .root | trim }}
{{ . }}
{{- end }}
containers:
  - name: {{ .role }}
    image: {{ include "restock.image" .root }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args: {{ .args | toJson }}
    env:
      {{- .variables | trim | nindent 6 }}
    {{- with .ports }}
    ports:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    resources:
      requests: {cpu: 20m, memory: {{ .memory }}}
      limits: {memory: 128Mi}
    securityContext:
      {{- include "restock.containerSecurity" . | nindent 6 }}
    {{- with .files }}
    volumeMounts:
      {{- include "restock.mounts" . | trim | nindent 6 }}
    {{- end }}
{{- with .files }}
volumes:
  {{- include "restock.volumes" . | trim | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
The Job of a hook. Called with a dict: root, role, hook, args, env, files, account (empty: the
namespace's own), token (whether it talks to the cluster), aws (whether it talks to AWS), retries,
seconds, memory.
*/}}
{{- define "restock.job" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "restock.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "restock.labels" . | nindent 4 }}
  annotations:
    helm.sh/hook: {{ .hook }}
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
    # From Helm 4 on: what went wrong stands beside its error.
    helm.sh/hook-output-log-policy: hook-failed
spec:
  backoffLimit: {{ .retries }}
  activeDeadlineSeconds: {{ .seconds }}
  template:
    metadata:
      labels:
        {{- include "restock.labels" . | nindent 8 }}
    spec:
      {{- $aws := ternary (include "restock.awsEnv" .root) "" .aws }}
      {{- $pod := dict "variables" (printf "%s%s" $aws (include "restock.ownEnv" .)) }}
      {{- include "restock.commandPod" (merge $pod .) | nindent 6 }}
{{- end -}}

{{/*
The pod of a test. It has no part in the role's Service, Deployment or budget: it is a
component of its own. Called with a dict as in _roles.tpl, and with root, component, args,
settings, account, seconds, weight (tests run by weight, then by name).
*/}}
{{- define "restock.testPod" -}}
{{- $names := dict "root" .root "role" .component -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "restock.name" $names }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "restock.labels" $names | nindent 4 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-weight: {{ .weight | quote }}
    # It stays until the next test: --logs reads what it said.
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  activeDeadlineSeconds: {{ .seconds }}
  {{- $given := printf "%s%s" (include "restock.awsEnv" .root) (include "restock.ownEnv" .) }}
  {{- $variables := include "restock.withSettings" (dict "env" $given "settings" .settings) }}
  {{- include "restock.commandPod" (merge (dict "variables" $variables "memory" "32Mi") .) | nindent 2 }}
{{- end -}}
