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

{{/* The configuration: what the values say, and over it what the chart decides. */}}
{{- define "yagura.config" -}}
{{- $own := dict "listen" "0.0.0.0:7700" "data_dir" "/var/lib/yagura" "otlp" (dict "grpc" "0.0.0.0:4317" "http" "0.0.0.0:4318") }}
{{- if .Values.tls.ui }}
{{- $_ := set $own "tls" (dict "cert_file" "/etc/yagura/tls/ui/tls.crt" "key_file" "/etc/yagura/tls/ui/tls.key") }}
{{- end }}
{{- if .Values.tls.otlp }}
{{- $tls := dict "cert_file" "/etc/yagura/tls/otlp/tls.crt" "key_file" "/etc/yagura/tls/otlp/tls.key" }}
{{- if .Values.tls.clientCA }}{{ $_ := set $tls "client_ca_file" "/etc/yagura/tls/client-ca/ca.crt" }}{{ end }}
{{- $_ := set $own.otlp "tls" $tls }}
{{- else if .Values.tls.clientCA }}
{{- fail "tls.clientCA needs tls.otlp" }}
{{- end }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $own) }}
{{- end }}
