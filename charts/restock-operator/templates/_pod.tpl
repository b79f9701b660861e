{{/*
What the pods of all roles have in common. Called with a dict: root, role, env (a list of
names and values), files (volumes: name, secret or configMap, path), token (whether the role
talks to the cluster).
*/}}

{{- define "restock.env" -}}
- name: RESTOCK_{{ .name }}
  value: {{ .value | toString | quote }}
{{- end -}}

{{- define "restock.commonEnv" -}}
- name: RUST_LOG
  value: {{ .Values.logFilter | quote }}
{{- with .Values.aws.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.aws.endpointUrl }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
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

{{/* The ledger's URL, from this Secret, and the certificates to verify it by; as JSON. */}}
{{- define "restock.databaseFiles" -}}
{{- $files := list (dict "name" "database" "secret" .secret "path" "/etc/restock/database") -}}
{{- with .root.Values.database.caConfigMap -}}
{{- $files = append $files (dict "name" "database-ca" "configMap" . "path" "/etc/restock/database-ca") -}}
{{- end -}}
{{- toJson $files -}}
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
The Job of a hook. Called with a dict: root, role, hook, args, env, files, account (empty: it
does not talk to the cluster), retries, seconds, memory.
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
spec:
  backoffLimit: {{ .retries }}
  activeDeadlineSeconds: {{ .seconds }}
  template:
    metadata:
      labels:
        {{- include "restock.labels" . | nindent 8 }}
    spec:
      restartPolicy: Never
      {{- with .account }}
      serviceAccountName: {{ . }}
      {{- end }}
      automountServiceAccountToken: {{ not (empty .account) }}
      enableServiceLinks: false
      securityContext:
        {{- include "restock.podSecurity" . | nindent 8 }}
      {{- include "restock.scheduling" .root | nindent 6 }}
      containers:
        - name: {{ .role }}
          image: {{ include "restock.image" .root }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args: {{ .args | toJson }}
          env:
            {{- range .env }}
            {{- include "restock.env" . | nindent 12 }}
            {{- end }}
          resources:
            requests: {cpu: 20m, memory: {{ .memory }}}
            limits: {memory: 128Mi}
          securityContext:
            {{- include "restock.containerSecurity" . | nindent 12 }}
          volumeMounts:
            {{- include "restock.mounts" .files | trim | nindent 12 }}
      volumes:
        {{- include "restock.volumes" .files | trim | nindent 8 }}
{{- end -}}
