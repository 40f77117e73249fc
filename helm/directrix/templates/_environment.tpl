{{- /* Settings without secrets, as the ConfigMap holds them (services/settings.py). */ -}}
{{- define "directrix.settings" -}}
{{- $serving := .Values.serving -}}
DIRECTRIX_PROJECT: {{ .Values.project | quote }}
DIRECTRIX_GATEWAY_HOST: "0.0.0.0"
DIRECTRIX_GATEWAY_PORT: "50051"
DIRECTRIX_INFERENCE_TARGET: {{ printf "%s-serving:50061" (include "directrix.fullname" .) | quote }}
DIRECTRIX_INFERENCE_REPLICAS: {{ ternary $serving.rendering.max 1 (eq $serving.kind "ray") | quote }}
{{- if and (eq $serving.kind "ray") (eq $serving.placement "apart") }}
DIRECTRIX_SCORING_APPLICATION: scoring
DIRECTRIX_EXPLAINING_APPLICATION: explaining
{{- end }}
DIRECTRIX_STORE_KIND: s3
{{- if .Values.objectStore.dev.enabled }}
DIRECTRIX_STORE_ENDPOINT: {{ printf "%s-store:8333" (include "directrix.fullname" .) | quote }}
DIRECTRIX_STORE_SECURE: "false"
{{- else }}
DIRECTRIX_STORE_ENDPOINT: {{ required "objectStore.endpoint: host:port of an S3, or set objectStore.dev.enabled" .Values.objectStore.endpoint | quote }}
DIRECTRIX_STORE_SECURE: {{ .Values.objectStore.secure | quote }}
{{- end }}
DIRECTRIX_STORE_BUCKET: {{ .Values.objectStore.bucket | quote }}
{{- if .Values.monitoring.enabled }}
DIRECTRIX_METRICS_HOST: "0.0.0.0"
DIRECTRIX_METRICS_PORT: {{ .Values.monitoring.port | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "directrix.fromSettings" -}}
- configMapRef:
    name: {{ include "directrix.fullname" . }}-settings
{{- end -}}

{{- /* One variable out of a Secret; of (list variable secret key). */ -}}
{{- define "directrix.secretVariable" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 }}
      key: {{ index . 2 }}
{{- end -}}

{{- define "directrix.internalSecret" -}}
{{- required "internal.existingSecret: a Secret with inference-secret and page-token-secret" .Values.internal.existingSecret -}}
{{- end -}}

{{- /* What every service needs: the object store's keys and the internal secret. */ -}}
{{- define "directrix.storeVariables" -}}
{{- $store := .Values.objectStore -}}
{{- $secret := required "objectStore.existingSecret: a Secret with the keys of the S3" $store.existingSecret -}}
{{ include "directrix.secretVariable" (list "DIRECTRIX_STORE_ACCESS_KEY" $secret $store.accessKeyKey) }}
{{ include "directrix.secretVariable" (list "DIRECTRIX_STORE_SECRET_KEY" $secret $store.secretKeyKey) }}
{{ include "directrix.secretVariable" (list "DIRECTRIX_INFERENCE_SECRET" (include "directrix.internalSecret" .) "inference-secret") }}
{{- end -}}

{{- define "directrix.redisVariable" -}}
{{- $secret := required "redis.existingSecret: a Secret with the URL of Redis or Valkey" .Values.redis.existingSecret -}}
{{ include "directrix.secretVariable" (list "DIRECTRIX_REDIS_URL" $secret .Values.redis.urlKey) }}
{{- end -}}
