{{- /* Selectors of network policies, as JSON. */ -}}
{{- define "directrix.podsOf" -}}
{{ dict "matchLabels" (fromYaml (include "directrix.selector" .)) | toJson }}
{{- end -}}

{{- define "directrix.ownPods" -}}
{{ dict "matchLabels" (omit (fromYaml (include "directrix.selector" (list . ""))) "app.kubernetes.io/component") | toJson }}
{{- end -}}

{{- define "directrix.rayPods" -}}
[{podSelector: {{ include "directrix.podsOf" (list . "serving") }}}, {podSelector: {{ include "directrix.podsOf" (list . "serving-head") }}}]
{{- end -}}

{{- define "directrix.toRedis" -}}
{{- if .Values.redis.dev.enabled -}}
- to: [{podSelector: {{ include "directrix.podsOf" (list . "redis") }}}]
  ports: [{port: 6379}]
{{- else if .Values.networkPolicy.redisTo -}}
- to: {{ toJson .Values.networkPolicy.redisTo }}
  ports: [{port: {{ .Values.redis.port }}}]
{{- else -}}
- ports: [{port: {{ .Values.redis.port }}}]
{{- end -}}
{{- end -}}

{{- define "directrix.toStore" -}}
{{- if .Values.objectStore.dev.enabled -}}
- to: [{podSelector: {{ include "directrix.podsOf" (list . "store") }}}]
  ports: [{port: 8333}]
{{- else if .Values.networkPolicy.objectStoreTo -}}
- to: {{ toJson .Values.networkPolicy.objectStoreTo }}
  ports: [{port: {{ .Values.objectStore.port }}}]
{{- else -}}
- ports: [{port: {{ .Values.objectStore.port }}}]
{{- end -}}
{{- end -}}
