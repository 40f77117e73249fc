{{- /* What all pods share: no rights, no token, a root that cannot be written. */ -}}
{{- define "directrix.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "directrix.containerSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
privileged: false
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "directrix.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Nodes and neighbours; of (list root part values). */ -}}
{{- define "directrix.placement" -}}
{{- $values := index . 2 -}}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $values.spread }}
topologySpreadConstraints:
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "directrix.selector" (list (index $ 0) (index $ 1)) | nindent 8 }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* `resources`, with GPUs; of (list resources gpus). */ -}}
{{- define "directrix.resources" -}}
{{- $resources := deepCopy (index . 0) -}}
{{- if index . 1 -}}
{{- $gpus := dict "nvidia.com/gpu" (index . 1) -}}
{{- $_ := set $resources "limits" (merge $gpus (default dict $resources.limits)) -}}
{{- $_ := set $resources "requests" (merge $gpus (default dict $resources.requests)) -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}

{{- /* Pods start anew where the settings change; of (list root annotations). */ -}}
{{- define "directrix.annotations" -}}
checksum/settings: {{ include "directrix.settings" (index . 0) | sha256sum }}
{{- with index . 1 }}
{{ toYaml . }}
{{- end }}
{{- end -}}
