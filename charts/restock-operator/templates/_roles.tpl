{{/*
Settings, files and ports of each role, as JSON of what _workload.tpl takes: the Deployment
and the test pod are made of the same. Called with the chart's context.
*/}}

{{- define "restock.role.controller" -}}
{{- $files := append
  (include "restock.databaseFiles" (dict "root" $ "whose" "database" "from" .Values.database) | fromJsonArray)
  (dict "name" "callback-keys" "secret" (include "restock.keysSecret" .) "path" "/etc/restock/callback")
-}}
{{- /* By number: the name of a Secret may have dots, that of a volume not. */ -}}
{{- range $number, $secret := .Values.factoryHeaderSecrets -}}
{{- $files = append $files (dict "name" (printf "headers-%d" $number) "secret" $secret "path" (printf "/etc/restock/headers/%s" $secret)) -}}
{{- end -}}
{{- $env := list
  (include "restock.namespaceEnv" (dict "root" $ "name" "NAMESPACE" "value" (include "restock.watched" .)) | fromJson)
  (include "restock.namespaceEnv" (dict "root" $ "name" "LEASE_NAMESPACE" "value" .Release.Namespace) | fromJson)
  (dict "name" "CALLBACK_URL" "value" (include "restock.callbackUrl" .))
  (dict "name" "CALLBACK_KEYS_FILE" "value" (printf "/etc/restock/callback/%s" .Values.callback.keysKey))
  (dict "name" "FACTORY_ALLOW" "value" (include "restock.factoryAllow" .))
-}}
{{- if .Values.receiver.enabled -}}
{{- /* By its bare name: both are in the namespace of the release, whichever that is. */ -}}
{{- $receiver := include "restock.name" (dict "root" $ "role" "receiver") -}}
{{- $env = append $env (dict "name" "RECEIVER_URL" "value" (printf "http://%s:%v" $receiver .Values.receiver.service.port)) -}}
{{- end -}}
{{- $env = concat $env (include "restock.databaseEnv" (dict "root" $ "whose" "database" "from" .Values.database) | fromJsonArray) -}}
{{- $env = concat $env (include "restock.noticeEnv" . | fromJsonArray) -}}
{{- dict "role" "controller" "env" $env "files" $files "token" true "identity" true | toJson -}}
{{- end -}}

{{- define "restock.role.ingest" -}}
{{- $scaled := or .Values.ingest.autoscaling.enabled .Values.ingest.keda.enabled -}}
{{- $env := list
  (include "restock.namespaceEnv" (dict "root" $ "name" "NAMESPACE" "value" (include "restock.requestsNamespace" .)) | fromJson)
  (dict "name" "QUEUE_URL" "value" (include "restock.required" (dict "name" "ingest.queueUrl" "value" .Values.ingest.queueUrl)))
-}}
{{- $env = concat $env (include "restock.mappingEnv" . | fromJsonArray) -}}
{{- $files := include "restock.mappingFiles" . | fromJsonArray -}}
{{- dict "role" "ingest" "env" $env "files" $files "token" true "scaled" $scaled | toJson -}}
{{- end -}}

{{- define "restock.role.receiver" -}}
{{- $files := append
  (include "restock.databaseFiles" (dict "root" $ "whose" "database" "from" .Values.database) | fromJsonArray)
  (dict "name" "callback-keys" "secret" (include "restock.keysSecret" .) "path" "/etc/restock/callback")
-}}
{{- $env := list
  (dict "name" "INBOX_URL" "value" (include "restock.required" (dict "name" "receiver.inboxUrl" "value" .Values.receiver.inboxUrl)))
  (dict "name" "CALLBACK_KEYS_FILE" "value" (printf "/etc/restock/callback/%s" .Values.callback.keysKey))
-}}
{{- $env = concat $env (include "restock.databaseEnv" (dict "root" $ "whose" "database" "from" .Values.database) | fromJsonArray) -}}
{{- $ports := list (dict "name" "callbacks" "containerPort" 8090) -}}
{{- dict "role" "receiver" "env" $env "files" $files "token" false "ports" $ports | toJson -}}
{{- end -}}

{{- define "restock.role.sales" -}}
{{- $from := dict "secretName" .Values.sales.databaseSecretName "key" .Values.database.key "secretsManagerId" .Values.sales.databaseSecretsManagerId -}}
{{- $database := dict "root" $ "whose" "sales" "from" $from -}}
{{- $files := include "restock.databaseFiles" $database | fromJsonArray -}}
{{- $env := include "restock.databaseEnv" $database | fromJsonArray -}}
{{- $ports := list (dict "name" "shop" "containerPort" 8090) -}}
{{- dict "role" "sales" "env" $env "files" $files "token" false "ports" $ports "scaled" .Values.sales.autoscaling.enabled | toJson -}}
{{- end -}}

{{- define "restock.role.relay" -}}
{{- $topic := include "restock.required" (dict "name" "stockTopicArn (for relay)" "value" .Values.stockTopicArn) -}}
{{- $from := dict "secretName" .Values.relay.databaseSecretName "key" .Values.database.key "secretsManagerId" .Values.relay.databaseSecretsManagerId -}}
{{- $database := dict "root" $ "whose" "relay" "from" $from -}}
{{- $files := include "restock.databaseFiles" $database | fromJsonArray -}}
{{- $env := include "restock.databaseEnv" $database | fromJsonArray -}}
{{- /* Names the topic too. */ -}}
{{- $env = concat $env (include "restock.noticeEnv" . | fromJsonArray) -}}
{{- dict "role" "relay" "env" $env "files" $files "token" false | toJson -}}
{{- end -}}

{{- define "restock.role.dlq" -}}
{{- $files := concat
  (include "restock.databaseFiles" (dict "root" $ "whose" "database" "from" .Values.database) | fromJsonArray)
  (include "restock.mappingFiles" . | fromJsonArray)
-}}
{{- $env := list
  (dict "name" "DLQ_URL" "value" (include "restock.required" (dict "name" "dlq.queueUrl" "value" .Values.dlq.queueUrl)))
  (dict "name" "QUEUE_URL" "value" (include "restock.required" (dict "name" "ingest.queueUrl (for dlq)" "value" .Values.ingest.queueUrl)))
  (dict "name" "RELEASE_NAMESPACE" "field" "metadata.namespace")
-}}
{{- $env = concat $env (include "restock.databaseEnv" (dict "root" $ "whose" "database" "from" .Values.database) | fromJsonArray) -}}
{{- $env = concat $env (include "restock.mappingEnv" . | fromJsonArray) -}}
{{- $env = concat $env (include "restock.noticeEnv" . | fromJsonArray) -}}
{{- dict "role" "dlq" "env" $env "files" $files "token" false | toJson -}}
{{- end -}}
