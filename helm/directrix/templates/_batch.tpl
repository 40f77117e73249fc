{{- /* A Job's spec that runs one command against the gateway; of (list root command args volumes mounts). */ -}}
{{- define "directrix.jobSpec" -}}
{{- $root := index . 0 -}}
{{- $full := include "directrix.fullname" $root -}}
backoffLimit: {{ $root.Values.batch.retries }}
activeDeadlineSeconds: {{ $root.Values.batch.deadlineSeconds }}
ttlSecondsAfterFinished: {{ $root.Values.batch.ttlSeconds }}
podFailurePolicy:
  rules:
    # Evicted or ended from outside: the next pod attaches to the same operation.
    - action: Ignore
      onPodConditions: [{type: DisruptionTarget, status: "True"}]
    - action: Ignore
      onExitCodes: {containerName: directrix, operator: In, values: [137, 143]}
    # 1: the operation failed; 2: refused input; 4: no such model or method. Trying again is no help.
    - action: FailJob
      onExitCodes: {containerName: directrix, operator: In, values: [1, 2, 4]}
template:
  metadata:
    labels:
      {{- include "directrix.labels" (list $root "caller") | nindent 6 }}
  spec:
    restartPolicy: Never
    {{- include "directrix.callerPod" $root | nindent 4 }}
    containers:
      - name: directrix
        {{- include "directrix.callerContainer" $root | nindent 8 }}
        command: {{ toJson (index . 1) }}
        args: {{ toJson (index . 2) }}
        env:
          {{- include "directrix.callerVariables" $root | nindent 10 }}
          # The same for every pod of a Job, another one for every Job: no operation starts twice.
          - name: DIRECTRIX_REQUEST_ID
            valueFrom:
              fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']"}
        resources:
          {{- include "directrix.resources" (list $root.Values.batch.resources 0) | nindent 10 }}
        volumeMounts:
          {{- include "directrix.callerMounts" $root | nindent 10 }}
          {{- index . 4 | nindent 10 }}
    volumes:
      {{- include "directrix.callerVolumes" $root | nindent 6 }}
      {{- index . 3 | nindent 6 }}
{{- end -}}

{{- /* Pods that call the gateway as anybody else does. */ -}}
{{- define "directrix.callerPod" -}}
serviceAccountName: {{ include "directrix.fullname" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "directrix.podSecurity" . | nindent 2 }}
{{- include "directrix.pullSecrets" . }}
{{- end -}}

{{- define "directrix.callerContainer" -}}
image: {{ include "directrix.image" (list . .Values.images.gateway) }}
imagePullPolicy: {{ .Values.images.pullPolicy }}
securityContext:
  {{- include "directrix.containerSecurity" . | nindent 2 }}
{{- end -}}

{{- define "directrix.callerVariables" -}}
- {name: DIRECTRIX_ENDPOINT, value: "{{ include "directrix.fullname" . }}-gateway.{{ .Release.Namespace }}.svc:{{ .Values.gateway.service.port }}"}
- {name: DIRECTRIX_PROJECT, value: {{ .Values.project | quote }}}
- {name: DIRECTRIX_TOKEN_FILE, value: /etc/directrix/caller/token}
- {name: DIRECTRIX_CA_FILE, value: /etc/directrix/caller/ca.crt}
{{- end -}}

{{- define "directrix.callerMounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: caller, mountPath: /etc/directrix/caller, readOnly: true}
{{- end -}}

{{- define "directrix.callerVolumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
- name: caller
  secret: {secretName: {{ .Values.auth.caller.existingSecret }}, defaultMode: 0440}
{{- end -}}

{{- /* `directrix discover run ...` of one discovery, as a list. */ -}}
{{- define "directrix.discoverArguments" -}}
{{- $args := list "discover" "run" .method "--generator" .generator -}}
{{- range .predictors }}{{ $args = concat $args (list "--predictor" .) }}{{ end -}}
{{- range .judges }}{{ $args = concat $args (list "--judge" .) }}{{ end -}}
{{- range $name, $value := .parameters }}{{ $args = concat $args (list "--param" (printf "%s=%v" $name $value)) }}{{ end -}}
{{- with .seed }}{{ $args = concat $args (list "--seed" (toString .)) }}{{ end -}}
{{- with .samples }}{{ $args = concat $args (list "--samples" (toString .)) }}{{ end -}}
{{- concat $args (list "--request-id" "$(DIRECTRIX_REQUEST_ID)" "--wait" "--json") | toJson -}}
{{- end -}}
