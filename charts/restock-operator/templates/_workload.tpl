{{/*
ServiceAccount, Deployment, read Service and PodDisruptionBudget of a role. Called with a dict as in
_pod.tpl, and with ports, grace (seconds) and strategy.
*/}}

{{- define "restock.workload" -}}
{{- $values := index .root.Values .role -}}
{{- $replicas := $values.replicas -}}
{{ include "restock.account" (merge (dict "account" (include "restock.accountName" .) "annotations" $values.serviceAccount.annotations) .) }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "restock.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "restock.labels" . | nindent 4 }}
spec:
  {{- if not .scaled }}
  replicas: {{ $replicas }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "restock.selector" . | nindent 6 }}
  strategy:
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  template:
    metadata:
      labels:
        {{- include "restock.podLabels" . | nindent 8 }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ .role }}
    spec:
      serviceAccountName: {{ include "restock.accountName" . }}
      automountServiceAccountToken: {{ .token }}
      # A Service named restock-… would otherwise put variables into the pod that no role knows.
      enableServiceLinks: false
      terminationGracePeriodSeconds: 60
      securityContext:
        {{- include "restock.podSecurity" . | nindent 8 }}
      {{- include "restock.scheduling" .root | nindent 6 }}
      {{- if .root.Values.topologySpread }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - topologyKey: {{ . }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          matchLabelKeys: [pod-template-hash]
          labelSelector:
            matchLabels:
              {{- include "restock.selector" $ | nindent 14 }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ .role }}
          image: {{ include "restock.image" .root }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args: [{{ .role }}]
          env:
            {{- $given := printf "%s%s" (include "restock.commonEnv" .root) (include "restock.ownEnv" .) }}
            {{- include "restock.withSettings" (dict "env" $given "settings" $values.settings) | nindent 12 }}
          ports:
            - name: admin
              containerPort: 8080
            - name: read
              containerPort: 8081
            {{- with .ports }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          startupProbe:
            httpGet: {path: /livez, port: admin}
            periodSeconds: 2
            failureThreshold: 30
          livenessProbe:
            httpGet: {path: /livez, port: admin}
            periodSeconds: 10
            timeoutSeconds: 5
          readinessProbe:
            httpGet: {path: /readyz, port: admin}
            periodSeconds: 5
            timeoutSeconds: 5
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          securityContext:
            {{- include "restock.containerSecurity" . | nindent 12 }}
          {{- with .files }}
          volumeMounts:
            {{- include "restock.mounts" . | trim | nindent 12 }}
          {{- end }}
      {{- with .files }}
      volumes:
        {{- include "restock.volumes" . | trim | nindent 8 }}
      {{- end }}
---
# For the API server's service proxy, and nobody else: without an address of its own. A role that
# is not ready answers too: what it waits for is what people want to read.
apiVersion: v1
kind: Service
metadata:
  name: {{ include "restock.readName" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "restock.labels" . | nindent 4 }}
    restock.dev/serves: read
  annotations:
    restock.dev/roles: {{ include "restock.roles" .root }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "restock.selector" . | nindent 4 }}
  ports:
    - name: read
      port: 8081
      targetPort: read
{{- if and .root.Values.podDisruptionBudget (or .scaled (gt (int $replicas) 1)) }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "restock.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "restock.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "restock.selector" . | nindent 6 }}
{{- end }}
{{- end -}}
