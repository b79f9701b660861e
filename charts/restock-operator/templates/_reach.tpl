{{/*
How others reach a role: its Service, and an Ingress where that is wanted. Called with a dict:
root, role, port (its name in the pod), host, path.
*/}}

{{- define "restock.reach" -}}
{{- $values := index .root.Values .role -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "restock.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "restock.labels" . | nindent 4 }}
  {{- with $values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $values.service.type }}
  selector:
    {{- include "restock.selector" . | nindent 4 }}
  ports:
    - name: http
      port: {{ $values.service.port }}
      targetPort: {{ .port }}
{{- if $values.ingress.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "restock.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "restock.labels" . | nindent 4 }}
  {{- with $values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with $values.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with $values.ingress.tlsSecretName }}
  tls:
    - hosts: [{{ $.host }}]
      secretName: {{ . }}
  {{- end }}
  rules:
    - host: {{ .host }}
      http:
        paths:
          - path: {{ .path }}
            pathType: Prefix
            backend:
              service:
                name: {{ include "restock.name" . }}
                port:
                  name: http
{{- end }}
{{- end -}}

{{/* Scales a role by its processor time. Called with a dict: root, role. */}}
{{- define "restock.autoscaling" -}}
{{- $values := index .root.Values .role -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "restock.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "restock.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "restock.name" . }}
  minReplicas: {{ $values.autoscaling.minReplicas }}
  maxReplicas: {{ $values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $values.autoscaling.targetCpu }}
{{- end -}}
