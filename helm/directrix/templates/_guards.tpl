{{- /* Values that cannot be right together are refused, with the way out. */ -}}
{{- define "directrix.guards" -}}
{{- $auth := .Values.auth -}}
{{- if not $auth.tls.existingSecret -}}
{{- fail "auth.tls.existingSecret: a Secret of type kubernetes.io/tls; beyond loopback the gateway starts with TLS only" -}}
{{- end -}}
{{- if not (or $auth.keys.existingSecret $auth.clients.existingSecret $auth.tokens.jwksConfigMap) -}}
{{- fail "auth: set keys.existingSecret, clients.existingSecret or tokens.jwksConfigMap; nobody is let in without" -}}
{{- end -}}
{{- if and $auth.tokens.jwksConfigMap (not (and $auth.tokens.issuer $auth.tokens.audience)) -}}
{{- fail "auth.tokens: issuer and audience too" -}}
{{- end -}}
{{- if and $auth.clients.existingSecret (not $auth.tls.clientCaSecret) -}}
{{- fail "auth.clients: auth.tls.clientCaSecret too, or no certificate is ever asked for" -}}
{{- end -}}
{{- if and (hasPrefix "cuda" .Values.worker.device) (not .Values.worker.gpus) -}}
{{- fail "worker.device is cuda: set worker.gpus" -}}
{{- end -}}
{{- if gt (int .Values.gateway.autoscaling.min) (int .Values.gateway.autoscaling.max) -}}
{{- fail "gateway.autoscaling: min is above max" -}}
{{- end -}}
{{- if gt (int .Values.worker.keda.min) (int .Values.worker.keda.max) -}}
{{- fail "worker.keda: min is above max" -}}
{{- end -}}
{{- include "directrix.servingGuards" .Values.serving -}}
{{- if and (or .Values.batch.discoveries .Values.batch.nightly.enabled) (not $auth.caller.existingSecret) -}}
{{- fail "batch: auth.caller.existingSecret, a Secret with the token that its Jobs show" -}}
{{- end -}}
{{- range $name, $_ := .Values.settings -}}
{{- if has $name (list "DIRECTRIX_REDIS_URL" "DIRECTRIX_INFERENCE_SECRET" "DIRECTRIX_PAGE_TOKEN_SECRET" "DIRECTRIX_STORE_ACCESS_KEY" "DIRECTRIX_STORE_SECRET_KEY") -}}
{{- fail (printf "settings.%s: secrets come from existing Secrets only" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "directrix.servingGuards" -}}
{{- if eq .kind "plain" -}}
{{- if eq .placement "apart" -}}
{{- fail "serving.placement: apart needs serving.kind ray" -}}
{{- end -}}
{{- if and (hasPrefix "cuda" .device) (not .gpus) -}}
{{- fail "serving.device is cuda: set serving.gpus" -}}
{{- end -}}
{{- else -}}
{{- if and (hasPrefix "cuda" .device) (not (and .ray.nodes.gpus .rendering.gpu)) -}}
{{- fail "serving.device is cuda: set serving.ray.nodes.gpus and serving.rendering.gpu" -}}
{{- end -}}
{{- if and (eq .ray.upgrade "NewClusterWithIncrementalUpgrade") (not .ray.incremental.gatewayClassName) -}}
{{- fail "serving.ray.incremental.gatewayClassName: the incremental upgrade moves traffic by a Gateway" -}}
{{- end -}}
{{- if gt (int .ray.nodes.min) (int .ray.nodes.max) -}}
{{- fail "serving.ray.nodes: min is above max" -}}
{{- end -}}
{{- range $name := list "rendering" "scoring" "explaining" -}}
{{- with index $ $name -}}
{{- if gt (int .min) (int .max) -}}
{{- fail (printf "serving.%s: min is above max" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
