{{- /* What every pod with replicas or of Ray's head gets. */ -}}
{{- define "directrix.servingVariables" -}}
{{ include "directrix.storeVariables" . }}
- {name: DIRECTRIX_DEVICE, value: {{ .Values.serving.device | quote }}}
- {name: DIRECTRIX_THREADS, value: {{ .Values.serving.threads | quote }}}
- {name: OMP_NUM_THREADS, value: {{ .Values.serving.threads | quote }}}
- {name: DIRECTRIX_MODEL_CACHE, value: {{ .Values.serving.modelCache | quote }}}
{{- end -}}

{{- /* Ray Serve's own configuration (deploy/serve.yaml is the same for one machine). */ -}}
{{- define "directrix.serveConfig" -}}
{{- $serving := .Values.serving -}}
proxy_location: EveryNode
http_options: {host: 0.0.0.0, port: 8000}
grpc_options:
  port: 50061
  grpc_servicer_functions:
    - directrix.inference.v1.inference_service_pb2_grpc.add_InferenceServiceServicer_to_server
applications:
{{- $kinds := dict "rendering" "inference" }}
{{- if eq $serving.placement "apart" }}
{{- $kinds = dict "rendering" "inference" "scoring" "scoring" "explaining" "explaining" }}
{{- end }}
{{- range $kind, $application := $kinds }}
{{- $replicas := index $serving $kind }}
  - name: {{ $application }}
    route_prefix: /{{ ternary "" $application (eq $application "inference") }}
    import_path: services.serving.placement:build
    args:
      min_replicas: {{ $replicas.min }}
      max_replicas: {{ $replicas.max }}
      num_gpus: {{ $replicas.gpu }}
      outstanding: {{ $replicas.batches }}
{{- end }}
{{- end -}}

{{- /* A pod of Ray; of (list root part resources gpus memory). */ -}}
{{- define "directrix.rayPod" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
metadata:
  labels:
    {{- include "directrix.labels" (list $root $part) | nindent 4 }}
  annotations:
    {{- include "directrix.annotations" (list $root $root.Values.serving.podAnnotations) | nindent 4 }}
spec:
  {{- if eq $part "serving-head" }}
  serviceAccountName: {{ include "directrix.fullname" $root }}-ray
  {{- else }}
  serviceAccountName: {{ include "directrix.fullname" $root }}
  automountServiceAccountToken: false
  {{- end }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $root.Values.serving.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "directrix.podSecurity" $root | nindent 4 }}
  {{- include "directrix.pullSecrets" $root | nindent 2 }}
  {{- include "directrix.placement" (list $root $part $root.Values.serving) | nindent 2 }}
  containers:
    - name: ray
      image: {{ include "directrix.image" (list $root $root.Values.images.serving) }}
      imagePullPolicy: {{ $root.Values.images.pullPolicy }}
      securityContext:
        {{- include "directrix.containerSecurity" $root | nindent 8 }}
      envFrom:
        {{- include "directrix.fromSettings" $root | nindent 8 }}
      env:
        {{- include "directrix.servingVariables" $root | nindent 8 }}
        - {name: RAY_SERVE_THROUGHPUT_OPTIMIZED, value: "1"}
        - {name: RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH, value: "67108864"}
        - {name: RAY_USAGE_STATS_ENABLED, value: "0"}
      ports:
        {{- if eq $part "serving-head" }}
        - {name: gcs, containerPort: 6379}
        - {name: dashboard, containerPort: 8265}
        - {name: client, containerPort: 10001}
        {{- else }}
        - {name: serve-grpc, containerPort: 50061}
        {{- end }}
        - {name: serve-http, containerPort: 8000}
        - {name: ray-metrics, containerPort: 8080}
      # KubeRay's own probes want wget; these ask the same agent.
      startupProbe:
        exec: {command: [python, health.py, ray]}
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 60
      livenessProbe:
        exec: {command: [python, health.py, ray]}
        periodSeconds: 15
        timeoutSeconds: 5
        failureThreshold: 8
      readinessProbe:
        exec: {command: [python, health.py, {{ ternary "ray" "ray-serve" (eq $part "serving-head") }}]}
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 3
      resources:
        {{- include "directrix.resources" (list (index . 2) (index . 3)) | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        - {name: shared-memory, mountPath: /dev/shm}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: 4Gi}
    - name: shared-memory
      emptyDir: {medium: Memory, sizeLimit: {{ $root.Values.serving.ray.nodes.sharedMemory }}}
{{- end -}}
