{{- /* Files of the gateway's authentication: variable, where mounted, out of what. */ -}}
{{- define "directrix.authVariables" -}}
{{- $auth := .Values.auth -}}
- {name: DIRECTRIX_GATEWAY_CERTIFICATE, value: /etc/directrix/tls/tls.crt}
- {name: DIRECTRIX_GATEWAY_KEY, value: /etc/directrix/tls/tls.key}
{{- if $auth.tls.clientCaSecret }}
- {name: DIRECTRIX_GATEWAY_CLIENT_CA, value: /etc/directrix/client-ca/ca.crt}
{{- end }}
{{- if $auth.keys.existingSecret }}
- {name: DIRECTRIX_ACCESS_KEYS, value: /etc/directrix/keys/keys.json}
{{- end }}
{{- if $auth.clients.existingSecret }}
- {name: DIRECTRIX_ACCESS_CLIENTS, value: /etc/directrix/clients/clients.json}
{{- end }}
{{- if $auth.tokens.jwksConfigMap }}
- {name: DIRECTRIX_TOKEN_KEYS, value: /etc/directrix/tokens/jwks.json}
- {name: DIRECTRIX_TOKEN_ISSUER, value: {{ $auth.tokens.issuer | quote }}}
- {name: DIRECTRIX_TOKEN_AUDIENCE, value: {{ $auth.tokens.audience | quote }}}
{{- end }}
{{- if $auth.limits.configMap }}
- {name: DIRECTRIX_LIMITS_FILE, value: /etc/directrix/limits/limits.json}
- {name: DIRECTRIX_LIMITS_STORAGE, value: redis}
{{- end }}
{{- end -}}

{{- /* (name, kind, object) of each, as lines "name kind object". */ -}}
{{- define "directrix.authFiles" -}}
{{- $auth := .Values.auth -}}
tls secret {{ $auth.tls.existingSecret }}
{{- with $auth.tls.clientCaSecret }}
client-ca secret {{ . }}
{{- end }}
{{- with $auth.keys.existingSecret }}
keys secret {{ . }}
{{- end }}
{{- with $auth.clients.existingSecret }}
clients secret {{ . }}
{{- end }}
{{- with $auth.tokens.jwksConfigMap }}
tokens configMap {{ . }}
{{- end }}
{{- with $auth.limits.configMap }}
limits configMap {{ . }}
{{- end }}
{{- end -}}

{{- define "directrix.authMounts" -}}
{{- range splitList "\n" (include "directrix.authFiles" .) }}
{{- $name := index (splitList " " .) 0 }}
- {name: {{ $name }}, mountPath: /etc/directrix/{{ $name }}, readOnly: true}
{{- end }}
{{- end -}}

{{- define "directrix.authVolumes" -}}
{{- range splitList "\n" (include "directrix.authFiles" .) }}
{{- $words := splitList " " . }}
- name: {{ index $words 0 }}
  {{- if eq (index $words 1) "secret" }}
  secret: {secretName: {{ index $words 2 }}, defaultMode: 0440}
  {{- else }}
  configMap: {name: {{ index $words 2 }}}
  {{- end }}
{{- end }}
{{- end -}}
