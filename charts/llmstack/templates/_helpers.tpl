{{- define "llmstack.labels" -}}
app.kubernetes.io/name: llmstack
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "llmstack.selector" -}}
app.kubernetes.io/name: llmstack
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}
{{- define "llmstack.image" -}}
{{ index .Values.images "operator" | default (printf "ghcr.io/llmstack/operator:%s" .Chart.AppVersion) }}
{{- end }}
