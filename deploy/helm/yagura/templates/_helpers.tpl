{{- define "yagura.name" -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "yagura.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "yagura.labels" -}}
{{ include "yagura.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The roles that processes have: one that does everything, or each its own. */}}
{{- define "yagura.roles" -}}
{{- ternary "ingest query jobs" "all" .Values.roles.enabled }}
{{- end }}

{{/* The name of what runs a role. Arguments: root, role. */}}
{{- define "yagura.roleName" -}}
{{- $name := include "yagura.name" .root }}
{{- ternary $name (printf "%s-%s" $name .role) (eq .role "all") }}
{{- end }}

{{- define "yagura.roleSelector" -}}
{{ include "yagura.selector" .root }}
{{- if ne .role "all" }}
app.kubernetes.io/component: {{ .role }}
{{- end }}
{{- end }}

{{/* The configuration of a role: what the values say, and over it what the chart decides.
The UI's certificate is for the name that people use: processes that serve no UI are asked
by their addresses, within the cluster. Arguments: root, role. */}}
{{- define "yagura.config" -}}
{{- $v := .root.Values }}
{{- $own := dict "listen" "0.0.0.0:7700" "data_dir" "/var/lib/yagura" "otlp" (dict "grpc" "0.0.0.0:4317" "http" "0.0.0.0:4318") }}
{{- if ne .role "all" }}{{ $_ := set $own "role" .role }}{{ end }}
{{- if and $v.tls.ui (has .role (list "all" "query")) }}
{{- $_ := set $own "tls" (dict "cert_file" "/etc/yagura/tls/ui/tls.crt" "key_file" "/etc/yagura/tls/ui/tls.key") }}
{{- end }}
{{- if $v.tls.otlp }}
{{- if has .role (list "all" "ingest") }}
{{- $tls := dict "cert_file" "/etc/yagura/tls/otlp/tls.crt" "key_file" "/etc/yagura/tls/otlp/tls.key" }}
{{- if $v.tls.clientCA }}{{ $_ := set $tls "client_ca_file" "/etc/yagura/tls/client-ca/ca.crt" }}{{ end }}
{{- $_ := set $own.otlp "tls" $tls }}
{{- end }}
{{- else if $v.tls.clientCA }}
{{- fail "tls.clientCA needs tls.otlp" }}
{{- end }}
{{- toYaml (mergeOverwrite (deepCopy $v.config) $own) }}
{{- end }}

{{/* A pod of a role. Arguments: root, role. */}}
{{- define "yagura.pod" -}}
{{- $v := .root.Values }}
{{- $serves := has .role (list "all" "query") }}
{{- $takes := has .role (list "all" "ingest") }}
{{- $resources := $v.resources }}
{{- if ne .role "all" }}{{ $resources = (index $v.roles .role).resources }}{{ end }}
metadata:
  labels:
    {{- include "yagura.labels" .root | nindent 4 }}
    {{- if ne .role "all" }}
    app.kubernetes.io/component: {{ .role }}
    {{- end }}
  annotations:
    checksum/config: {{ include "yagura.config" . | sha256sum }}
    {{- with $v.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "yagura.name" .root }}
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 60
  {{- with $v.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  {{- if ne .role "all" }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "yagura.roleSelector" . | nindent 10 }}
  {{- end }}
  containers:
    - name: yagura
      image: "{{ $v.image.repository }}:{{ $v.image.tag | default .root.Chart.AppVersion }}"
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args: [serve, --config, /etc/yagura/yagura.yaml]
      {{- /* The image's variables are for a container without a file; here the file decides. */}}
      env:
        - { name: YAGURA_LISTEN, value: "" }
        - { name: YAGURA_DATA_DIR, value: "" }
        - { name: YAGURA_OTLP_GRPC, value: "" }
        - { name: YAGURA_OTLP_HTTP, value: "" }
      {{- with $v.secretEnv }}
      envFrom:
        - secretRef: { name: {{ . | quote }} }
      {{- end }}
      ports:
        - { name: ui, containerPort: 7700 }
        {{- if $takes }}
        - { name: otlp-grpc, containerPort: 4317 }
        - { name: otlp-http, containerPort: 4318 }
        {{- end }}
      {{- $scheme := ternary "HTTPS" "HTTP" (and $serves (ne $v.tls.ui "")) }}
      startupProbe:
        httpGet: { path: /healthz, port: ui, scheme: {{ $scheme }} }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /healthz, port: ui, scheme: {{ $scheme }} }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      {{- /* One process that does everything takes telemetry, into its log, also while the engine is
      away: not /readyz. Of several, one that is not ready gives way to another. */}}
      readinessProbe:
        httpGet: { path: {{ ternary "/healthz" "/readyz" (eq .role "all") }}, port: ui, scheme: {{ $scheme }} }
        periodSeconds: 5
        timeoutSeconds: 5
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      {{- with $resources }}
      resources: {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        {{- if $takes }}
        - { name: data, mountPath: /var/lib/yagura }
        {{- end }}
        - { name: config, mountPath: /etc/yagura/yagura.yaml, subPath: {{ .role }}.yaml, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- if and $v.tls.ui $serves }}
        - { name: tls-ui, mountPath: /etc/yagura/tls/ui, readOnly: true }
        {{- end }}
        {{- if and $v.tls.otlp $takes }}
        - { name: tls-otlp, mountPath: /etc/yagura/tls/otlp, readOnly: true }
        {{- end }}
        {{- if and $v.tls.clientCA $takes }}
        - { name: client-ca, mountPath: /etc/yagura/tls/client-ca, readOnly: true }
        {{- end }}
  volumes:
    - name: config
      configMap: { name: {{ include "yagura.name" .root }} }
    - name: tmp
      emptyDir: {}
    {{- if and $v.tls.ui $serves }}
    - name: tls-ui
      secret: { secretName: {{ $v.tls.ui | quote }}, defaultMode: 0440 }
    {{- end }}
    {{- if and $v.tls.otlp $takes }}
    - name: tls-otlp
      secret: { secretName: {{ $v.tls.otlp | quote }}, defaultMode: 0440 }
    {{- end }}
    {{- if and $v.tls.clientCA $takes }}
    - name: client-ca
      secret: { secretName: {{ $v.tls.clientCA | quote }}, defaultMode: 0440 }
    {{- end }}
    {{- if eq .role "all" }}
    {{- with $v.persistence.existingClaim }}
    - name: data
      persistentVolumeClaim: { claimName: {{ . | quote }} }
    {{- end }}
    {{- end }}
  {{- with $v.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
