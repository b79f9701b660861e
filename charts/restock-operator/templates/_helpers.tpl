{{/* Names and labels. Called with a dict: root is the chart's context, role the component. */}}

{{- define "restock.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains "restock-operator" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-restock-operator" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "restock.name" -}}
{{- printf "%s-%s" (include "restock.fullname" .root) .role -}}
{{- end -}}

{{/* The Service of its read port: 63 characters at most, as all names of Services. */}}
{{- define "restock.readName" -}}
{{- printf "%s-read" (include "restock.name" . | trunc 58 | trimSuffix "-") -}}
{{- end -}}

{{/* The roles that are wanted: kubectl restock check misses what is not there of them. */}}
{{- define "restock.roles" -}}
{{- $roles := list -}}
{{- range $role := list "controller" "ingest" "receiver" "sales" "relay" "dlq" -}}
{{- if (index $.Values $role).enabled -}}
{{- $roles = append $roles $role -}}
{{- end -}}
{{- end -}}
{{- join "," $roles -}}
{{- end -}}

{{- define "restock.selector" -}}
app.kubernetes.io/name: restock-operator
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{- define "restock.labels" -}}
{{ include "restock.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Without versions: a label that changes with the chart would replace every pod. */}}
{{- define "restock.podLabels" -}}
{{ include "restock.selector" . }}
app.kubernetes.io/part-of: restock-operator
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "restock.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Where ingest creates requests, and where Factories are applied. */}}
{{- define "restock.requestsNamespace" -}}
{{- .Values.requestsNamespace | default .Release.Namespace -}}
{{- end -}}

{{/* What the controller watches, as it is told: names with commas between them, or a star. */}}
{{- define "restock.watched" -}}
{{- $named := .Values.controller.namespaces -}}
{{- $requests := include "restock.requestsNamespace" . -}}
{{- if and $named .Values.controller.clusterWide -}}
{{- fail "controller.namespaces watches those that it names, and controller.clusterWide all of them: set one of the two" -}}
{{- end -}}
{{- if and $named (or .Values.ingest.enabled .Values.factories) (not (has $requests $named)) -}}
{{- fail (printf "nobody would watch %s, where ingest creates requests and factories are applied: add it to controller.namespaces, or set requestsNamespace to one of those" $requests) -}}
{{- end -}}
{{- if .Values.controller.clusterWide -}}
*
{{- else -}}
{{- $named | default (list $requests) | join "," -}}
{{- end -}}
{{- end -}}

{{- define "restock.accountName" -}}
{{- $role := index .root.Values .role -}}
{{- $role.serviceAccount.name | default (include "restock.name" .) -}}
{{- end -}}

{{/* The port that a URL leads to. */}}
{{- define "restock.portOf" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- $port | default (ternary "80" "443" (eq $url.scheme "http")) -}}
{{- end -}}

{{/* Where the order test's own factory is. */}}
{{- define "restock.orderTestHost" -}}
{{- printf "%s.%s.svc" (include "restock.name" (dict "root" . "role" "order-test")) .Release.Namespace -}}
{{- end -}}

{{- define "restock.keysSecret" -}}
{{- .Values.callback.keysSecretName | default (printf "%s-callback-keys" (include "restock.fullname" .)) -}}
{{- end -}}

{{/* A required value, named where it is missing. */}}
{{- define "restock.required" -}}
{{- required (printf "%s is required: see the table of values in the chart's README.md" .name) .value -}}
{{- end -}}

{{/* Hosts of the Factories among the values, and what else may be called. */}}
{{- define "restock.factoryAllow" -}}
{{- $hosts := .Values.factoryAllow -}}
{{- range .Values.factories -}}
{{- $hosts = append $hosts (regexReplaceAll ":[0-9]+$" (urlParse .url).host "" | trimAll "[]") -}}
{{- end -}}
{{- if .Values.tests.order -}}
{{- $hosts = append $hosts (include "restock.orderTestHost" .) -}}
{{- end -}}
{{- join "," ($hosts | uniq) -}}
{{- end -}}

{{/* The callbacks' public base, which says how it is reached. */}}
{{- define "restock.callbackUrl" -}}
{{- $url := include "restock.required" (dict "name" "callback.url" "value" .Values.callback.url) -}}
{{- if not (regexMatch "^https?://[^/]" $url) -}}
{{- fail (printf "callback.url is %s: it must begin with https:// (or http://, where nobody reads along)" $url) -}}
{{- end -}}
{{- $url -}}
{{- end -}}
